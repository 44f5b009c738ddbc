"""Executions of the runbooks as an operator sees them: who runs for which instance, where it is, what it said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from albpatch.live.automation import UNDER_WAY
from albpatch.live.windows import Invocation
from albpatch.operate.session import Session

_GONE = ("AutomationExecutionNotFoundException",)


@dataclass(frozen=True)
class Execution:
    """One execution. instances: the one that it is for, or all that a rate control chose. step: where it is now.

    outputs: those that have a value, the first one of each. parent: the execution that started it.
    """

    id: str
    document: str
    status: str
    started: datetime
    ended: datetime | None
    step: str
    message: str
    outputs: Mapping[str, str]
    parent: str
    rate_control: bool
    instances: tuple[str, ...]
    roll: str = ""

    @property
    def under_way(self) -> bool:
        return self.status in UNDER_WAY

    def said(self, name: str) -> str:
        """An output under this name, of whichever step reports; empty if it said nothing."""
        return next((value for key, value in self.outputs.items() if key.endswith(f".{name}")), "")

    @property
    def why(self) -> str:
        """How it ended, in its own words."""
        told = ": ".join(filter(None, (self.said("Code"), self.said("Sentence"))))
        return told or self.message or f"it ended as {self.status}"


@dataclass
class Executions:
    """Executions that were seen. What is over is not asked for again: AWS answers three such questions a second."""

    session: Session
    seen: dict[str, Execution | None] = field(default_factory=dict)

    def get(self, execution_id: str) -> Execution | None:
        """An execution as it is now; None if AWS has forgotten it (it keeps them for 30 days). Raises Unanswered."""
        found = self.seen.get(execution_id)
        if execution_id not in self.seen or (found is not None and found.under_way):
            answer = self.session.ask("ssm", "get_automation_execution", _GONE, AutomationExecutionId=execution_id)
            self.seen[execution_id] = None if answer is None else self._own(answer["AutomationExecution"])
        return self.seen[execution_id]

    def _own(self, answer: Mapping[str, Any]) -> Execution:
        """The restore runbook may be started with the execution that left an instance behind, instead of its name."""
        made, left = execution(answer), answer.get("Parameters", {}).get("ExecutionId", [""])[0]
        if made.instances or not left or left == made.id or (other := self.get(left)) is None:
            return made
        return replace(made, instances=other.instances[:1])

    def of_runbook(self) -> list[Execution]:
        """The executions of the patching runbook in the last 30 days that no other one started, the newest first.

        Without their parameters: the roll is not known, and an instance only where AWS lists it.
        """
        name = self.session.deployment.document.name
        found = [e for e in self._listed("DocumentNamePrefix", name) if e.document == name and not e.parent]
        return sorted(found, key=lambda e: e.started, reverse=True)

    def of_opening(self, opening: str, invocations: Sequence[Invocation]) -> list[Execution]:
        """The executions of the patching runbook that an opening of the window has started, not those that it sweeps
        with. Raises Unanswered.

        What is over is taken out of the list of all, which costs a call for 50 of them instead of one for each.
        """
        started = {i.execution: i.instance for i in invocations if i.execution}
        over = {} if started.keys() <= self.seen.keys() else {e.id: e for e in self.of_runbook() if not e.under_way}
        for name, instance in started.items():
            if name not in self.seen and name in over and instance:
                self.seen[name] = replace(over[name], instances=(instance,), roll=opening)
        name = self.session.deployment.document.name
        return [found for found in map(self.get, started) if found is not None and found.document == name]

    def children(self, parent: str) -> list[Execution]:
        """What a rate control has started, in the order of the start. Raises Unanswered."""
        found = self._listed("ParentExecutionId", parent)
        return sorted((self._with_instance(e) for e in found), key=lambda e: e.started)

    def steps_of_children(self) -> dict[str, str]:
        """Where the executions are that others wait for, by the one that waits. Raises Unanswered."""
        deployment = self.session.deployment
        names = filter(None, (deployment.assess_document, self.session.restore.document))
        listed = [e for name in names for e in self._listed("DocumentNamePrefix", name, ExecutionStatus="InProgress")]
        return {e.parent: e.step for e in listed if e.parent and e.step}

    def _with_instance(self, found: Execution) -> Execution:
        if found.instances or (known := self.get(found.id)) is None:
            return found
        return replace(found, instances=known.instances)

    def _listed(self, key: str, value: str, **more: str) -> list[Execution]:
        filters = [{"Key": name, "Values": [wanted]} for name, wanted in {key: value, **more}.items()]
        members = "AutomationExecutionMetadataList"
        calls = self.session.account.calls
        return [execution(e) for e in calls.pages("ssm", "describe_automation_executions", members, Filters=filters)]


def execution(found: Mapping[str, Any]) -> Execution:
    """Out of an answer of GetAutomationExecution or DescribeAutomationExecutions."""
    given: Mapping[str, list[str]] = found.get("Parameters", {})
    outputs = {name: values[0] for name, values in found.get("Outputs", {}).items() if _has_value(values)}
    return Execution(
        found["AutomationExecutionId"],
        found["DocumentName"],
        found["AutomationExecutionStatus"],
        found["ExecutionStartTime"],
        found.get("ExecutionEndTime"),
        found.get("CurrentStepName", ""),
        " ".join(found.get("FailureMessage", "").split()),
        outputs,
        found.get("ParentAutomationExecutionId", ""),
        bool(found.get("Targets")),
        _instances(found, given),
        next(iter(given.get("WindowExecutionId", ())), ""),
    )


def _instances(found: Mapping[str, Any], given: Mapping[str, list[str]]) -> tuple[str, ...]:
    """A rate control's are in its targets, a child's is its target, and everybody's own is a parameter."""
    if found.get("Targets"):
        resolved = found.get("ResolvedTargets", {})
        return () if resolved.get("Truncated") else tuple(resolved.get("ParameterValues", ()))
    named = [*given.get("InstanceId", ()), found.get("Target", "")]
    return tuple(name for name in dict.fromkeys(named) if name.startswith("i-"))


def _has_value(values: list[str]) -> bool:
    """An output of a step that did not run is a placeholder, or the reference as it stands."""
    return bool(values) and "{{" not in values[0] and not values[0].startswith("No output available")
