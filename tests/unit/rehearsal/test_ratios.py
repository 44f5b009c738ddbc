"""How long rolls take against each other: a number that is not reached is called so."""

from albpatch.rehearsal.ratios import out_beyond, ratios
from albpatch.report.bound import Bound, LeastFleet, LeastMachine, LeastWindow

LEAST = Bound((LeastWindow("w", (LeastFleet("web", 1, (LeastMachine("a", patch=100),)),)),), {})


def found(*args):
    return [(ratio.value, ratio.reached) for ratio in ratios(*args)]


def test_numbers_are_reached_or_not():
    """At least ten times, at least one and a half times, at most one point two times; exactly so is reached."""
    assert found(120, 1200, 180, LEAST) == [(10, True), (1.5, True), (1.2, True)]
    assert found(130, 1200, 180, LEAST) == [(1200 / 130, False), (180 / 130, False), (1.3, False)]


def test_what_was_not_played_has_no_ratio():
    """Without AWS's runbook only the bound is left; without a bound nothing."""
    assert found(120, None, None, LEAST) == [(1.2, True)]
    assert found(120, None, None, Bound((), {})) == []


def test_a_ratio_says_what_it_is():
    """The bound and its longest fleet stand in the name, the aim in the text."""
    (ratio,) = ratios(130, None, None, LEAST)

    assert ratio.name == "bundled against the lower bound, 1:40, its longest fleet web"
    assert ratio.text == "1.30, to reach: at most 1.2: not reached"


def test_time_out_beyond_what_a_machine_takes():
    """Sixty seconds are allowed; a second more is not reached."""
    assert [out_beyond(seconds).reached for seconds in (60.0, 61.0)] == [True, False]
