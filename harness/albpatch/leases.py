"""What the items of a lease table say: who is out, which rolls are halted, who holds leases, the pause.

runbook/README.md says who writes which item. What is not understood of a record still leaves it an open record.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

PAUSE = "PAUSE"
_SCALARS = ("S", "N", "BOOL")
_NO = ("", "false")

Item = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Registration:
    """Where an instance was registered: a target group and the structures that register it again."""

    arn: str
    targets: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Record:
    """An open record: an instance that an execution works on or left.

    owner: the execution that may act. patched_by: the one that took the lease. since: when, None if the record does not
    say. abandoned: its owner gave it up. kept_out: somebody wants the instance to stay out. failure: why the restore
    runbook left it open. schema: of a record that cannot be read in full; None for one that can.
    """

    instance: str
    owner: str
    state: str
    roll: str
    since: datetime | None
    registrations: tuple[Registration, ...]
    patched_by: str
    committed: datetime | None
    abandoned: bool = False
    kept_out: bool = False
    failure: str = ""
    schema: str | None = None

    @property
    def groups(self) -> tuple[str, ...]:
        """The target groups that the instance belongs to."""
        return tuple(registration.arn for registration in self.registrations)

    @property
    def words(self) -> str:
        when = "" if self.since is None else f" since {self.since:%Y-%m-%d %H:%M %Z}"
        return f"{self.instance} in state {self.state or 'unknown'}{when}, of execution {self.owner or 'unknown'}"


@dataclass(frozen=True)
class Pause:
    """Nothing is taken out as long as it stands."""

    reason: str
    by: str
    since: datetime | None


@dataclass(frozen=True)
class Contents:
    """What a table says now. records: by instance. halted: roll -> why. failed: instance -> its last failure, for which
    every later window defers it. holders: target group -> instances that hold a lease of it."""

    records: Mapping[str, Record]
    halted: Mapping[str, str]
    pause: Pause | None
    failed: Mapping[str, str]
    holders: Mapping[str, tuple[str, ...]]


def read(items: Iterable[Item]) -> Contents:
    """What these items of a scan say, of all deployments that share the table."""
    records, halted, failed = dict[str, Record](), dict[str, str](), dict[str, str]()
    holders, pause = dict[str, tuple[str, ...]](), None
    for given in items:
        item = _texts(given)
        kind, _, name = item.get("Id", "").partition("#")
        if kind == "INSTANCE":
            records[name] = _record(name, item)
        elif kind == "ROLL" and "Halted" in item:
            halted[name] = item["Halted"]
        elif kind == "FAILED" and "Failure" in item:
            failed[name] = item["Failure"]
        elif kind == "TG" and (held := given.get("Holders", {}).get("SS")):
            holders[name] = tuple(sorted(entry.split()[0] for entry in held))
        elif kind == PAUSE:
            pause = Pause(item.get("Reason", ""), item.get("PausedBy", ""), _moment(item.get("Since", "")))
    return Contents(dict(sorted(records.items())), halted, pause, failed, holders)


def _texts(item: Item) -> dict[str, str]:
    """Every value as text; sets are left out."""
    given = {name: next(iter(value.items())) for name, value in item.items()}
    return {
        name: str(value) if kind == "S" else str(value).lower()
        for name, (kind, value) in given.items()
        if kind in _SCALARS
    }


def _record(name: str, item: Mapping[str, str]) -> Record:
    registrations, owner = tuple[Registration, ...](), item.get("LeaseOwner", "")
    readable = bool(owner)
    try:
        groups = json.loads(item.get("Record", "[]"))
        registrations = tuple(Registration(str(g["Arn"]), tuple(g["Targets"])) for g in groups if g["Targets"])
    except (ValueError, KeyError, TypeError):
        readable = False
    return Record(
        name,
        owner,
        item.get("LeaseState", ""),
        item.get("Roll", ""),
        _moment(item.get("Since", "")),
        registrations,
        item.get("PatchedBy", owner),
        _moment(item.get("CommittedAt", "")),
        item.get("Abandoned", "") not in _NO,
        item.get("KeptOut", "") not in _NO,
        item.get("Failure", ""),
        None if readable else item.get("RecordSchema", "unknown"),
    )


def _moment(text: str) -> datetime | None:
    """Seconds since the epoch as the scripts write them."""
    return datetime.fromtimestamp(int(text), UTC) if text.isdecimal() and int(text) else None
