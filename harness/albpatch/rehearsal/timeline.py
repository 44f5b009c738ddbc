"""From a night's journal to what each machine did when, and to the capacity of each target group."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from albpatch.region.journal import Entry
from albpatch.rehearsal.world import World
from albpatch.report.model import Span, State

IN_FLIGHT = {"Pending", "InProgress", "Delayed", "Cancelling"}
PATCHING = "Install"
DOWN = {"rebooting": State.REBOOTING, "starting": State.STARTING, "stopped": State.STOPPED, "gone": State.STOPPED}


@dataclass
class Known:
    """What is known of one instance at the present entry."""

    host: str = "stopped"
    targets: dict[str, str] = field(default_factory=dict)  # "<tg>|<port>" -> health state
    routed: set[str] = field(default_factory=set)  # target groups that send requests here
    installing: set[str] = field(default_factory=set)  # command ids in flight
    step: str = ""
    why: str = ""

    def state(self) -> State:
        if self.host in DOWN:
            return State.DOWN_IN_ROTATION if self.routed else DOWN[self.host]
        states = set(self.targets.values()) - {"unused", "absent"}
        if "draining" in states or (self.routed and not states):
            return State.DRAINING  # gone from the group, and late requests still arrive
        if self.routed and states <= {"healthy"}:
            return State.IN_ROTATION
        if self.installing:
            return State.PATCHING
        return State.CHECKING if states else State.OUT


@dataclass
class Track:
    """One machine's spans, while they grow."""

    spans: list[Span] = field(default_factory=list)
    state: State | None = None
    since: float = 0.0
    texts: list[str] = field(default_factory=list)

    def now(self, at: float, state: State, text: str) -> None:
        if state is not self.state:
            self.close(at)
            self.state, self.since, self.texts = state, at, []
        if text and text not in self.texts:
            self.texts.append(text)

    def close(self, at: float) -> None:
        if self.state is not None and at > self.since:
            self.spans.append(Span(self.since, at, self.state, "; ".join(self.texts)))


@dataclass(frozen=True)
class Timeline:
    """Spans by instance id, and (time, healthy targets) by target group ARN. Seconds from the night's start."""

    spans: dict[str, tuple[Span, ...]]
    capacity: dict[str, tuple[tuple[float, int], ...]]


def draw(entries: Iterable[Entry], world: World, start: float, end: float, instance_of: Mapping[str, str]) -> Timeline:
    """The timeline between `start` and `end`, seconds since the epoch; earlier entries say what stood before.

    `instance_of` says which instance an execution was for.
    """
    machines: dict[str, Known] = defaultdict(Known)
    tracks = {i: Track() for i in world.machines.values()}
    healthy: dict[str, set[str]] = {arn: set() for arn in world.groups.values()}
    capacity: dict[str, list[tuple[float, int]]] = {arn: [(0.0, 0)] for arn in world.groups.values()}

    for entry in entries:
        if entry.time > end:
            break
        for instance_id in apply(entry, machines, instance_of):
            if instance_id in tracks:
                known = machines[instance_id]
                text = ", ".join(part for part in (known.step, known.why) if part)
                tracks[instance_id].now(max(0.0, entry.time - start), known.state(), text)
        if entry.kind == "target":
            _count(entry, healthy, capacity, max(0.0, entry.time - start))
    for track in tracks.values():
        track.close(end - start)
    return Timeline({i: tuple(t.spans) for i, t in tracks.items()}, {a: tuple(c) for a, c in capacity.items()})


def apply(entry: Entry, machines: dict[str, Known], instance_of: Mapping[str, str]) -> list[str]:
    """Keep what an entry says, and tell which instances it concerns."""
    detail = entry.detail
    if entry.kind == "host":
        machines[entry.subject].host = detail["state"]
        return [entry.subject]
    if entry.kind == "target":
        group, instance_id, port = entry.subject.rsplit("|", 2)
        machines[instance_id].targets[f"{group}|{port}"] = detail["state"]
        machines[instance_id].why = str(detail.get("reason") or "")
        return [instance_id]
    if entry.kind == "routing":
        return _routing(entry, machines)
    if entry.kind == "command" and detail.get("operation") == PATCHING:
        commands = machines[detail["instance"]].installing
        (commands.add if detail["status"] in IN_FLIGHT else commands.discard)(entry.subject)
        return [detail["instance"]]
    if entry.kind == "step" and entry.subject in instance_of and detail["status"] == "InProgress":
        machines[instance_of[entry.subject]].step = detail["step"]
        return [instance_of[entry.subject]]
    return []


def _routing(entry: Entry, machines: dict[str, Known]) -> list[str]:
    """Only who came or went is looked at: a group may have a thousand targets."""
    group, now = entry.subject, {t.split("|", 1)[0] for t in entry.detail["routed"]}
    before = {i for i, m in machines.items() if group in m.routed}
    for instance_id in now ^ before:
        machines[instance_id].routed ^= {group}
    return sorted(now ^ before)


def _count(entry: Entry, healthy: dict[str, set[str]], capacity: dict[str, list[tuple[float, int]]], at: float) -> None:
    group, target = entry.subject.split("|", 1)
    if group not in healthy:
        return
    (healthy[group].add if entry.detail["state"] == "healthy" else healthy[group].discard)(target)
    steps = capacity[group]
    if steps[-1][0] == at:
        steps.pop()
    steps.append((at, len(healthy[group])))
