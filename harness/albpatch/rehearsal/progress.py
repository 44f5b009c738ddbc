"""What is going on in a night that runs, for a screen."""

from __future__ import annotations

from collections import defaultdict

from albpatch.region.core import Region
from albpatch.region.journal import Entry
from albpatch.rehearsal.interfere import instance_of
from albpatch.rehearsal.timeline import Known, apply
from albpatch.rehearsal.traffic import Traffic
from albpatch.rehearsal.world import World
from albpatch.report.model import State
from albpatch.report.terminal import Snapshot


class Progress:
    """Follows the journal entry by entry. What stood before is read once."""

    def __init__(self, region: Region, world: World, title: str, began: float, traffic: Traffic) -> None:
        self._region, self._world, self._title, self._began, self._traffic = region, world, title, began, traffic
        self._known: dict[str, Known] = defaultdict(Known)
        self._instances: dict[str, str] = {}
        with region.clock.lock:
            for entry in region.journal.entries:
                self._heard(entry)
            region.journal.listeners.append(self._heard)

    def snapshot(self) -> Snapshot:
        with self._region.clock.lock:
            machines = [(name, *self._machine(instance_id)) for name, instance_id in self._world.machines.items()]
            groups = [self._group(name, arn) for name, arn in self._world.groups.items()]
            seconds = self._region.clock.time() - self._began
        return Snapshot(self._title, seconds, machines, groups, self._traffic.sent, self._traffic.lost)

    def _heard(self, entry: Entry) -> None:
        if entry.kind == "step" and entry.subject not in self._instances:
            found = instance_of(self._region, self._world, entry.subject)
            if found is not None:
                self._instances[entry.subject] = found
        apply(entry, self._known, self._instances)

    def _machine(self, instance_id: str) -> tuple[str, str]:
        known = self._known[instance_id]
        state = known.state()
        return state.value, "" if state is State.IN_ROTATION and not known.installing else known.step

    def _group(self, name: str, arn: str) -> tuple[str, int, int, int]:
        registered = self._world.registered(arn)
        healthy = sum(self._known[i].targets.get(f"{arn}|{p}") == "healthy" for i, p in registered)
        return name, healthy, len(registered), self._world.floor(arn, (f"{i}|{p}" for i, p in registered))
