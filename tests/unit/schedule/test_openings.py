"""Openings in local time: zones, clock changes, offsets, rates, start and end dates."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albpatch.schedule.cron import ScheduleError
from albpatch.schedule.openings import NotKnownYet, Schedule, next_openings

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def shown(found):
    return [o.start.strftime("%Y-%m-%d %H:%M %z") for o in found]


def test_the_local_time_stays_when_the_clock_changes():
    """A window at 03:00 in Berlin opens at 03:00 in winter and in summer, an hour apart in UTC."""
    found = next_openings(Schedule("cron(0 3 ? * SUN *)", "Europe/Berlin"), datetime(2026, 3, 21, tzinfo=UTC), 3)

    assert shown(found) == ["2026-03-22 03:00 +0100", "2026-03-29 03:00 +0200", "2026-04-05 03:00 +0200"]
    assert [o.doubt for o in found] == ["", "", ""]


def test_a_time_that_does_not_exist_is_in_doubt():
    """02:30 is left out when the clock goes forward: it is shown as the moment it becomes, with the doubt."""
    schedule = Schedule("cron(30 2 ? * SUN *)", "Europe/Berlin")
    first, second = next_openings(schedule, datetime(2026, 3, 23, tzinfo=UTC), 2)

    assert shown([first, second]) == ["2026-03-29 03:30 +0200", "2026-04-05 02:30 +0200"]
    assert "02:30 does not exist on that day" in first.doubt
    assert second.doubt == ""


def test_a_time_that_comes_twice_is_in_doubt():
    """02:30 comes twice when the clock goes back: the first is shown, with the doubt, and only once."""
    schedule = Schedule("cron(30 2 ? * SUN *)", "Europe/Berlin")
    first, second = next_openings(schedule, datetime(2026, 10, 20, tzinfo=UTC), 2)

    assert shown([first, second]) == ["2026-10-25 02:30 +0200", "2026-11-01 02:30 +0100"]
    assert "02:30 comes twice on that day" in first.doubt


def test_a_window_over_a_clock_change_lasts_its_hours():
    """Four hours are four hours, also in the night in which the clock goes forward."""
    [found] = next_openings(
        Schedule("cron(0 1 ? * SUN *)", "Europe/Berlin"), datetime(2026, 3, 28, 12, tzinfo=UTC), count=1
    )

    assert found.start.isoformat() == "2026-03-29T01:00:00+01:00"
    assert found.end.isoformat() == "2026-03-29T06:00:00+02:00"


def test_an_offset_counts_days_after_the_cron_day():
    """Five days after the second Tuesday is the Sunday after patch Tuesday, also across the end of a month."""
    found = next_openings(Schedule("cron(0 3 ? * TUE#2 *)", "Asia/Tokyo", offset_days=5), NOW, 2)
    across = next_openings(Schedule("cron(0 3 L * ? *)", offset_days=2), NOW, 1)

    assert shown(found) == ["2026-03-15 03:00 +0900", "2026-04-19 03:00 +0900"]
    assert shown(across) == ["2026-03-02 03:00 +0000"]


def test_a_cron_day_that_has_passed_when_the_window_is_made_is_left_out():
    """AWS skips the period whose cron day is over, even if the offset lies in the future."""
    made = datetime(2026, 3, 11, tzinfo=UTC)  # the second Tuesday was yesterday
    schedule = Schedule("cron(0 3 ? * TUE#2 *)", offset_days=5)

    assert shown(next_openings(schedule, made, 1, made=made)) == ["2026-04-19 03:00 +0000"]
    assert shown(next_openings(schedule, made, 1)) == ["2026-03-15 03:00 +0000"]


@pytest.mark.parametrize("offset", [0, 7, -1])
def test_an_offset_outside_its_range_is_refused(offset):
    """An offset is one to six days."""
    with pytest.raises(ScheduleError):
        next_openings(Schedule("cron(0 3 ? * SUN *)", offset_days=offset), NOW)


def test_an_offset_of_a_rate_is_refused():
    """Only a cron expression has a day that an offset can be counted from."""
    with pytest.raises(ScheduleError):
        next_openings(Schedule("rate(7 days)", offset_days=1, start_date="2026-04-01T00:00:00Z"), NOW)


def test_a_window_that_opens_once():
    """at(...) is a local time of the window's zone, and opens once."""
    schedule = Schedule("at(2026-07-07T13:15:30)", "America/Los_Angeles")

    [found] = next_openings(schedule, NOW)
    assert found.start.isoformat() == "2026-07-07T13:15:30-07:00"
    assert next_openings(schedule, datetime(2026, 7, 8, tzinfo=UTC)) == []


