"""The lease table: who is out, which rolls were halted, and whether the table remembers it.

runbook/README.md says who writes which item. What is not understood of a record still leaves it an open record.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from albpatch.live.calls import Calls

_GONE = ("ResourceNotFoundException", "TableNotFoundException")


@dataclass(frozen=True)
class Record:
    """An open record: an instance that an execution works on or left. groups: the target groups that it belongs to.

    since: when its lease was taken, None if the record does not say. kept: somebody wants it to stay out.
    """

    instance: str
    owner: str
    state: str
    roll: str
    since: datetime | None
    groups: tuple[str, ...]
    kept: bool = False

    @property
    def words(self) -> str:
        when = "" if self.since is None else f" since {self.since:%Y-%m-%d %H:%M %Z}"
        return f"{self.instance} in state {self.state or 'unknown'}{when}, of execution {self.owner or 'unknown'}"


@dataclass(frozen=True)
class Contents:
    """What a table holds. halted: roll -> why. holders: target group -> instances that hold a lease of it."""

    records: tuple[Record, ...]
    halted: Mapping[str, str]
    holders: Mapping[str, tuple[str, ...]]
    paused: str = ""


class Leases:
    """The lease tables of the region."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def table(self, name: str) -> Mapping[str, Any] | None:
        """DescribeTable's members."""
        answer = self._calls.ask("dynamodb", "describe_table", _GONE, TableName=name)
        return None if answer is None else answer["Table"]

    def recoverable(self, name: str) -> bool:
        """Whether the table can be brought back to an earlier moment."""
        answer = self._calls.ask("dynamodb", "describe_continuous_backups", _GONE, TableName=name) or {}
        found = answer.get("ContinuousBackupsDescription", {}).get("PointInTimeRecoveryDescription", {})
        return bool(found.get("PointInTimeRecoveryStatus") == "ENABLED")

    def expires(self, name: str) -> bool:
        """Whether items are deleted when their time is over."""
        answer = self._calls.ask("dynamodb", "describe_time_to_live", _GONE, TableName=name) or {}
        return answer.get("TimeToLiveDescription", {}).get("TimeToLiveStatus") in ("ENABLED", "ENABLING")

    def contents(self, name: str) -> Contents:
        """Every item of a table that exists."""
        records, halted, holders, paused = list[Record](), dict[str, str](), dict[str, tuple[str, ...]](), ""
        for item in self._calls.pages("dynamodb", "scan", "Items", TableName=name, ConsistentRead=True):
            kind, _, what = str(item["Id"].get("S", "")).partition("#")
            if kind == "INSTANCE":
                records.append(_record(what, item))
            elif kind == "ROLL" and "Halted" in item:
                halted[what] = _text(item, "Halted")
            elif kind == "TG" and (names := item.get("Holders", {}).get("SS")):
                holders[what] = tuple(sorted(entry.split()[0] for entry in names))
            elif kind == "PAUSE":
                paused = _text(item, "Reason") or "no reason given"
        return Contents(tuple(sorted(records, key=lambda r: r.instance)), halted, holders, paused)


def _record(instance: str, item: Mapping[str, Any]) -> Record:
    try:
        groups = tuple(str(group["Arn"]) for group in json.loads(_text(item, "Record")) if group["Targets"])
    except (ValueError, KeyError, TypeError):
        groups = ()
    since, kept = _text(item, "Since"), item.get("KeptOut", {})
    return Record(
        instance,
        _text(item, "LeaseOwner"),
        _text(item, "LeaseState"),
        _text(item, "Roll"),
        datetime.fromtimestamp(int(since), UTC) if since.isdecimal() else None,
        groups,
        bool(kept.get("S") or kept.get("BOOL")) and kept.get("S") != "false",
    )


def _text(item: Mapping[str, Any], name: str) -> str:
    return str(item.get(name, {}).get("S", ""))
