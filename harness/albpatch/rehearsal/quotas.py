"""Which of AWS's quotas binds at which size, and how a roll is to be split. docs/scale.md prints what is computed here.

Quotas: https://docs.aws.amazon.com/general/latest/gr/ssm.html, each for one account in one region. Child executions
count among those that run at a time: Systems Manager user guide, Automation, "Automation quota".
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from albpatch.rehearsal.generate import FLEETS_OF_A_WINDOW
from albpatch.report.bound import WINDOWS_AT_ONCE

WINDOWS, TASKS_OF_A_WINDOW, LONGEST_WINDOW_HOURS = 50, 20, 24
EXECUTIONS_AT_ONCE, ADAPTIVE_EXECUTIONS_AT_ONCE, QUEUED_EXECUTIONS = 100, 500, 5_000
STARTS_PER_SECOND = 1
DOCUMENTS = 500
# Of this module: an instance's roll is one execution, and while it is assessed or put back a child of it runs as well.
EXECUTIONS_OF_AN_INSTANCE, STARTS_OF_AN_INSTANCE, DOCUMENTS_OF_A_CALL = 2, 3, 5
CUTOFF_HOURS, MINUTES = 1, 10.0


@dataclass(frozen=True)
class Quota:
    """One quota. reached_at: the size at which it binds, in words; beyond: what to do then."""

    name: str
    value: str
    reached_at: str
    beyond: str


@dataclass(frozen=True)
class Split:
    """How a roll fits into one account and region. Times in hours; `binds` is the quota that limits it first.

    `at_once` are the instances that are worked on at a time; `rounds` how often windows have to be opened in turn.
    """

    windows: int
    rounds: int
    at_once: int
    hours: float
    binds: str
    fits: bool


def quotas(minutes: float = MINUTES) -> list[Quota]:
    """Every quota that a roll can meet; `minutes` is what an instance takes."""
    fleets = WINDOWS_AT_ONCE * FLEETS_OF_A_WINDOW
    instances = EXECUTIONS_AT_ONCE // EXECUTIONS_OF_AN_INSTANCE
    adaptive = ADAPTIVE_EXECUTIONS_AT_ONCE // EXECUTIONS_OF_AN_INSTANCE
    starts = STARTS_PER_SECOND * 3600 // STARTS_OF_AN_INSTANCE
    serial = math.floor((LONGEST_WINDOW_HOURS - CUTOFF_HOURS) * 60 / minutes)
    return [
        Quota(
            "tasks of a window",
            str(TASKS_OF_A_WINDOW),
            f"{FLEETS_OF_A_WINDOW} fleets, one task is the sweep's",
            "call the module once more: each call has a window of its own",
        ),
        Quota(
            "length of a window",
            f"{LONGEST_WINDOW_HOURS} h",
            f"{serial:,} instances of a fleet, one at a time, {minutes:g} minutes each, cutoff {CUTOFF_HOURS} h",
            "rate_control.concurrency and max_unavailable above 1, or more fleets",
        ),
        Quota(
            "executions at a time",
            f"{EXECUTIONS_AT_ONCE}, {ADAPTIVE_EXECUTIONS_AT_ONCE} with adaptive concurrency",
            f"{instances} instances at a time if all are assessed or put back at the same moment ({adaptive} with "
            "adaptive concurrency): the rest waits in a queue, an instance that is out as well",
            "turn adaptive concurrency on, open windows at different hours, or use another region or account",
        ),
        Quota(
            "windows open at a time",
            str(WINDOWS_AT_ONCE),
            f"{fleets} fleets side by side",
            "open windows at different hours, or use another region or account",
        ),
        Quota(
            "starts of executions",
            f"{STARTS_PER_SECOND} a second",
            f"{starts:,} instances an hour, {STARTS_OF_AN_INSTANCE} starts each",
            "use another region or account",
        ),
        Quota("windows", str(WINDOWS), f"{WINDOWS * FLEETS_OF_A_WINDOW:,} fleets", "use another region or account"),
        Quota(
            "documents",
            str(DOCUMENTS),
            f"{DOCUMENTS // DOCUMENTS_OF_A_CALL} calls of the module, {DOCUMENTS_OF_A_CALL} documents with a topic",
            "the number of windows binds sooner",
        ),
    ]


def split(instances: int, fleets: int, concurrency: int = 1, minutes: float = MINUTES, adaptive: bool = False) -> Split:
    """How these instances in fleets of equal size fit into windows of one account and region, in one day.

    Windows are opened together as long as AWS runs all executions at once, and in turn beyond that.
    """
    executions = ADAPTIVE_EXECUTIONS_AT_ONCE if adaptive else EXECUTIONS_AT_ONCE
    room = executions // EXECUTIONS_OF_AN_INSTANCE
    windows = math.ceil(fleets / FLEETS_OF_A_WINDOW)
    largest = math.ceil(fleets / windows) * min(concurrency, math.ceil(instances / fleets))  # evenly spread
    by_room = max(1, room // largest)
    together = min(windows, WINDOWS_AT_ONCE, by_room)
    rounds = math.ceil(windows / together)
    each = math.ceil(math.ceil(instances / fleets) / concurrency) * minutes / 60
    hours = max(rounds * each, instances * STARTS_OF_AN_INSTANCE / STARTS_PER_SECOND / 3600)
    limits = {
        "length of a window": each / (LONGEST_WINDOW_HOURS - CUTOFF_HOURS),
        "windows": windows / WINDOWS,
        "executions at a time": min(windows, WINDOWS_AT_ONCE) * largest / room,
        "windows open at a time": windows / WINDOWS_AT_ONCE,
        "tasks of a window": fleets / FLEETS_OF_A_WINDOW,
    }
    over = [name for name, used in limits.items() if used > 1]
    fits = (
        limits["length of a window"] <= 1 and windows <= WINDOWS and hours <= LONGEST_WINDOW_HOURS and largest <= room
    )
    return Split(
        windows,
        rounds,
        min(together * largest, fleets * concurrency, instances),
        hours,
        over[0] if over else "none",
        fits,
    )
