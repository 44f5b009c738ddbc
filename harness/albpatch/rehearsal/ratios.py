"""The lengths of rolls against each other and against the least time, with the numbers to reach.

The numbers are set for 200 instances in 40 target groups of five; they are shown for every comparison.
"""

from __future__ import annotations

from albpatch.report.bound import Bound
from albpatch.report.model import Ratio
from albpatch.report.words import clock_text

ONE_AT_A_TIME, SAME_CONCURRENCY, ABOVE_BOUND, OUT_BEYOND = 10.0, 1.5, 1.2, 60.0


def ratios(ours: float, one_at_a_time: float | None, same_concurrency: float | None, bound: Bound) -> tuple[Ratio, ...]:
    """The ratios that these lengths in seconds allow; None is a roll that was not played."""
    found = []
    if one_at_a_time is not None and ours:
        found.append(Ratio("AWS-owned one at a time against bundled", one_at_a_time / ours, ONE_AT_A_TIME))
    if same_concurrency is not None and ours:
        found.append(
            Ratio("AWS-owned at the same concurrency against bundled", same_concurrency / ours, SAME_CONCURRENCY)
        )
    if bound.longest is not None and bound.seconds:
        name = f"bundled against the lower bound, {clock_text(bound.seconds)}, its longest fleet {bound.longest.name}"
        found.append(Ratio(name, ours / bound.seconds, ABOVE_BOUND, at_least=False))
    return tuple(found)


def out_beyond(seconds: float) -> Ratio:
    """The time that the worst patched machine was out besides patch, reboot, start and a health check, in seconds."""
    return Ratio("bundled, seconds out beyond patch, reboot and health, worst", seconds, OUT_BEYOND, at_least=False)
