"""Plays the matrix, several nights at the same time, each in a process that has one plan."""

from __future__ import annotations

import fnmatch
import multiprocessing
import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from albpatch.rehearsal.matrix.faults import Fault, all_of
from albpatch.rehearsal.matrix.fleets import STRUCK, scenario
from albpatch.rehearsal.matrix.judge import INVARIANTS, judged
from albpatch.rehearsal.matrix.play import play
from albpatch.rehearsal.matrix.points import calls, steps
from albpatch.report.matrix import Matrix, Played, Violation

TOGETHER = 4  # nights
CHUNKS = 15  # of so many nights; then a process gives its memory back
ENDS = "the night ends"
BASES = ("", "kill@Install", "cancel@Install")  # what makes the restore runbook work has its own points
Plan = Mapping[str, Any]
_plan: Plan = {}


def faults_of(plan: Plan, fleet: str, bases: Sequence[str] = BASES) -> list[Fault]:
    """Every fault of a fleet, found by playing a night without one, and nights that need the restore runbook."""
    found: list[Fault] = []
    known: set[object] = set()
    for base in bases:
        act, _, step = base.partition("@")
        acts = [{"act": act, "machine": STRUCK, "when": {"step": step, "after": 1}}] if base else []
        night, _ = play(plan, scenario(fleet, {"acts": acts}))
        new_steps = [point for point in steps(night, STRUCK) if point not in known]
        new_calls = [point for point in calls(night, STRUCK) if point not in known]
        known |= {*new_steps, *new_calls}
        found += all_of(fleet, new_steps, new_calls, base)
    return found


def chosen(faults: Iterable[Fault], only: str | None = None, sample: int | None = None, seed: int = 1) -> list[Fault]:
    """The one whose name `only` is, or those that it matches somewhere (* and ?); of these as many as `sample` says."""
    faults = list(faults)
    matching = [f for f in faults if f.name == only] or [
        f for f in faults if only is None or fnmatch.fnmatchcase(f.name, f"*{only}*")
    ]
    if sample is None or sample >= len(matching):
        return matching
    picked = set(random.Random(seed).sample(range(len(matching)), sample))
    return [fault for number, fault in enumerate(matching) if number in picked]


def played(plan: Plan, fault: Fault) -> Played:
    """One night with its judgement. A night that does not end is a violation, too."""
    began, struck = time.process_time(), True
    try:
        night, after = play(plan, scenario(fault.fleet, fault.faults))
        struck = after.struck
        found = judged(night, after, fault.victim, denied=fault.kind == "denied")
    except Exception as error:
        found = [Violation(ENDS, f"{type(error).__name__}: {' '.join(str(error).split())}")]
    return Played(fault.name, fault.fleet, fault.kind, tuple(found), round(time.process_time() - began, 2), struck)


def all_played(plan: Plan, faults: Sequence[Fault], processes: int = 1) -> Iterator[Played]:
    """Every night as it is done, in the order of the faults. A few nights need no process of their own."""
    if processes == 1 and len(faults) <= TOGETHER * CHUNKS:
        yield from (played(plan, fault) for fault in faults)
        return
    with multiprocessing.get_context("spawn").Pool(processes, _keep, (plan,), maxtasksperchild=CHUNKS) as pool:
        yield from pool.imap(_played, faults, chunksize=TOGETHER)


def matrix(nights: Iterable[Played], facts: Sequence[tuple[str, str]] = ()) -> Matrix:
    """The nights with every invariant that they were judged by."""
    return Matrix(tuple(nights), (*INVARIANTS, ENDS), facts=facts)


def _keep(plan: Plan) -> None:
    global _plan  # noqa: PLW0603 (a process of the pool has one plan for all its nights)
    _plan = plan


def _played(fault: Fault) -> Played:
    return played(_plan, fault)
