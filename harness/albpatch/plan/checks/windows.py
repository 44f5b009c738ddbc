"""Does the window open, is it long enough, and does it meet another one on the same target group?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import combinations, islice, takewhile

from albpatch.findings import Finding
from albpatch.plan.duration import words
from albpatch.plan.groups import Group
from albpatch.plan.leases import in_common, lanes, room, share_leases, unknown
from albpatch.plan.model import Call, Fleet, document, number
from albpatch.plan.read import Mark
from albpatch.plan.rules import finding
from albpatch.plan.sides import Side, Subject, made_now, schedule
from albpatch.plan.words import OPENINGS, Timing, moment
from albpatch.schedule.cron import ScheduleError
from albpatch.schedule.openings import NotKnownYet, Opening, next_openings, openings

_AHEAD = timedelta(days=400)  # a year and a bit: every combination of months and clock changes once
_MOST = 5000


def check(subject: Subject) -> Iterator[Finding]:
    for call in subject.after.calls.values():
        yield from _opens(subject, call)
        for fleet in call.fleets:
            yield from _fits(subject, call, fleet)
    yield from _shared(subject, subject.after)


def _window(call: Call) -> str:
    window = call.one("aws_ssm_maintenance_window")
    return window.address if window else call.record_address


def _opens(subject: Subject, call: Call) -> Iterator[Finding]:
    if call.get("window", "enabled") is False:
        yield finding("window-disabled", _window(call), f"The window of {call.shown} is disabled.")
    plain = schedule(call)
    if plain is None:
        yield finding("not-shown", _window(call), f"The schedule of {call.shown} is not shown.")
        return
    try:
        made = subject.now if made_now(subject, call) else None
        found = next_openings(plain, subject.now, OPENINGS, made)
    except NotKnownYet:
        return  # the words say from when it is counted
    except ScheduleError as error:
        yield finding("schedule-refused", _window(call), f"{error}.")
        return
    if not found:
        yield finding("window-never-opens", _window(call), f"{plain.expression} has no opening left.")
    for opening in found:
        if opening.doubt:
            yield finding("clock-change", _window(call), f"{opening.start:%Y-%m-%d}: {opening.doubt}.")


def _fits(subject: Subject, call: Call, fleet: Fleet) -> Iterator[Finding]:
    found, _ = document(call.content)
    if found is None:
        return
    groups = subject.after.groups.of(call, fleet)
    timing = Timing(call, fleet, found, subject.after.groups.delay(groups), subject.after.state)
    whole, out = timing.whole.seconds, timing.out.seconds if timing.out else None
    if whole is None:
        steps = ", ".join(timing.whole.unbounded)
        yield finding("duration-unbounded", _window(call), f"Fleet {fleet.name}: nothing limits {steps}.")
        return
    if timing.duration is None or timing.starting is None:
        return
    if out is not None and out > timing.duration:
        text = (
            f"Fleet {fleet.name}: an instance may be out for {words(out)}, the window is open {words(timing.duration)}."
        )
        yield finding("window-too-short", _window(call), text)
    cutoff = timing.duration - timing.starting
    if whole > cutoff:
        late = words(whole - cutoff)
        yield finding("cutoff-short", _window(call), f"Fleet {fleet.name}: up to {late} after the end of the window.")
    least = _least(call, timing.count, groups)
    if least is not None and least > timing.starting:
        text = (
            f"Fleet {fleet.name}: {timing.count} instances that need patches take {words(least)} for waiting alone,"
            f" instances are started for {words(timing.starting)}."
        )
        yield finding("roll-too-long", _window(call), text)


def _least(call: Call, count: int | None, groups: list[Group]) -> int | None:
    """What a roll in which every instance is patched takes at least: the delays, the healthy looks, the bake time."""
    delays = [group.delay for group in groups if group.delay is not None]
    looks, interval, bake = (
        number(call.get("settings", "health", n)) for n in ("consecutive_looks", "interval_seconds", "bake_seconds")
    )
    if count is None or looks is None or interval is None or call.get("document", "source") != "bundled":
        return None
    return count * (max(delays, default=0) + (looks - 1) * interval + (bake or 0))


def _shared(subject: Subject, side: Side) -> Iterator[Finding]:
    """Fleets that serve in the same target group, where their windows can be open together."""
    said: set[tuple[str, str]] = set()
    for (one, first, ours), (other, second, theirs) in combinations(list(side.fleets()), 2):
        common = in_common(ours, theirs)
        if not common or unknown(one) or unknown(other):
            continue
        shown = ", ".join(group.shown for group in common)
        names = f"{shown}: fleet {first.name} of {one.shown} and fleet {second.name} of {other.shown}"
        counted = share_leases(one, other)
        if one.record_address == other.record_address:
            task = second.task.address if second.task else one.record_address
            if not counted:
                yield finding("fleets-share-target-group", task, f"{names}.")
            elif _more_than_spared(side, first, second):
                yield finding("leases-contended", task, f"{names} are patched side by side.")
        elif (pair := (one.address, other.address)) not in said:
            both = _overlap(subject, one, other)
            if both is None or (counted and not _more_than_spared(side, first, second)):
                continue
            said.add(pair)
            text = f"{names}: open together from {moment(max(o.start for o in both))}."
            yield finding("leases-contended" if counted else "windows-overlap", _window(other), text)


def _more_than_spared(side: Side, first: Fleet, second: Fleet) -> bool:
    """Whether two fleets together start more instances at once than a target group of both spares, or may do so."""
    started = [lanes(fleet, side.state) for fleet in (first, second)]
    spared = [room(fleet, 1) for fleet in (first, second)]
    return None in started or None in spared or sum(map(int, filter(None, started))) > min(filter(None, spared))


def _overlap(subject: Subject, one: Call, other: Call) -> tuple[Opening, Opening] | None:
    first, second = _ahead(subject, one), _ahead(subject, other)
    a = b = 0
    while a < len(first) and b < len(second):
        if first[a].start < second[b].end and second[b].start < first[a].end:
            return first[a], second[b]
        if first[a].end <= second[b].end:
            a += 1
        else:
            b += 1
    return None


def _ahead(subject: Subject, call: Call) -> list[Opening]:
    plain = schedule(call)
    if plain is None or call.get("window", "enabled") is False or isinstance(call.get("window", "enabled"), Mark):
        return []
    made = subject.now if made_now(subject, call) else None
    limit = subject.now + _AHEAD
    try:
        return list(islice(takewhile(lambda o: o.start < limit, openings(plain, subject.now, made)), _MOST))
    except (NotKnownYet, ScheduleError):
        return []
