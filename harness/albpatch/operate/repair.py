"""Putting back what was left out: starts the restore runbook, one execution for each instance. It decides, not this."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from albpatch.errors import Failure, InputError
from albpatch.live.calls import Unanswered
from albpatch.operate.executions import Executions
from albpatch.operate.left import Left, look, restoring
from albpatch.operate.session import Session, words
from albpatch.operate.status import own
from albpatch.operate.table import read

Action = Literal["restore", "keep-out", "forget"]
_PARAMETER = "Action"
_DOES = {
    "keep-out": "keep it out until somebody asks for its repair by name; no call of the load balancer",
    "forget": "delete record and leases; no call of the load balancer, where it stands it stays",
}


@dataclass(frozen=True)
class Choice:
    """An instance and what is to be done with it. why_not: why nothing is; empty if something is."""

    instance: str
    left: Left | None
    does: str
    why_not: str


@dataclass(frozen=True)
class Repair:
    """What a repair would do. action: as the restore runbook names it."""

    action: Action
    choices: tuple[Choice, ...]

    @property
    def doable(self) -> list[Choice]:
        return [choice for choice in self.choices if not choice.why_not]

    @property
    def refused(self) -> list[Choice]:
        """Who was meant, has a record, and cannot be repaired now."""
        return [choice for choice in self.choices if choice.why_not and choice.left is not None]


def plan(session: Session, instances: Sequence[str], action: Action) -> Repair:
    """What a repair would do; nothing is written. No instance named: all of the deployment with an open record.

    Raises InputError, Failure, Unanswered.
    """
    session.belongs()
    if action != "restore" and _PARAMETER not in _parameters(session):
        raise InputError(f"{session.restore.document} knows no {_PARAMETER}: apply a newer version of the module first")
    contents = read(session)
    mine = own(session, contents)
    if others := sorted(set(instances) & set(contents.records) - set(mine)):
        raise InputError(f"{', '.join(others)}: the record belongs to another deployment that uses {session.table}")
    executions = Executions(session)
    found = {name: look(session, executions, record) for name, record in mine.items() if name in (instances or mine)}
    chosen = dict.fromkeys(instances or found)
    return Repair(action, tuple(_choice(name, found.get(name), action, bool(instances)) for name in chosen))


def begin(session: Session, repair: Repair) -> dict[str, str]:
    """Start it: instance -> execution. Raises Failure, which names what was started before AWS refused the next one."""
    begun = dict[str, str]()
    for choice in repair.doable:
        try:
            begun[choice.instance] = _begin(session, choice.instance, repair.action)
        except Unanswered as error:
            done = ", ".join(f"{name} as {i}" for name, i in begun.items()) or "nothing"
            raise Failure(f"{choice.instance}: {words(error)}; started before: {done}") from None
    return begun


def _begin(session: Session, instance: str, action: Action) -> str:
    parameters = {"InstanceId": [instance]}
    if action != "restore":
        parameters[_PARAMETER] = [action]
    answer = session.ask(
        "ssm",
        "start_automation_execution",
        DocumentName=session.restore.document,
        Parameters=parameters,
        ClientToken=str(uuid.uuid4()),
    )
    return str(answer["AutomationExecutionId"])


def _parameters(session: Session) -> set[str]:
    """What the restore runbook of this account can be told."""
    document = session.ask("ssm", "describe_document", ("InvalidDocument",), Name=session.restore.document)
    if document is None:
        raise Failure(f"there is no restore runbook {session.restore.document}: apply again")
    return {parameter["Name"] for parameter in document["Document"].get("Parameters", ())}


def _choice(name: str, left: Left | None, action: Action, by_name: bool) -> Choice:
    if left is None:
        return Choice(name, None, "", "it has no open record")
    if not left.owner_over:
        return Choice(name, left, "", f"its execution is alive: {left.owner_words}")
    if action == "restore" and left.record.kept_out and not by_name:
        return Choice(name, left, "", "it is kept out on purpose: name it to put it back")
    return Choice(name, left, _DOES.get(action, restoring(left.record)), "")
