"""A patch night in virtual time: a plan and a scenario in, exact numbers and the contract line by line out.

No request is simulated and no clock is waited for; the same input gives the same night to the second.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from albpatch.region.authorization import install
from albpatch.region.clock import VirtualClock
from albpatch.region.control_plane import attach
from albpatch.region.core import Region
from albpatch.region.event_bus import EventBus
from albpatch.region.services.windows import Windows
from albpatch.rehearsal.build import create, region_name, settle, start_machines
from albpatch.rehearsal.deployment import budgets, retarget
from albpatch.rehearsal.evidence import Evidence, Execution
from albpatch.rehearsal.from_plan import Loaded, load
from albpatch.rehearsal.history import executions, until_quiet, window_end
from albpatch.rehearsal.interfere import arm
from albpatch.rehearsal.losses import lost
from albpatch.rehearsal.scenario import Scenario
from albpatch.rehearsal.tell import tell
from albpatch.rehearsal.verdict import contract
from albpatch.rehearsal.world import World
from albpatch.report import model

TAIL_SECONDS = 120.0
SELDOM = (100_000, 20, 20)  # a night keeps nearly all that it makes: looking for garbage was a seventh of its time


@dataclass
class Night:
    """What a night left. Times are seconds since the epoch."""

    region: Region
    world: World
    evidence: Evidence
    status: str = ""
    acts: list[tuple[float, str]] = field(default_factory=list)

    @property
    def executions(self) -> list[Execution]:
        return list(self.evidence.executions)

    @property
    def promises(self) -> dict[str, model.Promise]:
        """The contract by id."""
        return {p.id: p for p in contract(self.evidence)}

    @property
    def lost(self) -> float:
        return sum(t.lost for t in self.evidence.traffic.values())

    def of(self, machine: str) -> Execution:
        """The last execution for a machine."""
        return [x for x in self.executions if x.instance == self.world.machines[machine]][-1]

    def outcome(self, machine: str) -> str:
        """The outcome that the machine's execution reported, or its status where it reported none."""
        execution = self.of(machine)
        return next((v[0] for k, v in execution.outputs.items() if k.endswith(".Outcome")), execution.status)

    def report(self, title: str = "The module's window", words: str = "") -> model.Night:
        return tell(self.evidence, title=title, words=words, status=self.status, acts=self.acts)


Start = Callable[[Region, World, Loaded], str]


def night(
    plan: Mapping[str, Any],
    scenario: Scenario,
    *,
    start: Start | None = None,
    prepare: Callable[[Region, World], None] = lambda _region, _world: None,
    tail: float = TAIL_SECONDS,
    managed_policies: bool = False,
) -> Night:
    """Play one night and close its region.

    Args:
        plan: `terraform show -json` of a plan that calls the module. Its target groups are found by name.
        scenario: what exists, how it behaves, what goes wrong.
        start: what begins the night, run as an activity, and its status; without it the plan's only window is fired.
        prepare: called when all stands and is healthy, before the night begins.
        tail: seconds to look on after the end.
        managed_policies: whether AWS's own IAM policies exist (loading them takes a second).
    """
    with _seldom_collecting():
        return _night(plan, scenario, start or fire, prepare, tail, managed_policies)


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(*SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _night(
    plan: Mapping[str, Any],
    scenario: Scenario,
    start: Start,
    prepare: Callable[[Region, World], None],
    tail: float,
    managed_policies: bool,
) -> Night:
    region = Region(VirtualClock(), name=region_name(scenario))
    attach(region, managed_policies=managed_policies)
    try:
        world = create(region, scenario)
        retargeted = retarget(plan, world)
        loaded = load(region, retargeted)
        world = World(scenario, world.groups, world.machines, budgets(retargeted))
        install(region)
        region.part(EventBus).start()
        start_machines(region, world)
        _until_over(region, "settle", lambda: settle(region, world))
        prepare(region, world)
        return _play(region, world, loaded, start, tail)
    finally:
        region.close()


def fire(region: Region, _world: World, loaded: Loaded) -> str:
    """Open the only window and wait for its end. Returns its status."""
    windows = region.part(Windows)
    (window_id,) = loaded.window_ids
    return windows.wait(windows.fire(window_id))


def _play(region: Region, world: World, loaded: Loaded, start: Start, tail: float) -> Night:
    acts: list[tuple[float, str]] = []
    began, statuses = region.clock.time(), list[str]()
    arm(region, world, lambda words: acts.append((region.clock.time(), words)))

    def work() -> None:
        statuses.append(start(region, world, loaded))
        until_quiet(region)
        region.clock.sleep(tail)

    _until_over(region, "night", work)
    ended = region.clock.time()
    evidence = Evidence(
        world=world,
        entries=list(region.journal.entries),
        calls=list(region.calls),
        traffic=lost(region.journal.entries, world.scenario.traffic, world.used_groups, began, ended, world.keep_open),
        executions=executions(region, world, began),
        start=began,
        end=ended,
        opened_until=window_end(region),
    )
    return Night(region, world, evidence, statuses[0], acts)


def _until_over(region: Region, name: str, work: Callable[[], None]) -> None:
    region.clock.run(region.clock.spawn(name, work))
