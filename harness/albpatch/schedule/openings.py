"""The next openings of a maintenance window in its local time, daylight saving included.

https://docs.aws.amazon.com/systems-manager/latest/userguide/maintenance-windows-schedule-options.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from albpatch.schedule.cron import FIRST_YEAR, LAST_YEAR, Cron, ScheduleError, parse

_EXPRESSION = re.compile(r"(cron|rate|at)\(([^()]+)\)")
_RATE = re.compile(r"([1-9][0-9]*) (minute|hour|day)s?")
_FASTEST = timedelta(minutes=5)
_LONGEST_OFFSET = 6
_LONGEST_HOURS = 24
_DIGITS = 6  # of a rate
_CENTURIES = 100_000  # days, after which no window opens again that anybody will see


class NotKnownYet(Exception):
    """The openings hang on something that nobody knows before the window exists. One sentence."""


@dataclass(frozen=True)
class Schedule:
    """A window's schedule as it was written. Hours and days as AWS takes them; dates as RFC 3339."""

    expression: str
    timezone: str = "UTC"
    duration_hours: int = 4
    offset_days: int | None = None
    start_date: str | None = None
    end_date: str | None = None


@dataclass(frozen=True)
class Opening:
    """One opening. start: aware, in the window's time zone. doubt: why AWS may do otherwise, empty if it will not."""

    start: datetime
    end: datetime
    doubt: str = ""


def openings(schedule: Schedule, after: datetime, made: datetime | None = None) -> Iterator[Opening]:
    """The openings later than `after`, which must be aware, in order.

    Args:
        made: when the window is made or its schedule changed, if it is still to come: a cron day before it counts no
            more, even where the offset lies behind it. A rate without a later start date is counted from it.

    Raises:
        ScheduleError: at once, for an expression, zone or date that is wrong or not known here.
        NotKnownYet: at once, for a rate whose beginning is not known.
    """
    if not 1 <= schedule.duration_hours <= _LONGEST_HOURS:
        raise ScheduleError(f"a duration of {schedule.duration_hours} hours: a window is open for 1 to 24")
    zone = _zone(schedule.timezone)
    kind, body = _split(schedule.expression)
    start, end = _date(schedule.start_date), _date(schedule.end_date)
    if schedule.offset_days is not None and (kind != "cron" or not 1 <= schedule.offset_days <= _LONGEST_OFFSET):
        raise ScheduleError(f"an offset of {schedule.offset_days} days: it is 1 to 6 days after a cron day")
    if kind == "cron":
        found = _cron(parse(body), zone, schedule.offset_days or 0, after, made)
    elif kind == "rate":
        found = _rate(body, zone, start, after, made)
    else:
        found = iter([_local(_moment(body), zone)])
    return _within(found, schedule.duration_hours, after, start, end)


def next_openings(schedule: Schedule, after: datetime, count: int = 5, made: datetime | None = None) -> list[Opening]:
    """The next `count` openings, fewer if there are no more. Raises as `openings`."""
    return list(islice(openings(schedule, after, made), count))


def _within(
    found: Iterator[tuple[datetime, str]], hours: int, after: datetime, start: datetime | None, end: datetime | None
) -> Iterator[Opening]:
    for moment, doubt in found:
        utc = moment.astimezone(UTC)
        if end is not None and utc >= end:
            return
        if utc > after and (start is None or utc >= start):
            yield Opening(moment, (utc + timedelta(hours=hours)).astimezone(moment.tzinfo), doubt)


def _split(expression: str) -> tuple[str, str]:
    match = _EXPRESSION.fullmatch(expression.strip())
    if match is None:
        raise ScheduleError(f"{expression!r} is none of cron(...), rate(...) and at(...)")
    return match[1], match[2]


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ScheduleError(f"{name!r} is no time zone that is known here") from None


def _date(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ScheduleError(f"{text!r} is no date and time with a zone, such as 2026-01-31T00:00:00Z")


def _moment(text: str) -> datetime:
    try:
        found = datetime.strptime(text.strip(), "%Y-%m-%dT%H:%M:%S")
    except ValueError:
        found = None
    if found is None or not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise ScheduleError(f"at({text}) holds no date and time as yyyy-mm-ddThh:mm:ss")
    return found


def _cron(
    cron: Cron, zone: ZoneInfo, offset: int, after: datetime, made: datetime | None
) -> Iterator[tuple[datetime, str]]:
    """Every opening from shortly before `after` on: a clock change moves one by an hour, an offset by days."""
    day = after.astimezone(zone).date() - timedelta(days=_LONGEST_OFFSET + 2)
    year, month = day.year, day.month
    while year <= LAST_YEAR:
        for found in cron.days(year, month):
            for at in cron.times:
                moment = datetime.combine(found, at)
                if made is None or not offset or _local(moment, zone)[0] >= made:
                    yield _local(moment + timedelta(days=offset), zone)
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def _rate(
    body: str, zone: ZoneInfo, start: datetime | None, after: datetime, made: datetime | None
) -> Iterator[tuple[datetime, str]]:
    match = _RATE.fullmatch(body.strip())
    if match is None or (match[1] == "1") == body.strip().endswith("s"):
        raise ScheduleError(f"rate({body}) is no whole number of minutes, hours or days, singular after 1")
    number = int(match[1][: _DIGITS + 1])
    if number >= 10**_DIGITS:
        raise ScheduleError(f"rate({body}): nobody will see it open twice")
    step = timedelta(**{f"{match[2]}s": number})
    if step < _FASTEST:
        raise ScheduleError(f"rate({body}): a window opens at most every 5 minutes")
    if start is None or (made is not None and start < made):
        raise NotKnownYet("counted from the moment in which the window is made, which a plan does not know")
    return _every(start, step, zone, after)


def _every(start: datetime, step: timedelta, zone: ZoneInfo, after: datetime) -> Iterator[tuple[datetime, str]]:
    moment = start + max(0, (after - start) // step) * step
    while moment.year <= LAST_YEAR:
        yield moment.astimezone(zone), ""
        if step.days > _CENTURIES:
            return
        moment += step


def _local(moment: datetime, zone: ZoneInfo) -> tuple[datetime, str]:
    """A local time as an aware one, and the doubt about it. AWS does not say what a clock change does to a window."""
    first, second = moment.replace(tzinfo=zone, fold=0), moment.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first, ""
    shifted = first.astimezone(UTC).astimezone(zone)
    if shifted.replace(tzinfo=None) != moment:  # the clock goes forward over it
        text = f"{moment:%H:%M} does not exist on that day: AWS does not say whether the window opens"
        return shifted, text
    return first, f"{moment:%H:%M} comes twice on that day: AWS does not say which one counts"
