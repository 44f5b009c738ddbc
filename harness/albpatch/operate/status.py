"""How the last roll ended, who has an open record, and whether somebody has to act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from albpatch.leases import Contents, Pause, Record
from albpatch.operate.left import Left, look
from albpatch.operate.rolls import Roll, Rolls
from albpatch.operate.session import Session
from albpatch.operate.table import read

SCHEMA = "alb-patching/status/1"


@dataclass(frozen=True)
class Status:
    """What `albpatch status` shows. others: open records of other deployments that share the lease table.

    failed: instance -> its last failure, for which windows defer it until it is started by hand.
    """

    session: Session
    roll: Roll | None
    pause: Pause | None
    left: tuple[Left, ...]
    others: int
    failed: Mapping[str, str]

    @property
    def alarming(self) -> bool:
        """Whether somebody is out whom nobody works on, or the last roll needs a look."""
        lost = any(one.owner_over and not one.record.kept_out for one in self.left)
        return lost or (self.roll is not None and self.roll.outcome in ("halted", "incomplete"))


def status(session: Session) -> Status:
    """One look. Raises InputError, Failure, Unanswered."""
    session.belongs()
    contents, rolls = read(session), Rolls(session)
    source = rolls.latest()
    roll = None if source is None else rolls.read(source, contents)
    mine, ids = own(session, contents), members(session)
    failed = {name: why for name, why in sorted(contents.failed.items()) if name in ids}
    left = tuple(look(session, rolls.executions, record) for record in mine.values())
    return Status(session, roll, contents.pause, left, len(contents.records) - len(mine), failed)


def own(session: Session, contents: Contents) -> dict[str, Record]:
    """The records of this deployment: of its instances, or in one of its target groups. Raises Unanswered."""
    ids, groups = members(session) if contents.records else set(), set(session.groups)
    found = sorted(contents.records.items())
    return {name: r for name, r in found if name in ids or any(g.arn in groups for g in r.registrations)}


def members(session: Session) -> set[str]:
    """The instances of the deployment's fleets. Raises Unanswered."""
    fleets = session.deployment.fleets.values()
    return {i.id for fleet in fleets for i in session.account.machines.of(fleet)}


def as_json(found: Status) -> dict[str, Any]:
    """The same as JSON values."""
    deployment = found.session.deployment
    return {
        "schema": SCHEMA,
        "deployment": deployment.name,
        "account_id": deployment.account_id,
        "region": deployment.region,
        "taken": _moment(found.session.now()),
        "needs_somebody": found.alarming,
        "paused": None if found.pause is None else {"reason": found.pause.reason, "by": found.pause.by},
        "roll": None if found.roll is None else _roll(found.roll),
        "open_records": [_left(one) for one in found.left],
        "open_records_of_others": found.others,
        "failed_last_time": dict(found.failed),
    }


def _roll(roll: Roll) -> Mapping[str, Any]:
    turns = [
        {
            "instance": turn.instance,
            "fleet": turn.fleet,
            "outcome": turn.word,
            "why": turn.why,
            "execution": None if turn.execution is None else turn.execution.id,
        }
        for turn in roll.turns
    ]
    return {
        "id": roll.id,
        "kind": roll.kind,
        "started": _moment(roll.started),
        "outcome": roll.outcome,
        "halted": roll.halted or None,
        "counts": dict(sorted(roll.counts.items())),
        "turns": turns,
    }


def _left(one: Left) -> Mapping[str, Any]:
    record = one.record
    return {
        "instance": record.instance,
        "out": one.out,
        "rotation": one.rotation,
        "since": None if record.since is None else _moment(record.since),
        "state": record.state,
        "why": one.why,
        "owner": record.owner,
        "owner_status": None if one.owner is None else one.owner.status,
        "owner_over": one.owner_over,
        "kept_out": record.kept_out,
        "roll": record.roll,
        "safe_to_put_back": one.safe,
        "safe_because": one.reason,
        "repair_would": one.repair,
    }


def _moment(value: Any) -> str:
    return str(value.isoformat(timespec="seconds"))
