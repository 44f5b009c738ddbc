"""Lets a scenario's faults happen: failing calls, a cancelled or killed execution, a machine that turns sick."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from albpatch.region.automation.service import Automation
from albpatch.region.core import Region
from albpatch.region.hosts import Hosts
from albpatch.region.journal import Entry
from albpatch.rehearsal.scenario import Interference
from albpatch.rehearsal.world import World

SAID = {"cancel": "execution cancelled", "kill": "execution died", "sicken": "turns sick", "recover": "recovers"}
Told = Callable[[str], None]


def arm(region: Region, world: World, told: Told = lambda _words: None) -> None:
    """Arm every fault of the scenario. Times count from now. `told` hears what was done, when it is done."""
    region.faults.calls.extend(dataclasses.replace(fault) for fault in world.scenario.call_faults)
    for one in world.scenario.interferences:
        _Armed(region, world, one, told)


def instance_of(region: Region, world: World, execution_id: str) -> str | None:
    """The instance that an execution was started for: the one its parameters name."""
    execution = region.part(Automation).executions.get(execution_id)
    if execution is None:
        return None
    known = set(world.machines.values())
    return next((v for values in execution.given.values() for v in values if v in known), None)


class _Armed:
    """One interference, waiting for its moment. It happens once."""

    def __init__(self, region: Region, world: World, what: Interference, told: Told) -> None:
        self._region, self._world, self._what, self._told = region, world, what, told
        self._instance = world.machines[what.machine]
        self._waiting = True
        if what.when.step is None and what.when.host is None:
            self._strike_later()
        else:
            region.journal.listeners.append(self._heard)

    def _heard(self, entry: Entry) -> None:
        if self._waiting and (self._is_host_state(entry) or self._is_step(entry)):
            self._strike_later()

    def _is_host_state(self, entry: Entry) -> bool:
        return entry.kind == "host" and (entry.subject, entry.detail["state"]) == (self._instance, self._what.when.host)

    def _is_step(self, entry: Entry) -> bool:
        if entry.kind != "step" or (entry.detail["step"], entry.detail["status"]) != (
            self._what.when.step,
            "InProgress",
        ):
            return False
        return instance_of(self._region, self._world, entry.subject) == self._instance

    def _strike_later(self) -> None:
        self._waiting = False
        self._region.clock.call_at(self._region.clock.time() + self._what.when.after, self._strike)

    def _strike(self) -> None:
        act, hosts = self._what.act, self._region.part(Hosts)
        if act == "sicken":
            hosts.sicken(self._instance)
        elif act == "recover":
            hosts.recover(self._instance)
        elif not self._end_execution(act):
            self._told(f"{self._what.machine}: no execution to {act}")
            return
        self._told(f"{self._what.machine}: {SAID[act]}")

    def _end_execution(self, act: str) -> bool:
        """Whether there was one to end."""
        automation = self._region.part(Automation)
        mine = [
            id_
            for id_, execution in automation.executions.items()
            if not execution.over and instance_of(self._region, self._world, id_) == self._instance
        ]
        for id_ in mine[-1:]:
            if act == "kill":
                automation.kill(id_)
            else:
                automation.stop(id_)
        return bool(mine)
