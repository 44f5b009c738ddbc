"""AWS's quotas against a growing fleet: what is printed in docs/scale.md is computed, and the computation is right."""

import pytest

from albpatch.rehearsal.quotas import quotas, split


def test_the_numbers_follow_from_the_quotas():
    """Twenty tasks less the sweep; five windows of nineteen; two executions an instance; 23 hours of ten minutes."""
    reached = {quota.name: quota.reached_at for quota in quotas()}

    assert reached["tasks of a window"].startswith("19 fleets")
    assert reached["windows open at a time"] == "95 fleets side by side"
    assert reached["windows"] == "950 fleets"
    assert reached["length of a window"].startswith("138 instances of a fleet")
    assert reached["executions at a time"].startswith("50 instances at a time")
    assert reached["starts of executions"] == "1,200 instances an hour, 3 starts each"
    assert {q.name: q.reached_at for q in quotas(5)}["length of a window"].startswith("276 instances")


@pytest.mark.parametrize(
    ("size", "windows", "rounds", "binds"),
    [
        ((20, 4), 1, 1, "none"),
        ((200, 19), 1, 1, "none"),
        ((200, 40), 3, 1, "tasks of a window"),
        ((1000, 60), 4, 2, "executions at a time"),
        ((1000, 100), 6, 3, "executions at a time"),
    ],
)
def test_the_first_quota_that_binds(size, windows, rounds, binds):
    """Forty fleets of one at a time fit into three windows at once; sixty need two turns."""
    found = split(*size)

    assert (found.windows, found.rounds, found.binds) == (windows, rounds, binds)
    assert found.fits


def test_no_turn_needs_more_executions_than_aws_runs():
    """Whatever the size: the instances of a turn, two executions each, fit into the quota, or it is said."""
    for instances in (10, 100, 1000, 5000):
        for fleets in (1, 5, 19, 20, 95, 500):
            for concurrency in (1, 2, 10):
                for adaptive, quota in ((False, 100), (True, 500)):
                    if fleets * 2 <= instances:
                        found = split(instances, fleets, concurrency, adaptive=adaptive)
                        assert not found.fits or 2 * found.at_once <= quota


def test_a_fleet_that_is_too_long_for_any_window():
    """200 instances one at a time take 33 hours; two at a time they fit."""
    alone, pairs = split(200, 1), split(200, 1, 2)

    assert (alone.binds, alone.fits) == ("length of a window", False)
    assert (pairs.binds, pairs.fits, round(pairs.hours, 1)) == ("none", True, 16.7)


def test_adaptive_concurrency_saves_turns():
    """Five times the executions: a hundred fleets are no longer held by them, but by the windows that may be open."""
    found = split(1000, 100, adaptive=True)

    assert (found.rounds, found.binds) == (2, "windows open at a time")
