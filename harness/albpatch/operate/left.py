"""Who has an open record: since when, why, who owns it, whether it may be put back, and what repair would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from albpatch.leases import Record, Registration
from albpatch.live.checks.common import name_of
from albpatch.operate.executions import Execution, Executions
from albpatch.operate.session import Session

_PATCHES = "AWS-RunPatchBaseline"
_IN_FLIGHT = ("Pending", "InProgress", "Delayed", "Cancelling")
_NEVER_SENT = timedelta(minutes=10)  # after Commit without a trace of the command, as the restore runbook waits
_SEEN_BY_AGENT = ("Success", "Failed")
_MEANS = {
    "LEASED": "it holds its leases, nothing was touched yet",
    "DETACHING": "it is being deregistered",
    "DRAINED": "it is out, no command was sent",
    "INSTALLING": "a patch command may reboot it",
    "PATCHED": "its patch command is over",
    "RESTORING": "it is being registered again",
    "HEALING": "it is registered again, its health is watched",
}
_REPAIR = {
    "LEASED": "give record and leases back, no call of the load balancer",
    "HEALING": "register nothing, wait until it is healthy, close the record",
}


@dataclass(frozen=True)
class Left:
    """An open record and what is true of its instance now. rotation: where it stands in its target groups.

    safe: whether it can be put back now. reason: why it can, or cannot yet. repair: what the restore runbook would do.
    """

    record: Record
    owner: Execution | None
    rotation: str
    out: bool
    safe: bool
    reason: str
    repair: str

    @property
    def owner_over(self) -> bool:
        """Whether nobody works on it any more. What AWS has forgotten is over."""
        return self.record.abandoned or self.owner is None or not self.owner.under_way

    @property
    def owner_words(self) -> str:
        if self.owner is None:
            return f"{self.record.owner}, which AWS has forgotten"
        step = f", step {self.owner.step}" if self.owner.step else ""
        given_up = ", gave it up" if self.record.abandoned else ""
        return f"{self.owner.id} is {self.owner.status}{step}{given_up}"

    @property
    def why(self) -> str:
        """What its state means, and how its owner ended."""
        means = _MEANS.get(self.record.state, f"state {self.record.state} is not known to this albpatch")
        if self.record.kept_out:
            return f"kept out on purpose; {means}"
        if self.owner_over and self.owner is not None and not self.record.abandoned:
            return f"{means}; {self.record.failure or self.owner.why}"
        return means


def look(session: Session, executions: Executions, record: Record) -> Left:
    """An open record, compared with the account. Raises Unanswered."""
    owner = executions.get(record.owner)
    rotation, out = _rotation(session, record)
    found = Left(record, owner, rotation, out, False, "", "")
    reason = _why_not(session, record, found.owner_over)
    repair = "nothing: its execution is alive" if not found.owner_over else _repair(record)
    return Left(record, owner, rotation, out, not reason, reason or _why(record), repair)


def _rotation(session: Session, record: Record) -> tuple[str, bool]:
    """Where it stands, in words, and whether a recorded registration is missing."""
    parts, out = list[str](), False
    for registration in record.registrations:
        found = session.account.balancing.targets(registration.arn)
        own = {t.port: t.state for t in found or [] if t.id == record.instance}
        for target in registration.targets:
            state = "target group gone" if found is None else own.get(target.get("Port", 0), "not registered")
            out = out or state in ("not registered", "draining")
            parts.append(f"{place(registration, target)} {state}")
    return ", ".join(parts) or "registered nowhere", out


def place(registration: Registration, target: Mapping[str, Any]) -> str:
    """A registration as people call it: web:80."""
    return f"{name_of(registration.arn).removeprefix('target group ')}:{target.get('Port', '')}".rstrip(":")


def _repair(record: Record) -> str:
    return "put it back only when it is asked to by name" if record.kept_out else restoring(record)


def restoring(record: Record) -> str:
    """What the restore runbook does with a record of this state."""
    if record.state in _REPAIR:
        return _REPAIR[record.state]
    where = ", ".join(place(r, target) for r in record.registrations for target in r.targets)
    return f"wait until no command can reboot it, register what is missing of {where}, wait until it is healthy"


def _why(record: Record) -> str:
    if record.state == "LEASED":
        return "it never left"
    return "it is registered" if record.state == "HEALING" else "no patch command runs, and its agent answers"


def _why_not(session: Session, record: Record, owner_over: bool) -> str:
    """Why it must not be put back now, empty if it may. The restore runbook looks again before it does anything."""
    if not owner_over:
        return "its execution is alive"
    if record.state in ("LEASED", "HEALING"):
        return ""
    calls, name = session.account.calls, record.instance
    listed = calls.pages("ssm", "list_command_invocations", "CommandInvocations", InstanceId=name, Details=True)
    commands = [c for c in listed if c["DocumentName"].startswith(_PATCHES)]
    for command in commands:
        if command["Status"] in _IN_FLIGHT:
            return f"patch command {command['CommandId']} is {command['Status']} and may reboot it"
    own = [c for c in commands if c.get("Comment") == f"alb-patching Install {record.patched_by}"]
    if record.state == "INSTALLING":
        if not own and record.committed and session.now() < record.committed + _NEVER_SENT:
            return "its patch command may still be on the way"
        if own and not any(c["StatusDetails"] in _SEEN_BY_AGENT for c in own):
            return f"its patch command ended as {own[0]['StatusDetails']}: nobody saw it end on the host"
    # PATCHED and later were written by who had seen to the host already.
    return _agent(session, name, _last_end(own) if record.state == "INSTALLING" else None)


def _last_end(commands: list[Mapping[str, Any]]) -> datetime | None:
    ends = [p.get("ResponseFinishDateTime") for c in commands for p in c.get("CommandPlugins", ())]
    return max(filter(None, ends), default=None)


def _agent(session: Session, name: str, since: datetime | None) -> str:
    """Why the host may not be up, empty if it is."""
    state = next((i.state for i in session.account.machines.named([name])), "gone")
    if state != "running":
        return f"the instance is {state}"
    filters = [{"Key": "InstanceIds", "Values": [name]}]
    key = "InstanceInformationList"
    found = session.account.calls.pages("ssm", "describe_instance_information", key, Filters=filters)
    if not found or found[0]["PingStatus"] != "Online":
        return f"its agent is {found[0]['PingStatus'] if found else 'unknown to Systems Manager'}"
    if since is not None and found[0]["LastPingDateTime"] < since:
        return f"its agent has not answered since the patch command ended at {since:%H:%M:%S %Z}"
    return ""
