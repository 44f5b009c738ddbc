"""Cron expressions of maintenance windows."""

import calendar
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albpatch.schedule.cron import ScheduleError, parse
from albpatch.schedule.openings import Schedule, next_openings

NOON = datetime(2026, 1, 14, 12, 0, tzinfo=UTC)  # a Wednesday

# Expressions from AWS's page on cron and rate expressions, with what the page says about each.
DOCUMENTED = [
    ("cron(0 10 * * ? *)", ["2026-01-15 10:00", "2026-01-16 10:00"]),  # 10:00 every day
    ("cron(15 12 * * ? *)", ["2026-01-14 12:15", "2026-01-15 12:15"]),  # 12:15 every day
    ("cron(0 18 ? * MON-FRI *)", ["2026-01-14 18:00", "2026-01-15 18:00", "2026-01-16 18:00", "2026-01-19 18:00"]),
    ("cron(0 8 1 * ? *)", ["2026-02-01 08:00", "2026-03-01 08:00"]),  # every first day of the month
    ("cron(0/15 * * * ? *)", ["2026-01-14 12:15", "2026-01-14 12:30", "2026-01-14 12:45", "2026-01-14 13:00"]),
    ("cron(0/10 * ? * MON-FRI *)", ["2026-01-14 12:10", "2026-01-14 12:20"]),
    ("cron(0/5 8-17 ? * MON-FRI *)", ["2026-01-14 12:05", "2026-01-14 12:10"]),  # between 8:00 and 17:55
    ("cron(0 16 ? * TUE *)", ["2026-01-20 16:00", "2026-01-27 16:00"]),  # 16:00 every Tuesday
    ("cron(0 2 ? 1/1 THU#3 *)", ["2026-01-15 02:00", "2026-02-19 02:00"]),  # the third Thursday of every month
    ("cron(0 0 2 ? 1/1 THU#3 *)", ["2026-01-15 02:00", "2026-02-19 02:00"]),  # the same with seconds
    ("cron(15 10 ? * * *)", ["2026-01-15 10:15", "2026-01-16 10:15"]),  # 10:15 every day
    ("cron(0 0 21 1/1 ? *)", ["2026-01-21 00:00", "2026-02-21 00:00"]),  # midnight on the 21st of each month
    ("cron(0 2 L * ? *)", ["2026-01-31 02:00", "2026-02-28 02:00"]),  # the last day of every month
    ("cron(15 10 ? * 6L *)", ["2026-01-30 10:15", "2026-02-27 10:15"]),  # the last Friday of every month
    ("cron(30 23 ? * TUE#3 *)", ["2026-01-20 23:30", "2026-02-17 23:30"]),  # the third Tuesday at 23:30
    ("cron(0 4 ? * SUN#2 *)", ["2026-02-08 04:00", "2026-03-08 04:00"]),
]

MORE = [
    ("cron(0 3 15W * ? *)", ["2026-01-15 03:00", "2026-02-16 03:00", "2026-03-16 03:00"]),  # 15 February is a Sunday
    ("cron(0 3 1W * ? 2026)", ["2026-02-02 03:00", "2026-03-02 03:00", "2026-04-01 03:00", "2026-05-01 03:00"]),
    ("cron(0 3 31W * ? *)", ["2026-01-30 03:00", "2026-03-31 03:00", "2026-05-29 03:00"]),  # never leaves its month
    ("cron(0 3 LW * ? *)", ["2026-01-30 03:00", "2026-02-27 03:00", "2026-03-31 03:00"]),
    ("cron(0 3 ? * L *)", ["2026-01-17 03:00", "2026-01-24 03:00"]),  # Saturday, the last day of the week
    ("cron(0 3 ? * MON#5 *)", ["2026-03-30 03:00", "2026-06-29 03:00"]),  # only months that have five of them
    ("cron(0 3 29 2 ? *)", ["2028-02-29 03:00", "2032-02-29 03:00"]),  # only leap years
    ("cron(0 3 30 2 ? *)", []),  # never
    ("cron(0 1-5/2 ? JAN,MAR SAT 2026-2028/2)", ["2026-01-17 01:00", "2026-01-17 03:00", "2026-01-17 05:00"]),
    ("cron(30 0 3 ? * SUN *)", ["2026-01-18 03:00:30"]),
    ("cron(0 3 ? * sun *)", ["2026-01-18 03:00"]),
    ("cron(0 3 ? * 1 2025)", []),  # over
]


