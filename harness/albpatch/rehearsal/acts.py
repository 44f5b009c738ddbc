"""The acts of a rehearsal: nights in scaled time on the same machines, under real HTTP traffic."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from albpatch.errors import InputError
from albpatch.region.clock import ScaledClock
from albpatch.region.core import Region
from albpatch.region.profiles import Profile
from albpatch.region.services.windows import Windows
from albpatch.region.sockets import Sockets
from albpatch.rehearsal.applied import Applied
from albpatch.rehearsal.build import settle, start_machines
from albpatch.rehearsal.counted import count_requests
from albpatch.rehearsal.evidence import Evidence
from albpatch.rehearsal.history import executions, until_quiet, window_end
from albpatch.rehearsal.interfere import arm
from albpatch.rehearsal.plain import plain_window
from albpatch.rehearsal.progress import Progress
from albpatch.rehearsal.scenario import Interference, Trigger
from albpatch.rehearsal.tell import tell
from albpatch.rehearsal.traffic import Traffic
from albpatch.rehearsal.world import World
from albpatch.report import model
from albpatch.report.terminal import Screen

TAIL_SECONDS = 30.0
WELL = ("patched", "compliant", "skipped", "deferred", "not touched")
LOOK_SECONDS = 0.25  # real seconds between two looks at a night that runs


@dataclass(frozen=True)
class Act:
    """One night to play.

    Attributes:
        title: as reports show it.
        plain: a window task that runs the patch command straight away, instead of the module's.
        interferences: what happens besides the scenario's own faults.
        tail: seconds to look on after the window's end.
    """

    title: str
    plain: bool = False
    interferences: tuple[Interference, ...] = ()
    tail: float = TAIL_SECONDS


def planned(world: World, numbers: Sequence[int]) -> list[Act]:
    """The acts of these numbers: 1 plain patching, 2 the module's window, 3 the same, cancelled during a reboot.

    Raises InputError when act 3 is asked for and no machine would reboot.
    """
    profiles = {n: Profile.from_mapping(world.scenario.profile(n)) for n in world.machines}
    slowest = max(p.start_seconds for p in profiles.values())
    acts = {1: Act("Plain patching", plain=True, tail=slowest + 60.0), 2: Act("The module's window")}
    if 3 in numbers:
        first = next((n for n, p in profiles.items() if p.missing_patches and p.managed), None)
        if first is None:
            raise InputError("assign: act 3 needs an instance with missing patches; --acts 1,2 does without")
        reboot = profiles[first].reboot_seconds
        cancel = Interference("cancel", first, Trigger(after=reboot / 2, host="rebooting"))
        tail = reboot + slowest + 30.0
        acts[3] = Act("The module's window, cancelled during a reboot", interferences=(cancel,), tail=tail)
    return [acts[n] for n in numbers]


def play(applied: Applied, act: Act, factor: float, screen: Screen) -> model.Night:
    """Play one act. Nothing of it runs afterwards, whatever happens."""
    scenario = dataclasses.replace(
        applied.world.scenario, interferences=applied.world.scenario.interferences + act.interferences
    )
    world = dataclasses.replace(applied.world, scenario=scenario)
    clock = ScaledClock(factor)
    region = applied.again(clock, under_iam=not act.plain)
    try:
        start_machines(region, world)
        sockets = region.part(Sockets)
        window_ids = plain_window(region, applied.window_ids) if act.plain else applied.window_ids
        clock.run(clock.spawn("settle", settle, region, world))
        urls = {arn: sockets.url(arn) for arn in world.used_groups}
        traffic = Traffic(clock, urls, scenario.traffic, factor)
        try:
            return _night(region, world, act, window_ids, traffic, screen)
        finally:
            traffic.stop()
    finally:
        region.close()


def _night(
    region: Region, world: World, act: Act, window_ids: Sequence[str], traffic: Traffic, screen: Screen
) -> model.Night:
    clock, happened, statuses = region.clock, list[tuple[float, str]](), list[str]()
    began = clock.time()
    progress = Progress(region, world, act.title, began, traffic)
    traffic.start()
    arm(region, world, lambda words: happened.append((clock.time(), words)))

    def work() -> None:
        windows = region.part(Windows)
        opened = [windows.fire(window_id) for window_id in window_ids]
        statuses.extend(windows.wait(execution_id) for execution_id in opened)
        until_quiet(region)
        clock.sleep(act.tail)

    night = clock.spawn("night", work)
    with _looking(lambda: screen.show(progress.snapshot())):
        clock.run(night)
    traffic.stop()
    ended = clock.time()
    with clock.lock:
        evidence = Evidence(
            world=world,
            entries=list(region.journal.entries),
            calls=list(region.calls),
            traffic=count_requests(traffic.requests, region.journal.entries, world, began),
            executions=executions(region, world, began),
            start=began,
            end=ended,
            opened_until=window_end(region),
        )
    return _told(evidence, act, ", ".join(dict.fromkeys(statuses)), happened)


def _told(evidence: Evidence, act: Act, status: str, happened: Sequence[tuple[float, str]]) -> model.Night:
    night = tell(
        evidence,
        title=act.title,
        words="",
        status=status,
        under_contract=not act.plain,
        acts=happened,
    )
    return dataclasses.replace(night, words=sentence(night, act))


def sentence(night: model.Night, act: Act) -> str:
    """What happened, in one or two sentences."""
    lost, sent = round(night.lost), round(night.sent)
    of = f"{lost:,} of {sent:,} requests" if lost else f"none of {sent:,} requests"
    patched = sum(m.patched is not None for m in night.machines)
    machines = f"{patched} of {len(night.machines)} machines patched"
    if act.plain:
        return f"Machines rebooted while requests were still sent to them: {of} lost, {machines}."
    out = [m.name for m in night.machines if m.out_from is not None and m.out_to is None]
    if act.interferences and out:
        names = ", ".join(out)
        return f"{of.capitalize()} lost. {names} stays out of rotation until a person puts it back; no other followed."
    back = [m.name for m in night.machines if m.out_to is not None and m.outcome not in WELL]
    if act.interferences and back:
        names = ", ".join(back)
        return f"{of.capitalize()} lost. {names} was put back once nothing could reboot it any more; no other followed."
    unwell = [f"{m.name} {m.outcome}" for m in night.machines if m.name in out or m.outcome not in WELL]
    if unwell:
        return f"{of.capitalize()} lost, {machines}. Not well: {', '.join(unwell)}."
    return f"One machine at a time left, was patched and came back: {of} lost, {machines}."


class _looking:  # noqa: N801 (used as a function)
    """Calls `look` again and again in a thread of its own, until the block ends."""

    def __init__(self, look: Callable[[], None]) -> None:
        self._look, self._over = look, threading.Event()
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            self._look()
