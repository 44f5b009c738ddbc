"""Cron expressions of maintenance windows: six fields, or seven with seconds in front.

https://docs.aws.amazon.com/systems-manager/latest/userguide/reference-cron-and-rate-expressions.html
AWS names the wildcards and gives examples. Where it says no more, they are read as Quartz reads them, whose syntax it
is: W is the nearest weekday within the month, a bare L in day-of-week is Saturday.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time

_MONTH_NAMES = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"
_MONTHS = {_MONTH_NAMES[3 * n : 3 * n + 3]: n + 1 for n in range(12)}
_DAYS = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}
_SATURDAY = 7
FIRST_YEAR, LAST_YEAR = 1970, 2199


class ScheduleError(ValueError):
    """A schedule that a maintenance window would not take, or whose meaning is not known here. One line."""


@dataclass(frozen=True)
class _Field:
    name: str
    low: int
    high: int
    names: dict[str, int]


_SECONDS = _Field("seconds", 0, 59, {})
_FIELDS = (
    _Field("minutes", 0, 59, {}),
    _Field("hours", 0, 23, {}),
    _Field("day-of-month", 1, 31, {}),
    _Field("month", 1, 12, _MONTHS),
    _Field("day-of-week", 1, 7, _DAYS),
    _Field("year", FIRST_YEAR, LAST_YEAR, {}),
)
_ITEM = re.compile(r"(?P<from>\*|[A-Z0-9]+)(?:-(?P<to>[A-Z0-9]+))?(?:/(?P<step>[0-9]+))?")


@dataclass(frozen=True)
class Cron:
    """A parsed cron expression. day_of_month and day_of_week are texts, one of them "?"."""

    times: tuple[time, ...]
    day_of_month: str
    months: frozenset[int]
    day_of_week: str
    years: frozenset[int]

    def days(self, year: int, month: int) -> Iterator[date]:
        """The days of a month on which it opens, in order."""
        if year not in self.years or month not in self.months:
            return
        last = calendar.monthrange(year, month)[1]
        chosen = (
            _days_of_month(self.day_of_month, year, month, last)
            if self.day_of_week == "?"
            else _days_of_week(self.day_of_week, year, month, last)
        )
        yield from (date(year, month, day) for day in sorted(chosen))


def parse(text: str) -> Cron:
    """The fields inside `cron(...)`.

    Raises:
        ScheduleError: a field is missing, out of range or not known.
    """
    fields = text.upper().split()
    if len(fields) not in (6, 7):
        raise ScheduleError(f"cron({text}) has {len(fields)} fields, a maintenance window takes 6, or 7 with seconds")
    seconds = _numbers(_SECONDS, fields.pop(0)) if len(fields) == 7 else frozenset({0})
    minutes, hours, month, year = (_numbers(_FIELDS[n], fields[n]) for n in (0, 1, 3, 5))
    if (fields[2] == "?") == (fields[4] == "?"):
        raise ScheduleError(f"cron({text}) needs ? in exactly one of day-of-month and day-of-week")
    if len(seconds) != 1:
        raise ScheduleError(f"cron({text}): a window cannot open several times a minute")
    times = tuple(time(h, m, s) for h in sorted(hours) for m in sorted(minutes) for s in seconds)
    found = Cron(times, fields[2], month, fields[4], year)
    # The fields of days are read month by month, so a mistake in one shows only there: read one now.
    if found.day_of_week == "?":
        _days_of_month(found.day_of_month, 2026, 1, 31)
    else:
        _days_of_week(found.day_of_week, 2026, 1, 31)
    return found


def _numbers(field: _Field, text: str) -> frozenset[int]:
    found: set[int] = set()
    for item in text.split(","):
        match = _ITEM.fullmatch(item)
        if match is None:
            raise ScheduleError(f"{field.name} {text!r} is not known here")
        start = field.low if match["from"] == "*" else _number(field, match["from"])
        end = start
        if match["to"] is not None:
            end = _number(field, match["to"])
        elif match["from"] == "*" or match["step"] is not None:
            end = field.high
        step = int(match["step"] or 1)
        if end < start or step < 1 or (match["from"] == "*" and match["to"]):
            raise ScheduleError(f"{field.name} {item!r} is no range that runs forwards")
        found.update(range(start, end + 1, step))
    return frozenset(found)


def _number(field: _Field, text: str) -> int:
    number = field.names.get(text, int(text) if text.isdigit() else -1)
    if not field.low <= number <= field.high:
        raise ScheduleError(f"{field.name} {text!r} is not between {field.low} and {field.high}")
    return number


def _days_of_month(text: str, year: int, month: int, last: int) -> set[int]:
    if text == "L":
        return {last}
    if text == "LW":
        return {_nearest_weekday(year, month, last, last)}
    near = re.fullmatch(r"([0-9]+)W", text)
    if near:
        day = _number(_FIELDS[2], near[1])
        return {_nearest_weekday(year, month, day, last)} if day <= last else set()
    return {day for day in _numbers(_FIELDS[2], text) if day <= last}


def _nearest_weekday(year: int, month: int, day: int, last: int) -> int:
    weekday = calendar.weekday(year, month, day)
    if weekday == calendar.SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == calendar.SUNDAY:
        return day + 1 if day < last else day - 2
    return day


def _days_of_week(text: str, year: int, month: int, last: int) -> set[int]:
    by_day: dict[int, list[int]] = {number: [] for number in _DAYS.values()}
    for day in range(1, last + 1):
        by_day[(calendar.weekday(year, month, day) + 1) % 7 + 1].append(day)
    if text == "L":
        return set(by_day[_SATURDAY])
    special = re.fullmatch(r"([A-Z]{3}|[0-9])(?:L|#([0-9]))", text)
    if special is None:
        return {day for number in _numbers(_FIELDS[4], text) for day in by_day[number]}
    days = by_day[_number(_FIELDS[4], special[1])]
    if special[2] is None:
        return {days[-1]}
    nth = int(special[2])
    if not 1 <= nth <= 5:
        raise ScheduleError(f"day-of-week {text!r}: a month has at most five of a day")
    return set(days[nth - 1 : nth])
