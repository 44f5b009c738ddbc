"""One fleet, one night for each runbook, all in virtual time: the figures are exact and the same in every run."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from albpatch.region.core import Region
from albpatch.region.profiles import Profile
from albpatch.region.services.windows import Windows
from albpatch.rehearsal.comparison import against, compare
from albpatch.rehearsal.figures import Figures, figures
from albpatch.rehearsal.from_plan import Loaded
from albpatch.rehearsal.generate import Size, configuration
from albpatch.rehearsal.generate import scenario as generated_scenario
from albpatch.rehearsal.nights import night
from albpatch.rehearsal.plain import plain_window
from albpatch.rehearsal.scenario import Scenario
from albpatch.rehearsal.sources import plans
from albpatch.rehearsal.tell import tell
from albpatch.rehearsal.world import World
from albpatch.report import model
from albpatch.report.words import clock_text, count, many

PLAIN, AWS_OWNED, BUNDLED = "plain", "aws-owned", "bundled"
TITLES = {PLAIN: "Plain patching", AWS_OWNED: "AWS-owned runbook", BUNDLED: "Bundled runbook"}
TAIL_SECONDS = 120.0


def side_by_side(
    root: Path, scenario: Scenario, kinds: Sequence[str], document: Path | None, say: Callable[[str], None]
) -> model.Report:
    """Play the same scenario with each of `kinds` ("plain", "aws-owned", "bundled") and put the nights side by side.

    Raises InputError (configuration, scenario or document cannot be used) and Failure (Terraform failed).
    """
    began = time.monotonic()
    say(f"planning {root} once for each runbook")
    made = plans(root, scenario, dict.fromkeys(source_of(kind) for kind in kinds), document, say)
    name = str(root.name if root.is_absolute() else root)
    return _all(f"Runbooks side by side: {name}", made, scenario, kinds, document, say, began)


def generated(
    module: Path, size: Size, kinds: Sequence[str], document: Path | None, say: Callable[[str], None]
) -> model.Report:
    """The same for a generated fleet, patched by the module at `module`. One plan of each source serves every size."""
    began = time.monotonic()
    say(f"planning {many(size.fleets, 'fleet')} in {many(len(size.windows), 'window')} once for each runbook")
    fewest = dataclasses.replace(size, instances=2 * size.fleets)  # the plan does not depend on how many there are
    with configuration(size, module) as root:
        sources = dict.fromkeys(source_of(kind) for kind in kinds)
        made = plans(root, generated_scenario(fewest), sources, document, say)
    title = f"{many(size.instances, 'instance')} in {many(size.fleets, 'fleet')}, seed {size.seed}"
    return _all(title, made, generated_scenario(size), kinds, document, say, began)


def _all(
    title: str,
    made: Mapping[str, Any],
    scenario: Scenario,
    kinds: Sequence[str],
    document: Path | None,
    say: Callable[[str], None],
    began: float,
) -> model.Report:
    nights, found = [], []
    for kind in kinds:
        shown, numbers = play(made[source_of(kind)], scenario, kind)
        say(f"  {shown.title}: {shown.words}")
        nights.append(shown)
        found.append(numbers)
    facts = [("Time", "virtual: nothing was waited for, the same input gives the same figures")]
    if document is not None:
        facts.append(("AWS's runbook", f"played from {document.name} in {document.parent.name}"))
    facts.append(("Took", f"{time.monotonic() - began:.0f} s, Terraform included"))
    return report(title, kinds, nights, found, facts)


def source_of(kind: str) -> str:
    """The source whose plan a kind of night is played from; plain patching takes window and targets from ours."""
    return BUNDLED if kind == PLAIN else kind


def play(plan: Mapping[str, Any], scenario: Scenario, kind: str) -> tuple[model.Night, Figures]:
    """One night of this kind, as a report shows it, and its figures."""
    profiles = [Profile.from_mapping(scenario.profile(name)) for name in scenario.machines]
    tail = max(p.reboot_seconds + p.start_seconds for p in profiles) + TAIL_SECONDS
    played = night(plan, scenario, start=_plain if kind == PLAIN else _all_windows, tail=tail)
    shown = tell(
        played.evidence,
        title=TITLES[kind],
        words="",
        status=played.status,
        under_contract=kind != PLAIN,
        acts=played.acts,
    )
    numbers = figures(played.evidence, shown)
    return dataclasses.replace(shown, words=_words(shown, numbers)), numbers


def report(
    title: str,
    kinds: Sequence[str],
    nights: Sequence[model.Night],
    found: Sequence[Figures],
    facts: Sequence[tuple[str, str]],
) -> model.Report:
    """The nights in one report. The contract counts for the bundled runbook only: the others never promised it."""
    table = compare(nights, found)
    ours = [n for n, kind in zip(nights, kinds, strict=True) if kind == BUNDLED]
    others = [TITLES[kind] for kind in kinds if kind != BUNDLED] if ours else []
    lost = " ".join(f"{n.title} lost {count(n.lost)} of {count(n.sent)} requests." for n in nights)
    return model.Report(
        title=title,
        words=" ".join([lost, *(against(table, TITLES[BUNDLED], other) for other in others)]),
        held=not any(n.broken for n in ours) if ours else None,
        nights=tuple(nights),
        facts=tuple(facts),
        comparison=table,
    )


def _all_windows(region: Region, _world: World, loaded: Loaded) -> str:
    return _fire(region, loaded.window_ids)


def _plain(region: Region, _world: World, loaded: Loaded) -> str:
    region.authorizer = None  # its window sends a command by tag; which rights that takes is not its lesson
    return _fire(region, plain_window(region, loaded.window_ids))


def _fire(region: Region, window_ids: Sequence[str]) -> str:
    """Open all windows at once and wait for the end of each. Their statuses, each once."""
    windows = region.part(Windows)
    opened = [windows.fire(window_id) for window_id in window_ids]
    return ", ".join(dict.fromkeys(windows.wait(execution_id) for execution_id in opened))


def _words(shown: model.Night, numbers: Figures) -> str:
    patched = sum(m.patched is not None for m in shown.machines)
    return (
        f"{count(numbers.lost)} of {count(numbers.sent)} requests lost, {patched} of "
        f"{many(len(shown.machines), 'machine')} patched, the roll took {clock_text(numbers.roll)}."
    )
