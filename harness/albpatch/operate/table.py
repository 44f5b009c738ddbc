"""The lease table as an operator reads and writes it. Key `Id`; runbook/README.md says who writes what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from albpatch import leases
from albpatch.errors import Failure
from albpatch.leases import PAUSE, Contents
from albpatch.operate.session import Session

_MISSING = ("ResourceNotFoundException",)


def read(session: Session) -> Contents:
    """Everything in the table, also of other deployments that share it. Raises Unanswered, Failure."""
    found = leases.read(_items(session))
    for name, record in found.records.items():
        if record.schema is not None:
            raise Failure(f"the record of {name} (schema {record.schema}) cannot be read by this albpatch")
    return found


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


def _items(session: Session) -> Iterator[leases.Item]:
    start = dict[str, Any]()
    while True:
        page = session.ask("dynamodb", "scan", _MISSING, TableName=session.table, ConsistentRead=True, **start)
        if page is None:
            raise Failure(f"there is no lease table {session.table}: apply again, or give the record of the last apply")
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
