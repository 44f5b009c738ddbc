"""The least time of a roll: what it adds up, and when windows have to wait for each other."""

import pytest

from albpatch.report.bound import Bound, LeastFleet, LeastMachine, LeastWindow

SMALL = LeastMachine("a", scan=10, wait=30, patch=60, reboot=20, after_reboot=15, looks=30)
LARGE = LeastMachine("b", scan=10, wait=120, patch=300, reboot=20, after_reboot=15, looks=30)


def fleet(*machines, concurrency=1):
    return LeastFleet("web", concurrency, machines)


def bound(*fleets):
    return Bound(tuple(LeastWindow(f"w{n}", (one,)) for n, one in enumerate(fleets)), {})


def test_a_machine_takes_all_its_parts():
    """No part is left out of the sum."""
    assert (SMALL.seconds, LARGE.seconds, LeastMachine("c").seconds) == (165, 495, 0)


@pytest.mark.parametrize(("concurrency", "seconds"), [(1, 825), (2, 495), (3, 495)])
def test_a_fleet_is_never_sooner_than_its_longest_machine(concurrency, seconds):
    """The sum divided by how many go at a time, or the longest machine."""
    assert fleet(SMALL, SMALL, LARGE, concurrency=concurrency).seconds == seconds


def test_fleets_of_a_window_go_side_by_side():
    """The window takes as long as its longest fleet, and the bound names it."""
    longest = LeastFleet("db", 1, (LARGE, LARGE))
    made = Bound((LeastWindow("w", (fleet(SMALL), longest)),), {})

    assert (made.seconds, made.longest) == (990, longest)


def test_more_windows_than_aws_opens_wait_for_each_other():
    """Five windows take as long as one; ten of them take twice as long."""
    assert bound(*[fleet(SMALL)] * 5).seconds == 165
    assert bound(*[fleet(SMALL)] * 10).seconds == 330
    assert bound(*[fleet(SMALL)] * 5, fleet(LARGE)).seconds == 495


def test_nothing_takes_no_time():
    """A window without fleets, a fleet without machines."""
    assert (fleet().seconds, Bound((LeastWindow("w", ()),), {}).seconds, bound().longest) == (0, 0, None)
