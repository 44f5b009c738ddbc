"""What a verdict is computed from: journal, call log, requests and executions of one night, and nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from albpatch.region.core import Call
from albpatch.region.journal import Entry
from albpatch.rehearsal.losses import GroupTraffic
from albpatch.rehearsal.world import World
from albpatch.report.model import Held
from albpatch.report.words import clock_text

Verdict = tuple[Held, str]
OVER = {"Success", "Failed", "TimedOut", "Cancelled", "Exited", "CompletedWithFailure", "CompletedWithSuccess"}
INTERRUPTED = ("Cancelled", "Cancelling")


@dataclass(frozen=True)
class Execution:
    """One execution of the night that concerns one instance. Times are seconds since the epoch."""

    id: str
    instance: str
    started: float
    ended: float | None
    status: str
    killed: bool
    outputs: dict[str, list[str]]


@dataclass(frozen=True)
class Evidence:
    """What a verdict is computed from.

    Args:
        entries, calls: journal and call log of the region.
        traffic: requests by target group ARN, counted (scaled time) or computed (virtual time).
        executions: the executions of the night, in the order of their start.
        start, end: of the night, seconds since the epoch.
        opened_until: end of the maintenance window, or None for a hand start.
    """

    world: World
    entries: Sequence[Entry]
    calls: Sequence[Call]
    traffic: dict[str, GroupTraffic]
    executions: Sequence[Execution]
    start: float
    end: float
    opened_until: float | None = None

    @cached_property
    def night(self) -> list[Entry]:
        return [e for e in self.entries if self.start <= e.time <= self.end]

    @cached_property
    def of_instance(self) -> dict[str, list[Entry]]:
        """The night's commands and changes of targets by instance: a night of many machines is read once for all."""
        found: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.night:
            if entry.kind == "command":
                found[entry.detail["instance"]].append(entry)
            elif entry.kind == "target":
                found[entry.subject.rsplit("|", 2)[1]].append(entry)
        return dict(found)

    @cached_property
    def instances(self) -> dict[str, str]:
        """Instance by execution id, those of child executions included."""
        named = [x for x in self.night if x.kind == "execution" and {"parent", "instance"} <= set(x.detail)]
        return {x.subject: str(x.detail["instance"]) for x in named} | {x.id: x.instance for x in self.executions}

    @cached_property
    def role_calls(self) -> list[Call]:
        return [c for c in self.calls if c.caller.role_name is not None and c.time >= self.start]

    @cached_property
    def writes(self) -> list[Call]:
        """The registrations and deregistrations that the night's roles made and that were accepted."""
        names = ("RegisterTargets", "DeregisterTargets")
        return [c for c in self.role_calls if c.service == "elbv2" and c.operation in names and c.error is None]

    @cached_property
    def until_end(self) -> list[Entry]:
        """Everything up to the night's end: what stood before counts."""
        return [x for x in self.entries if x.time <= self.end]

    def is_ours(self, entry: Entry) -> bool:
        """Whether a registration or deregistration was made by one of the night's roles."""
        return entry.time >= self.start and ":assumed-role/" in str(entry.detail.get("by", ""))

    @cached_property
    def took_out(self) -> list[tuple[float, str, str]]:
        """(time, target group, instance) of every deregistration by the night's roles."""
        found = []
        for entry in self.night:
            if entry.kind == "registration" and entry.detail["action"] == "deregister" and self.is_ours(entry):
                arn, instance_id, _ = entry.subject.rsplit("|", 2)
                found.append((entry.time, arn, instance_id))
        return found

    @cached_property
    def last_state(self) -> dict[str, str]:
        """Health state by `target group|instance|port` at the end of the night."""
        return {e.subject: e.detail["state"] for e in self.entries if e.kind == "target" and e.time <= self.end}

    @cached_property
    def last_host(self) -> dict[str, str]:
        return {e.subject: e.detail["state"] for e in self.entries if e.kind == "host" and e.time <= self.end}

    def at(self, time: float) -> str:
        """A moment as a reader sees it: minutes and seconds from the start."""
        return clock_text(time - self.start)

    def name(self, instance_id: str) -> str:
        return self.world.machine_name(instance_id)

    def names(self, instances: Iterable[str]) -> str:
        """The machines' names, each once."""
        return ", ".join(dict.fromkeys(self.name(i) for i in instances))

    def missing(self, instance_id: str) -> list[str]:
        """The instance's registrations of before the night that are not there at its end."""
        return [
            f"{arn}|{instance_id}|{port}"
            for arn, port in self.world.registrations(instance_id)
            if self.last_state.get(f"{arn}|{instance_id}|{port}", "absent") in ("absent", "draining")
        ]
