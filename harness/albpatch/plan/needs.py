"""What the steps of a runbook must be allowed: which action, on which resource, with what in the request.

The table iam/calls.yaml says what a call needs; the document, and what is known of the call of the module, say on what.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from albpatch.document.model import Document, Step
from albpatch.iam import calls
from albpatch.iam.calls import Place, Row, UnknownCall
from albpatch.lint.script import script
from albpatch.plan.requests import given

_API_ACTIONS = ("aws:executeAwsApi", "aws:assertAwsResourceProperty", "aws:waitForAwsResourceProperty")
_INDIRECT = ("aws:createStack", "aws:executeStateMachine")
SOME_INSTANCE = "i-00000000000000000"
_SOME_EXECUTION = "00000000-0000-0000-0000-000000000000"
_START = ("ssm", "StartAutomationExecution")
_TO_SYSTEMS_MANAGER = (("iam:PassedToService", ("ssm.amazonaws.com",)),)


@dataclass(frozen=True)
class Machine:
    """An instance that the steps are for. id: made up where only the account knows it. tags: None if unknown."""

    id: str
    tags: tuple[tuple[str, str], ...] | None = None

    @property
    def words(self) -> str:
        if self.tags:
            return f"an instance with {' and '.join(f'tag {key} = {value}' for key, value in self.tags)}"
        return "an instance of the fleet" if self.id == SOME_INSTANCE else self.id


@dataclass(frozen=True)
class Facts:
    """What the steps of a call act on. Empty means: not known, so that any resource would do.

    documents: the runbooks of the call by name.
    """

    place: Place | None = None
    target_groups: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    machines: tuple[Machine, ...] = ()
    documents: Mapping[str, Document] = field(default_factory=dict)
    restore: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """One action that a step needs. resource: None where it is not known on what. shown: what a reader calls it."""

    action: str
    resource: str | None
    context: tuple[tuple[str, tuple[str, ...]], ...] = ()
    step: str = field(default="", compare=False)
    shown: str = field(default="", compare=False)

    @property
    def words(self) -> str:
        on = self.shown or self.resource
        return self.action if on in (None, "*") else f"{self.action} on {on}"


@dataclass(frozen=True)
class Needs:
    """What the steps of a document need. unknown: calls whose actions are not known here."""

    wanted: tuple[Wanted, ...]
    unknown: tuple[str, ...] = ()

    @property
    def actions(self) -> frozenset[str]:
        return frozenset(one.action for one in self.wanted)


def needs_of(document: Document, facts: Facts | None = None) -> Needs:
    """What the steps and scripts of a document need, each once."""
    found: dict[Wanted, None] = {}
    unknown: list[str] = []
    for step in document.all_steps():
        made, not_told = _made(step)
        unknown += [f"{step.name}: {what}" for what in not_told]
        if step.action == "aws:executeAutomation":
            child = (facts or Facts()).documents.get(str(step.inputs.get("DocumentName")))
            if child is None:
                unknown.append(f"{step.name}: what {step.action} does in turn")
            elif not child.assume_role:  # it acts as the role of whoever starts it
                inner = needs_of(child, facts)
                found |= dict.fromkeys(inner.wanted)
                unknown += inner.unknown
        for service, operation in made:
            try:
                found |= dict.fromkeys(_wanted(step, service, operation, facts or Facts()))
            except UnknownCall as error:
                unknown.append(f"{step.name}: {error.what}")
    return Needs(tuple(found), tuple(dict.fromkeys(unknown)))


def _made(step: Step) -> tuple[list[tuple[str, str]], list[str]]:
    """The calls of a step, and what could not be told."""
    made = [(name.partition(":")[0], name.partition(":")[2]) for name in calls.operations_of_step(step.action)]
    if step.action == "aws:executeScript":
        return _of_script(str(step.inputs.get("Script", "")))
    if step.action in _API_ACTIONS:
        made.append((str(step.inputs.get("Service")), str(step.inputs.get("Api"))))
    return made, [f"what {step.action} does in turn"] if step.action in _INDIRECT else []


def _of_script(text: str) -> tuple[list[tuple[str, str]], list[str]]:
    read = script(text)
    if read.error is not None:
        return [], ["a script that is no Python"]
    unknown = [one.text for one in read.not_told] + [one.text for one in read.problems]
    return sorted({(call.service, call.operation) for call in read.calls}), unknown


def _wanted(step: Step, service: str, operation: str, facts: Facts) -> Iterator[Wanted]:
    request = _Request(step, facts)
    for row in calls.rows(service, operation):
        if not row.optional or request.names_all(row.members):
            yield from _of(row, request, step, facts)
    if (service, operation) == _START:
        yield from _passes(request, step, facts)


class _Request:
    """What a step's requests contain."""

    def __init__(self, step: Step, facts: Facts) -> None:
        self._script = given(str(step.inputs.get("Script", ""))) if step.action == "aws:executeScript" else None
        payload = step.inputs.get("InputPayload")
        self._payload: Mapping[str, Any] = payload if isinstance(payload, Mapping) else {}
        self._inputs, self._facts = step.inputs, facts

    def names_all(self, members: Iterable[str]) -> bool:
        names = self._inputs if self._script is None else self._script.names
        return all(member in names for member in members)

    def values(self, member: str) -> list[str]:
        """What the step passes as a member of a request, as far as it is written out."""
        if self._script is not None:
            return self._script.of(member, self._payload)
        value = self._inputs.get(member)
        listed = value if isinstance(value, list) else [value]
        return [one for one in listed if isinstance(one, str) and one and "{{" not in one]