def shown(found):
    return [o.start.strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00") for o in found]


@pytest.mark.parametrize(("expression", "expected"), DOCUMENTED + MORE, ids=lambda v: v if isinstance(v, str) else "")
def test_it_opens_when_aws_says(expression, expected):
    """Every example that AWS gives, and every wildcard, opens on the documented days."""
    found = next_openings(Schedule(expression), NOON, max(1, len(expected)))

    assert shown(found) == expected


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("cron(0 3 ? * SUN)", "5 fields"),
        ("cron(0 0 0 3 ? * SUN *)", "8 fields"),
        ("cron(60 3 ? * SUN *)", "minutes '60' is not between 0 and 59"),
        ("cron(0 24 ? * SUN *)", "hours '24'"),
        ("cron(0 3 0 * ? *)", "day-of-month '0'"),
        ("cron(0 3 32W * ? *)", "day-of-month '32'"),
        ("cron(0 3 ? 13 SUN *)", "month '13'"),
        ("cron(0 3 ? JUNE SUN *)", "month 'JUNE'"),
        ("cron(0 3 ? * 0 *)", "day-of-week '0'"),
        ("cron(0 3 ? * 8L *)", "day-of-week '8'"),
        ("cron(0 3 ? * TUE#6 *)", "at most five"),
        ("cron(0 3 ? * TUE#0 *)", "at most five"),
        ("cron(0 3 ? * 2W *)", "day-of-week '2W'"),
        ("cron(0 3 15W,20 * ? *)", "day-of-month '15W'"),
        ("cron(0 3 ? * FRI-MON *)", "no range that runs forwards"),
        ("cron(0/0 3 ? * SUN *)", "no range that runs forwards"),
        ("cron(*-5 3 ? * SUN *)", "no range that runs forwards"),
        ("cron(0 3 1 * SUN *)", "exactly one"),
        ("cron(0 3 ? * ? *)", "exactly one"),
        ("cron(0 3 ? * SUN 1969)", "year '1969'"),
        ("cron(* 0 3 ? * SUN *)", "several times a minute"),
        ("cron(0 3 ? * SUN,, *)", "day-of-week"),
        ("rate(7)", "rate(7)"),
        ("rate(7 day)", "singular after 1"),
        ("rate(1 days)", "singular after 1"),
        ("rate(0 days)", "rate(0 days)"),
        ("rate(2 weeks)", "rate(2 weeks)"),
        ("rate(4 minutes)", "every 5 minutes"),
        ("at(2026-02-30T03:00:00)", "at(2026-02-30T03:00:00)"),
        ("at(2026-02-28)", "at(2026-02-28)"),
        ("every sunday", "none of cron"),
        ("", "none of cron"),
    ],
)
def test_what_a_window_does_not_take_is_refused(expression, says):
    """A wrong expression is an error that names the field, never a schedule that never opens."""
    with pytest.raises(ScheduleError) as refused:
        next_openings(Schedule(expression), NOON)

    assert says in str(refused.value)


@given(st.dates(date(1970, 1, 1), date(2199, 12, 31)), st.integers(1, 31))
def test_the_nearest_weekday_is_a_weekday_of_the_same_month_and_near(month, day):
    """nW is never a Saturday or Sunday, never in another month, and at most two days away."""
    found = list(parse(f"0 3 {day}W * ? *").days(month.year, month.month))

    if day > calendar.monthrange(month.year, month.month)[1]:
        assert found == []
    else:
        [chosen] = found
        assert chosen.weekday() < 5
        assert (chosen.year, chosen.month) == (month.year, month.month)
        assert abs(chosen - date(month.year, month.month, day)) <= timedelta(days=2)


@given(st.dates(date(1970, 1, 1), date(2199, 12, 31)))
def test_every_day_of_a_month_is_exactly_one_nth_weekday(day):
    """The nth weekdays of a month divide it: each day belongs to one # expression, and the last of five is L."""
    weekday = (day.weekday() + 1) % 7 + 1
    owners = [n for n in range(1, 6) if day in parse(f"0 3 ? * {weekday}#{n} *").days(day.year, day.month)]
    [last] = parse(f"0 3 ? * {weekday}L *").days(day.year, day.month)

    assert owners == [(day.day - 1) // 7 + 1]
    assert last >= day
    assert (last - day).days % 7 == 0