def test_a_rate_counts_from_its_start_date():
    """rate(7 days) with a start date opens then and every 168 hours after."""
    schedule = Schedule("rate(7 days)", "Europe/Berlin", start_date="2026-03-24T03:00:00+01:00")

    assert shown(next_openings(schedule, NOW, 2)) == ["2026-03-24 03:00 +0100", "2026-03-31 04:00 +0200"]
    assert shown(next_openings(schedule, datetime(2026, 4, 1, tzinfo=UTC), 1)) == ["2026-04-07 04:00 +0200"]


@pytest.mark.parametrize(("start", "made"), [(None, None), ("2026-01-01T00:00:00Z", datetime(2026, 3, 1, tzinfo=UTC))])
def test_a_rate_without_a_beginning_is_not_known(start, made):
    """A rate is counted from when the window is made, which no plan knows: said, not guessed."""
    with pytest.raises(NotKnownYet):
        next_openings(Schedule("rate(7 days)", start_date=start), NOW, made=made)


def test_it_opens_only_between_its_dates():
    """The start date is the first moment, the end date the first moment after, whatever the window's zone."""
    schedule = Schedule(
        "cron(0 3 ? * SUN *)",
        "Asia/Tokyo",
        start_date="2026-03-08T03:00:00+09:00",
        end_date="2026-03-21T18:00:00Z",  # Sunday 03:00 in Tokyo
    )

    assert shown(next_openings(schedule, NOW)) == ["2026-03-08 03:00 +0900", "2026-03-15 03:00 +0900"]


@pytest.mark.parametrize("text", ["2026-01-31", "2026-01-31T00:00:00", "soon"])
def test_a_date_needs_its_zone(text):
    """The window's zone does not apply to its dates, so a date without one is refused."""
    with pytest.raises(ScheduleError):
        next_openings(Schedule("cron(0 3 ? * SUN *)", start_date=text), NOW)


@pytest.mark.parametrize(
    "schedule",
    [
        Schedule("at(9999-12-31T23:59:59)", "America/New_York"),
        Schedule("at(0001-01-01T00:00:00)", "Asia/Tokyo"),
        Schedule("rate(99999999999999999999 days)", start_date="2026-04-01T00:00:00Z"),
        Schedule("cron(0 3 ? * SUN *)", start_date="0001-01-01T00:00:00+09:00"),
        Schedule("cron(0 3 ? * SUN *)", duration_hours=25),
        Schedule("cron(0 3 ? * SUN *)", duration_hours=0),
    ],
    ids=lambda s: s.expression,
)
def test_times_beyond_the_calendar_are_refused(schedule):
    """Years, rates and durations that no window has are errors of the schedule, not of the calculation."""
    with pytest.raises(ScheduleError):
        next_openings(schedule, NOW)


def test_the_longest_rate_opens_once():
    """A rate of many centuries opens on its start date and not again."""
    found = next_openings(Schedule("rate(999999 days)", start_date="2026-04-01T00:00:00Z"), NOW)

    assert shown(found) == ["2026-04-01 00:00 +0000"]


@pytest.mark.parametrize("zone", ["+09:00", "", "Asia/Tokyo ", "Mars/Olympus", "../etc/passwd", "America"])
def test_an_unknown_zone_is_refused(zone):
    """A zone that the time zone database does not have is an error, not UTC."""
    with pytest.raises(ScheduleError):
        next_openings(Schedule("cron(0 3 ? * SUN *)", zone), NOW)


ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo", "Australia/Lord_Howe"])
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))


@given(ZONES, MOMENTS, st.integers(0, 23), st.integers(0, 59), st.sampled_from([None, 1, 6]))
def test_openings_are_later_in_order_and_at_their_time(zone, now, hour, minute, offset):
    """Each opening is after the last, and at the written local time unless it says why not."""
    schedule = Schedule(f"cron({minute} {hour} ? * SUN *)", zone, offset_days=offset)
    found = next_openings(schedule, now, 4)

    assert [now, *(o.start for o in found)] == sorted({now, *(o.start for o in found)})
    assert found[0].start - now <= timedelta(days=7, hours=2)
    for opening in found:
        assert opening.start.weekday() == (6 + (offset or 0)) % 7 or opening.doubt
        assert (opening.start.hour, opening.start.minute) == (hour, minute) or "does not exist" in opening.doubt
        assert opening.start.tzinfo == ZoneInfo(zone)
        assert opening.end.astimezone(UTC) - opening.start.astimezone(UTC) == timedelta(hours=4)
