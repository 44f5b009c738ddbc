"""What a reader sees first of a night with many machines: the worst of them and the groups that took longest."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from dataclasses import dataclass

from albpatch.report.model import Group, Machine, Night

MANY, MACHINES_SHOWN, GROUPS_SHOWN, GROUPS_DRAWN = 40, 12, 10, 6
WELL = ("patched", "compliant", "skipped", "deferred", "not touched", "success")


@dataclass(frozen=True)
class GroupRow:
    """A target group with what happened to its machines. `done` is when the last one was back, in seconds."""

    group: Group
    machines: int
    patched: int
    worst_out: float
    done: float | None


def is_large(night: Night) -> bool:
    """Whether a night has more machines than a page shows at once."""
    return len(night.machines) > MANY


def worst(night: Night) -> Night:
    """The night with its worst machines only, and the groups to look at: lost, not back, not well, longest out."""
    rows = {row.group.name: row for row in longest(night)}
    groups = sorted(night.groups, key=lambda g: (-g.lost, g.lowest - g.floor, -(rows[g.name].done or 0.0)))
    return dataclasses.replace(
        night,
        machines=tuple(sorted(night.machines, key=_badness)[:MACHINES_SHOWN]),
        groups=tuple(groups[:GROUPS_DRAWN]),
    )


def longest(night: Night) -> list[GroupRow]:
    """All target groups, the one whose machines were back last first; those whose machines stayed out before it."""
    members: dict[str, list[Machine]] = defaultdict(list)
    for machine in night.machines:
        for name in machine.groups:
            members[name].append(machine)
    found = [_row(group, members[group.name]) for group in night.groups]
    return sorted(found, key=lambda row: (row.done is not None, -(row.done or 0.0)))


def _row(group: Group, machines: list[Machine]) -> GroupRow:
    away = [m for m in machines if m.out_from is not None]
    back = [m.out_to for m in away if m.out_to is not None]
    return GroupRow(
        group,
        machines=len(machines),
        patched=sum(m.patched is not None for m in machines),
        worst_out=max((m.out_seconds for m in away), default=0.0),
        done=None if len(back) < len(away) else max(back, default=0.0),
    )


def _badness(machine: Machine) -> tuple[bool, bool, float, float]:
    stays = machine.out_from is not None and machine.out_to is None
    return not stays, machine.outcome in WELL, -machine.lost, -machine.out_seconds
