"""The lease table: open records, halted rolls, the pause. Key `Id`; runbook/README.md says who writes what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from albpatch.errors import Failure
from albpatch.operate.session import Session

PAUSE = "PAUSE"
_MISSING = ("ResourceNotFoundException",)
_SCALARS = ("S", "N", "BOOL")
_NO = ("", "false")


@dataclass(frozen=True)
class Registration:
    """Where an instance was registered: a target group and the structures that register it again."""

    arn: str
    targets: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Record:
    """An open record. owner: the execution that may act. patched_by: the one that took the lease. abandoned: its owner
    gave it up. kept_out: somebody wants the instance to stay out. failure: why the restore runbook left it open."""

    instance: str
    owner: str
    state: str
    roll: str
    since: datetime
    registrations: tuple[Registration, ...]
    patched_by: str
    committed: datetime | None
    abandoned: bool = False
    kept_out: bool = False
    failure: str = ""


@dataclass(frozen=True)
class Pause:
    """Nothing is taken out as long as it stands."""

    reason: str
    by: str
    since: datetime | None


@dataclass(frozen=True)
class Contents:
    """What the table says now. records: by instance. halted: roll -> why. failed: instance -> its last failure, for
    which every later window defers it."""

    records: Mapping[str, Record]
    halted: Mapping[str, str]
    pause: Pause | None
    failed: Mapping[str, str]


def read(session: Session) -> Contents:
    """Everything in the table, also of other deployments that share it. Raises Unanswered, Failure."""
    records, halted, failed, pause = dict[str, Record](), dict[str, str](), dict[str, str](), None
    for item in _items(session):
        kind, _, name = item["Id"].partition("#")
        if kind == "INSTANCE" and "LeaseOwner" in item:
            records[name] = _record(name, item)
        elif kind == "ROLL" and "Halted" in item:
            halted[name] = item["Halted"]
        elif kind == "FAILED" and "Failure" in item:
            failed[name] = item["Failure"]
        elif kind == PAUSE:
            pause = Pause(item.get("Reason", ""), item.get("PausedBy", ""), _moment(item.get("Since", "")))
    return Contents(records, halted, pause, failed)


def halt(session: Session, roll: str, why: str) -> None:
    """From here on nobody of this roll gets a lease or commits. What was written first stays. Raises Unanswered."""
    _update(session, f"ROLL#{roll}", "SET Halted = if_not_exists(Halted, :why)", {":why": why})


def pause(session: Session, reason: str, by: str) -> None:
    """From here on no roll takes anybody out. Raises Unanswered."""
    since = str(int(session.now().timestamp()))
    values = {":reason": reason, ":by": by, ":since": since}
    _update(session, PAUSE, "SET Reason = :reason, PausedBy = :by, Since = :since", values)


def unpause(session: Session) -> None:
    """Raises Unanswered."""
    session.ask("dynamodb", "delete_item", TableName=session.table, Key={"Id": {"S": PAUSE}})


def _update(session: Session, key: str, expression: str, values: Mapping[str, str]) -> None:
    session.ask(
        "dynamodb",
        "update_item",
        TableName=session.table,
        Key={"Id": {"S": key}},
        UpdateExpression=expression,
        ExpressionAttributeValues={name: {"S": value} for name, value in values.items()},
    )


def _items(session: Session) -> list[dict[str, str]]:
    """The items, every value as text; sets are left out (the holders of a target group)."""
    found, start = list[dict[str, str]](), dict[str, Any]()
    while True:
        page = session.ask("dynamodb", "scan", _MISSING, TableName=session.table, ConsistentRead=True, **start)
        if page is None:
            raise Failure(f"there is no lease table {session.table}: apply again, or give the record of the last apply")
        found += [_texts(item) for item in page["Items"]]
        if "LastEvaluatedKey" not in page:
            return found
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def _texts(item: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    given = {name: next(iter(value.items())) for name, value in item.items()}
    return {
        name: value if kind == "S" else str(value).lower() for name, (kind, value) in given.items() if kind in _SCALARS
    }


def _record(name: str, item: Mapping[str, str]) -> Record:
    try:
        groups = json.loads(item.get("Record", "[]"))
        registrations = tuple(Registration(g["Arn"], tuple(g["Targets"])) for g in groups if g["Targets"])
    except (ValueError, KeyError, TypeError):
        schema = item.get("RecordSchema", "unknown")
        raise Failure(f"the record of {name} (schema {schema}) cannot be read by this albpatch") from None
    return Record(
        name,
        item["LeaseOwner"],
        item.get("LeaseState", ""),
        item.get("Roll", ""),
        _moment(item.get("Since", "")) or datetime.fromtimestamp(0, UTC),
        registrations,
        item.get("PatchedBy", item["LeaseOwner"]),
        _moment(item.get("CommittedAt", "")),
        item.get("Abandoned", "") not in _NO,
        item.get("KeptOut", "") not in _NO,
        item.get("Failure", ""),
    )


def _moment(text: str) -> datetime | None:
    """Seconds since the epoch as the scripts write them."""
    return datetime.fromtimestamp(int(text), UTC) if text.isdigit() and int(text) else None
