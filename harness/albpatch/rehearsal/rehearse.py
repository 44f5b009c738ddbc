"""The whole rehearsal: apply once, play the acts one after the other, judge them together."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from albpatch.configuration import folders, refuse_ways_out
from albpatch.errors import Failure
from albpatch.iam.policy import NotEvaluable
from albpatch.region.clock import NoProgress
from albpatch.region.operations import NotKnownHere
from albpatch.region.services.windows import WindowDisabled
from albpatch.rehearsal.acts import Act, planned, play
from albpatch.rehearsal.applied import Applied
from albpatch.rehearsal.scenario import Scenario
from albpatch.report.model import Held, Night, Report
from albpatch.report.terminal import Screen
from albpatch.report.words import many

ABOUT_MACHINES = ("C1", "C3", "C4")  # held only where a machine had its turn


def rehearse(root: Path, scenario: Scenario, numbers: Sequence[int], factor: float, screen: Screen) -> Report:
    """Apply `root`, play the acts of these numbers and return the report.

    Raises InputError (the configuration or the scenario cannot be used) and Failure (Terraform failed).
    """
    refuse_ways_out(folders(root))
    began = time.monotonic()
    screen.line(f"applying {root} on {many(len(scenario.machines), 'machine')} that exist already")
    nights = []
    with _told(), Applied(root, scenario, screen.line) as applied:
        acts = planned(applied.world, numbers)
        for number, act in zip(numbers, acts, strict=True):
            screen.line(f"act {number}: {act.title}")
            nights.append(play(applied, act, factor, screen))
            screen.line(f"  {nights[-1].words}")
        facts = [*applied.facts, ("Time", f"scaled: {factor:g} seconds of the region in one real second")]
    facts.append(("Took", f"{time.monotonic() - began:.0f} s, Terraform included"))
    name = root.name if root.is_absolute() else root
    return judged(f"Patch night rehearsed: {name}", nights, acts, facts, factor)


@contextmanager
def _told() -> Iterator[None]:
    """What the local region does not know, or what it cannot decide, is a failure with its cause."""
    try:
        yield
    except (NotKnownHere, NotEvaluable, NoProgress, WindowDisabled) as error:
        raise Failure(str(error)) from error


def judged(
    title: str, nights: Sequence[Night], acts: Sequence[Act], facts: Sequence[tuple[str, str]], factor: float
) -> Report:
    """All nights in one report. The contract is held if no night under it broke a promise and one tested it."""
    under = [n for n, act in zip(nights, acts, strict=True) if not act.plain]
    tested = any(p.held is Held.HELD and p.id in ABOUT_MACHINES for n in under for p in n.promises)
    broken = any(n.broken for n in under)
    return Report(
        title=title,
        words=_words(nights, acts),
        held=not broken if broken or tested else None,
        nights=tuple(nights),
        facts=tuple(facts),
        coarse=f"This ran in scaled time, {factor:g} times as fast as a real night: counts of requests are real, times "
        f"are coarse by some {max(1.0, factor / 10):.0f} seconds. Exact figures come from virtual time.",
    )


def _words(nights: Sequence[Night], acts: Sequence[Act]) -> str:
    parts = []
    for night, act in zip(nights, acts, strict=True):
        who = "Plain patching" if act.plain else "The module's window"
        if act.interferences:
            who = "The cancelled night"
        lost = f"{night.lost:,.0f}" if night.lost else "none"
        parts.append(f"{who} lost {lost} of {night.sent:,.0f} requests.")
    tested = [n for n, act in zip(nights, acts, strict=True) if not act.plain]
    broken = [f"{p.id} {p.title}" for n in tested for p in n.broken]
    if broken:
        parts.append(f"Broken: {', '.join(dict.fromkeys(broken))}.")
    return " ".join(parts)
