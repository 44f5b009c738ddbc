"""Do all who take instances out of a target group count each other, and does the table remember who is out?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from albpatch.findings import Finding
from albpatch.plan import leases
from albpatch.plan.model import Call
from albpatch.plan.read import Mark, Resource
from albpatch.plan.rules import finding
from albpatch.plan.sides import Side, Subject

_KEY = "Id"


def check(subject: Subject) -> Iterator[Finding]:
    side = subject.after
    yield from _apart(side)
    yield from _contended(side)
    seen: set[str] = set()
    for call in side.calls.values():
        if leases.unknown(call):
            yield finding("not-shown", call.record_address, f"The lease table of {call.shown} is not shown.")
        found = leases.table(side.state, call)
        if found is not None and found.address not in seen:
            seen.add(found.address)
            yield from _table(found)


def _apart(side: Side) -> Iterator[Finding]:
    """Calls that serve in the same target group with different lease tables, or with one that takes no leases."""
    fleets = list(side.fleets())
    said: set[tuple[str, str]] = set()
    for (one, first, ours), (other, second, theirs) in combinations(fleets, 2):
        pair, common = (one.address, other.address), leases.in_common(ours, theirs)
        if one.address == other.address or pair in said or not common or leases.share_leases(one, other):
            continue
        if leases.unknown(one) or leases.unknown(other):
            continue  # said to be not shown
        if all(leases.has_no_leases(call) for call in (one, other)):
            continue  # what is wrong is that they meet, which is a finding about their windows
        said.add(pair)
        names = ", ".join(group.shown for group in common)
        tables = " and ".join(f"fleet {f.name} of {c.shown} {_uses(c)}" for c, f in ((one, first), (other, second)))
        yield finding("lease-tables-differ", other.record_address, f"{names}: {tables}.")


def _uses(call: Call) -> str:
    name = leases.table_name(call)
    return "takes no leases" if name is None else f"takes leases in {name}"


def _table(table: Resource) -> Iterator[Finding]:
    values = table.values
    name = values.get("name")
    if any(_enabled(block) for block in _blocks(values.get("ttl"))):
        yield finding("lease-table-expires", table.address, f"Items of table {name} expire.")
    recovery = values.get("point_in_time_recovery")
    if not isinstance(recovery, Mark) and not any(_enabled(block) for block in _blocks(recovery)):
        yield finding("lease-table-unprotected", table.address, f"Table {name} has no point-in-time recovery.")
    kinds = [a.get("type") for a in _blocks(values.get("attribute")) if a.get("name") == _KEY]
    wrong = values.get("hash_key") != _KEY or kinds not in ([], ["S"]) or bool(values.get("range_key"))
    if wrong and not isinstance(values.get("hash_key"), Mark):
        yield finding("lease-table-unfit", table.address, f"The key of table {name} is {_shown(values)}.")


def _blocks(value: object) -> list[dict[str, object]]:
    return [block for block in value if isinstance(block, dict)] if isinstance(value, list) else []


def _enabled(block: dict[str, object]) -> bool:
    return block.get("enabled") is True


def _shown(values: dict[str, object]) -> str:
    return " and ".join(str(values[key]) for key in ("hash_key", "range_key") if values.get(key)) or "not set"


def _contended(side: Side) -> Iterator[Finding]:
    """Fleets that start more instances at once than their target groups spare: who finds no lease is deferred."""
    for call, fleet, groups in side.fleets():
        if leases.table_name(call) is None or fleet.task is None:
            continue
        lanes, room = leases.lanes(fleet, side.state), leases.room(fleet, len(groups))
        if lanes is not None and room is not None and lanes > room:
            spares = "target group spares" if len(groups) == 1 else f"{len(groups)} target groups together spare"
            text = f"Fleet {fleet.name} is patched {lanes} at once, its {spares} {room}."
            yield finding("leases-contended", fleet.task.address, text)