def _of(row: Row, request: _Request, step: Step, facts: Facts) -> Iterator[Wanted]:
    """A row of the table, once for each resource and for each machine that it may be about."""
    context = dict(row.constants)
    for key, member in row.context:
        if values := request.values(member):
            context[key] = tuple(values)
    if row.kind is None:
        yield Wanted(row.action, "*", tuple(sorted(context.items())), step.name)
        return
    if row.kind == "instance":
        for machine in facts.machines if facts.place else ():
            tags = {f"{prefix}/{key}": (value,) for key, value in machine.tags or () for prefix in row.tag_prefixes}
            arn = row.arn(machine.id, _place(facts))
            yield Wanted(row.action, arn, tuple(sorted({**context, **tags}.items())), step.name, machine.words)
        if not facts.machines or facts.place is None:
            yield Wanted(row.action, None, tuple(sorted(context.items())), step.name)
        return
    names = _names(row, request, facts)
    for name in names if facts.place else ():
        yield Wanted(row.action, row.arn(name, _place(facts)), tuple(sorted(context.items())), step.name)
    if not names or facts.place is None:
        yield Wanted(row.action, None, tuple(sorted(context.items())), step.name)


def _place(facts: Facts) -> Place:
    assert facts.place is not None
    return facts.place


def _names(row: Row, request: _Request, facts: Facts) -> list[str]:
    """The resources that a row is about: those that the document names, or else those of the call."""
    member = row.members[-1] if row.members else ""
    if member == "TargetGroupArn":
        return list(facts.target_groups)
    if row.kind == "automation-execution":
        return [row.default or _SOME_EXECUTION]
    found = request.values(member) if member else []
    if found:
        return found
    if row.kind == "table":
        return list(facts.tables)
    if row.kind == "document" and row.action == "ssm:StartAutomationExecution":
        return list(facts.restore)
    return [row.default] if row.default else []


def _passes(request: _Request, step: Step, facts: Facts) -> Iterator[Wanted]:
    """The role that the started document assumes is handed over."""
    for name in request.values("DocumentName") or list(facts.restore):
        started = facts.documents.get(name)
        if started is not None and started.assume_role and "{{" not in started.assume_role:
            yield Wanted("iam:PassRole", started.assume_role, _TO_SYSTEMS_MANAGER, step.name)
        else:
            yield Wanted("iam:PassRole", None, _TO_SYSTEMS_MANAGER, step.name)
