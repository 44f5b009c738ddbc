"""The ways through an Automation document: what follows what, what lies on every way, and what a step does to a host.

https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from albpatch.document.model import Combined, Condition, Document, Step

END = "(end)"
LOOK = "-await-quiet"  # ends the name of the module's Command document that looks for connections and changes nothing
_DISTURBS = re.compile(
    r"deregister_?(targets|instances_?from_?load_?balancer)|enter_?standby|detach_?instances|send_?command"
    r"|(reboot|stop|terminate)_?instances|invoke$",
    re.IGNORECASE,
)
_RESTORES = re.compile(
    r"(?<!de)register_?(targets|instances_?with_?load_?balancer)|exit_?standby|attach_?instances", re.IGNORECASE
)
_METHOD = re.compile(r"\.([a-z]\w+)\(")
_OPERATION = re.compile(r"[\"']Operation[\"']:\s*\[[\"'](\w+)[\"']\]")  # of AWS-RunPatchBaseline
_DISTURBING_ACTIONS = ("aws:changeInstanceState", "aws:invokeLambdaFunction", "aws:executeAutomation")


@dataclass(frozen=True)
class Edge:
    """One way on. label: the condition of a branch, "Default", "success" or "failure"."""

    target: str
    label: str


class Graph:
    """The routes of a document, those of a cancellation left out: it ends within two minutes.

    started: the documents whose text is known, by name. A step that starts one of them does what that one does.
    """

    def __init__(self, document: Document, started: Mapping[str, Document] | None = None) -> None:
        self._started = {name: Graph(found) for name, found in (started or {}).items()}
        self.steps = {step.name: step for step in document.steps}
        self._order = [step.name for step in document.steps]
        self.edges = {step.name: tuple(self._edges(step)) for step in document.steps}

    @property
    def start(self) -> str:
        return self._order[0] if self._order else END

    def _edges(self, step: Step) -> Iterable[Edge]:
        following = self._following(step)
        if step.choices or step.default_choice is not None:
            for choice in step.choices:
                yield Edge(self._known(choice.next_step), condition_text(choice.condition))
            yield Edge(self._known(step.default_choice) if step.default_choice else following, "Default")
        else:
            yield Edge(following, "success")
        if step.on_failure.startswith("step:"):  # isEnd or not
            yield Edge(self._known(step.on_failure.removeprefix("step:")), "failure")
        elif step.is_end or step.on_failure == "Abort":
            yield Edge(END, "failure")
        else:
            yield Edge(self._next(step), "failure")

    def _following(self, step: Step) -> str:
        if step.is_end:
            return END
        if step.next_step is not None:
            return self._known(step.next_step)
        return self._next(step)

    def _next(self, step: Step) -> str:
        """The step that stands next, which is also where onFailure Continue leads."""
        position = self._order.index(step.name) + 1
        return self._order[position] if position < len(self._order) else END

    def _known(self, name: str | None) -> str:
        return name if name in self.steps else END

    def reachable(self, start: str, without: str = "", successes_of: str = "") -> set[str]:
        """The steps on some way from `start`, itself included; `without` is left out, or just its successes."""
        found: set[str] = set()
        open_ends = [start]
        while open_ends:
            name = open_ends.pop()
            if name in found or name in (without, END):
                continue
            found.add(name)
            open_ends += [e.target for e in self.edges[name] if e.label == "failure" or name != successes_of]
        return found

    def ends_at(self, start: str, without: str) -> bool:
        """Whether a way from `start` ends the execution without passing `without`."""
        return any(e.target == END for name in self.reachable(start, without) for e in self.edges[name])

    @cached_property
    def disturbing(self) -> list[str]:
        """The steps that take an instance out or may reboot it, in the order of the document."""
        return [name for name in self._order if self._disturbs(self.steps[name])]

    @cached_property
    def restoring(self) -> set[str]:
        """The steps that put an instance back."""
        return {name for name, step in self.steps.items() if self._restores(step)}

    @property
    def acts(self) -> list[str]:
        """What the document is for: to take instances out and reboot them, or, if it does neither, to put them back."""
        return self.disturbing or [name for name in self._order if name in self.restoring]

    def child(self, step: Step) -> Graph | None:
        """The document that a step starts, if its text is known."""
        starts = step.action == "aws:executeAutomation"
        return self._started.get(str(step.inputs.get("DocumentName"))) if starts else None

    def _disturbs(self, step: Step) -> bool:
        child = self.child(step)
        return disturbs(step) if child is None else bool(child.disturbing)

    def _restores(self, step: Step) -> bool:
        child = self.child(step)
        return bool(_RESTORES.search(_calls(step)) if child is None else child.restoring)

    def guards_of(self, name: str) -> set[str]:
        """The steps that must have succeeded on every way to this one."""
        return self.guards_between(self.start, name)

    def guards_between(self, start: str, name: str) -> set[str]:
        """The steps that must have succeeded on every way from one step to another; empty where none leads there."""
        if start == END or name not in self.reachable(start):
            return set()
        return {g for g in self.steps if g != name and name not in self.reachable(start, successes_of=g)}

    def labels_to(self, branch: str, name: str) -> set[str]:
        """The outcomes of a branch from which a way leads to a step."""
        return {e.label for e in self.edges[branch] if e.label != "failure" and name in self.reachable(e.target)}

    def restores_after(self, name: str) -> bool:
        """Whether a way from this step leads to one that puts an instance back."""
        return bool(self.restoring & self.reachable(name))


def disturbs(step: Step) -> bool:
    """Whether a step takes an instance out of rotation or runs something on it that may reboot it."""
    if step.action == "aws:runCommand":
        given = step.inputs.get("Parameters") or {}
        looks = str(step.inputs.get("DocumentName")).endswith(LOOK) and given.get("Mode") in (["probe"], ["await"])
        return not looks and given.get("Operation") not in (["Scan"], "Scan")
    if step.action == "aws:invokeLambdaFunction" and '"to_remove":false' in _dense(step.inputs):
        return False
    disturbing = [call for call in _calls(step).split() if _DISTURBS.fullmatch(call)]
    if disturbing and set(disturbing) == {"send_command"}:
        return set(_OPERATION.findall(str(step.inputs.get("Script", "")))) != {"Scan"}
    return step.action in _DISTURBING_ACTIONS or bool(disturbing)


def _calls(step: Step) -> str:
    """The API calls that a step names, separated by blanks."""
    if step.action == "aws:executeAwsApi":
        return str(step.inputs.get("Api", ""))
    if step.action == "aws:executeScript":
        return " ".join(_METHOD.findall(str(step.inputs.get("Script", ""))))
    return ""


def _dense(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), default=str)


def condition_text(condition: Condition) -> str:
    """A condition in words."""
    if isinstance(condition, Combined):
        joined = f" {condition.kind.lower()} ".join(condition_text(part) for part in condition.parts)
        return f"not ({joined})" if condition.kind == "Not" else f"({joined})"
    return f"{condition.variable} {condition.operator} {condition.operand}"
