"""Both sides of a plan with the calls on them, and the schedule of a call: what every check looks at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from albpatch.plan.groups import Group, Groups
from albpatch.plan.model import Call, Fleet, calls, number
from albpatch.plan.read import Plan, State
from albpatch.plan.under_way import UnderWay
from albpatch.schedule.openings import Schedule


@dataclass(frozen=True)
class Side:
    """One side of a plan."""

    state: State
    calls: dict[str, Call]
    groups: Groups

    def fleets(self) -> Iterator[tuple[Call, Fleet, list[Group]]]:
        """Every fleet with its call and its target groups."""
        for call in self.calls.values():
            for fleet in call.fleets:
                yield call, fleet, self.groups.of(call, fleet)


class Subject:
    """What is reviewed. before: the plan's own, or what another plan leads to. now: aware.

    under_way: by module address, what goes on in the account; None if nobody asked it.
    """

    def __init__(
        self,
        plan: Plan,
        base: Plan | None = None,
        now: datetime | None = None,
        under_way: Mapping[str, UnderWay] | None = None,
    ) -> None:
        self.plan, self.under_way = plan, under_way
        self.now = now or datetime.now(UTC)
        self._base = base

    @cached_property
    def before(self) -> Side:
        plan = self._base or self.plan
        state = plan.after if self._base else plan.before
        return Side(state, calls(state), Groups(plan, state))

    @cached_property
    def after(self) -> Side:
        return Side(self.plan.after, calls(self.plan.after), Groups(self.plan, self.plan.after))

    @property
    def pairs(self) -> list[tuple[Call | None, Call | None]]:
        """(before, after) of every call, None where it is not there."""
        addresses = dict.fromkeys([*self.after.calls, *self.before.calls])
        return [(self.before.calls.get(a), self.after.calls.get(a)) for a in addresses]

    def existed(self, call: Call) -> bool:
        """Whether the account has the call already, whatever it is compared with."""
        return call.record_address in self.plan.before.resources


def schedule(call: Call) -> Schedule | None:
    """The window's schedule, None where a part of it is not shown by the plan."""
    expression, timezone, hours, offset, start, end = (
        call.get("window", name)
        for name in ("expression", "timezone", "duration_hours", "offset_days", "start_date", "end_date")
    )
    length, days = number(hours), number(offset)
    texts = isinstance(expression, str) and isinstance(timezone, str)
    dates = all(date is None or isinstance(date, str) for date in (start, end))
    if not texts or not dates or length is None or (days is None and offset is not None):
        return None
    return Schedule(expression, timezone, length, days, start, end)


def made_now(subject: Subject, call: Call) -> bool:
    """Whether this apply makes the window or changes its schedule."""
    window = call.one("aws_ssm_maintenance_window")
    before = subject.plan.before.resources.get(window.address) if window else None
    if window is None or before is None:
        return True
    names = ("schedule", "schedule_timezone", "schedule_offset", "start_date")
    return any(before.values.get(name) != window.values.get(name) for name in names)
