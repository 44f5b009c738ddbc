"""One fleet, one night for each runbook, all in virtual time: the figures are exact and the same in every run."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from albpatch.errors import InputError
from albpatch.region.core import Region
from albpatch.region.profiles import Profile
from albpatch.rehearsal.comparison import against, compare
from albpatch.rehearsal.deployment import records
from albpatch.rehearsal.figures import Figures, figures
from albpatch.rehearsal.from_plan import Loaded
from albpatch.rehearsal.generate import Size, configuration
from albpatch.rehearsal.generate import scenario as generated_scenario
from albpatch.rehearsal.least import beyond, bound, rolled
from albpatch.rehearsal.nights import night
from albpatch.rehearsal.plain import plain_window
from albpatch.rehearsal.ratios import out_beyond, ratios
from albpatch.rehearsal.scenario import Scenario
from albpatch.rehearsal.sources import plans, read_plan
from albpatch.rehearsal.starts import one_at_a_time, open_windows
from albpatch.rehearsal.tell import tell
from albpatch.rehearsal.world import World
from albpatch.report import model
from albpatch.report.bound import Bound
from albpatch.report.words import clock_text, count, many

PLAIN, AWS_OWNED, BUNDLED = "plain", "aws-owned", "bundled"
AWS_OWNED_ALONE = "aws-owned, one at a time"  # by hand, as most people begin with it
TITLES = {
    PLAIN: "Plain patching",
    AWS_OWNED_ALONE: "AWS-owned, one at a time",
    AWS_OWNED: "AWS-owned runbook",
    BUNDLED: "Bundled runbook",
}
TAIL_SECONDS = 120.0


@dataclasses.dataclass(frozen=True)
class Played:
    """One night: as a report shows it, its figures, and the least time that its roll can take.

    `beyond` is the longest time in seconds that a patched machine was out besides what it takes by itself.
    """

    shown: model.Night
    figures: Figures
    bound: Bound
    beyond: float | None = None


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


def from_plan(plan: Path, scenario: Scenario, kinds: Sequence[str], say: Callable[[str], None]) -> model.Report:
    """Play a plan as `terraform show -json` prints it, with no Terraform at all; no `kinds` plays the runbook it has.

    Raises InputError for a file that is no such plan, or whose runbook is another than what is to be compared.
    """
    began = time.monotonic()
    made = read_plan(plan)
    (source, *others) = dict.fromkeys(str(record["document"]["source"]) for record in records(made))
    if others:
        raise InputError(f"{plan}: its calls have different runbooks, {', '.join([source, *others])}")
    for kind in kinds:
        if source_of(kind) != source:
            raise InputError(f"--compare: the plan's runbook is {source}, {kind} needs the configuration instead")
    return _all(f"Plan {plan.name}", {source: made}, scenario, kinds or [source], None, say, began)


def _all(
    title: str,
    made: Mapping[str, Any],
    scenario: Scenario,
    kinds: Sequence[str],
    document: Path | None,
    say: Callable[[str], None],
    began: float,
) -> model.Report:
    played = {}
    for kind in contenders(made, kinds):
        played[kind] = play(made[source_of(kind)], scenario, kind)
        say(f"  {played[kind].shown.title}: {played[kind].shown.words}")
    facts = [("Time", "virtual: nothing was waited for, the same input gives the same figures")]
    if document is not None:
        facts.append(("AWS's runbook", f"played from {document.name} in {document.parent.name}"))
    facts.append(("Took", f"{time.monotonic() - began:.0f} s, Terraform included"))
    return dataclasses.replace(report(title, played, facts), scenario=dataclasses.asdict(scenario))


def contenders(made: Mapping[str, Any], kinds: Sequence[str]) -> list[str]:
    """The nights to play. AWS's runbook is played one at a time as well where its windows take several at a time."""
    found = []
    for kind in kinds:
        if kind == AWS_OWNED and _several_at_a_time(made[source_of(kind)]):
            found.append(AWS_OWNED_ALONE)
        found.append(kind)
    return found


def _several_at_a_time(plan: Mapping[str, Any]) -> bool:
    fleets = [fleet for record in records(plan) for fleet in record["fleets"].values()]
    return len(fleets) > 1 or any(str(fleet["rate_control"]["concurrency"]) != "1" for fleet in fleets)


def source_of(kind: str) -> str:
    """The source whose plan a kind of night is played from; plain patching takes window and targets from ours."""
    return {PLAIN: BUNDLED, AWS_OWNED_ALONE: AWS_OWNED}.get(kind, kind)


def play(plan: Mapping[str, Any], scenario: Scenario, kind: str) -> Played:
    """One night of this kind."""
    profiles = [Profile.from_mapping(scenario.profile(name)) for name in scenario.machines]
    tail = max(p.reboot_seconds + p.start_seconds for p in profiles) + TAIL_SECONDS
    bounds = list[Bound]()

    def start(region: Region, world: World, loaded: Loaded) -> str:
        bounds.append(bound(plan, world, rolled(region, loaded.window_ids)))
        return _started(region, kind, loaded.window_ids)

    played = night(plan, scenario, start=start, tail=tail)
    shown = tell(
        played.evidence,
        title=TITLES[kind],
        words="",
        status=played.status,
        under_contract=kind != PLAIN,
        acts=played.acts,
    )
    numbers = figures(played.evidence, shown)
    least = bounds[0]
    told = dataclasses.replace(shown, words=_words(shown, numbers))
    return Played(told, numbers, least, beyond(shown, scenario, least))


def report(title: str, played: Mapping[str, Played], facts: Sequence[tuple[str, str]]) -> model.Report:
    """The nights by kind in one report. The contract counts for the bundled runbook only: no other promised it."""
    nights, found = [p.shown for p in played.values()], [p.figures for p in played.values()]
    least = next(iter(played.values())).bound
    made = compare(nights, found, least)
    table = dataclasses.replace(made, ratios=_ratios(played))
    ours = played.get(BUNDLED)
    others = [TITLES[kind] for kind in (PLAIN, AWS_OWNED) if kind in played] if ours else []
    lost = " ".join(f"{n.title} lost {count(n.lost)} of {count(n.sent)} requests." for n in nights)
    return model.Report(
        title=title,
        words=" ".join([lost, *(against(table, TITLES[BUNDLED], other) for other in others)]),
        held=not ours.shown.broken if ours else None,
        nights=tuple(nights),
        facts=tuple(facts),
        comparison=table,
    )


def _ratios(played: Mapping[str, Played]) -> tuple[model.Ratio, ...]:
    if BUNDLED not in played:
        return ()
    rolls = {kind: p.figures.roll for kind, p in played.items()}
    ours = played[BUNDLED]
    found = ratios(rolls[BUNDLED], rolls.get(AWS_OWNED_ALONE), rolls.get(AWS_OWNED), ours.bound)
    return found if ours.beyond is None else (*found, out_beyond(ours.beyond))


def _started(region: Region, kind: str, window_ids: Sequence[str]) -> str:
    if kind == AWS_OWNED_ALONE:
        return one_at_a_time(region, window_ids)
    if kind == PLAIN:
        region.authorizer = None  # its window sends a command by tag; which rights that takes is not its lesson
        return open_windows(region, plain_window(region, window_ids))
    return open_windows(region, window_ids)


def _words(shown: model.Night, numbers: Figures) -> str:
    patched = sum(m.patched is not None for m in shown.machines)
    return (
        f"{count(numbers.lost)} of {count(numbers.sent)} requests lost, {patched} of "
        f"{many(len(shown.machines), 'machine')} patched, the roll took {clock_text(numbers.roll)}."
    )
