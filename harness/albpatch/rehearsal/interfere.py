"""Lets a scenario's faults happen: failing calls, ended executions, machines that turn sick, alarms, freezes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import suppress

from albpatch.region.automation.service import Automation
from albpatch.region.clock import current_activity
from albpatch.region.core import Region
from albpatch.region.faults import CallFault
from albpatch.region.hosts import Hosts
from albpatch.region.journal import Entry
from albpatch.region.load_balancer import LoadBalancing
from albpatch.region.operations import AwsError
from albpatch.region.services.alarms import Alarms
from albpatch.region.services.calendars import Calendars
from albpatch.rehearsal.scenario import Interference
from albpatch.rehearsal.scenario_faults import ALARM_ACTS, CALENDAR_ACTS, HANDS
from albpatch.rehearsal.world import World

SAID = {
    "cancel": "execution cancelled",
    "kill": "execution died",
    "sicken": "turns sick",
    "recover": "recovers",
    "stop": "is stopped",
    "crash": "crashes",
    "deregister": "deregistered by somebody else",
    "register": "registered by somebody else",
}
NOBODY = "no execution to"
Told = Callable[[str], None]


def arm(region: Region, world: World, told: Told = lambda _words: None) -> None:
    """Arm every fault of the scenario. Times count from now. `told` hears what was done, when it is done."""
    for fault in world.scenario.call_faults:
        region.faults.calls.append(dataclasses.replace(fault, labels=_here(world, fault.labels)))
    region.faults.events.extend(dataclasses.replace(fault) for fault in world.scenario.event_faults)
    for one in world.scenario.interferences:
        _Armed(region, world, one, told)


def _here(world: World, labels: dict[str, str]) -> dict[str, str]:
    """The labels with the machine's instance id in the place of its name."""
    return {name: world.machines.get(value, value) if name == "targets" else value for name, value in labels.items()}


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
        self._instance = world.machines.get(what.machine, "")
        self._victim = what.other or what.machine
        self._execution: str | None = None  # the one whose step or call it was
        self._waiting = True
        if what.when.call is not None:
            self._at_call(*what.when.call)
        elif what.when.step is None and what.when.host is None:
            self._strike_later()
        else:
            region.journal.listeners.append(self._heard)

    def _at_call(self, service: str, operation: str) -> None:
        when, labels = self._what.when, {"targets": self._instance}
        if when.step is not None:
            labels["step"] = when.step
        fault = CallFault(service, operation, None, first=when.number, carried_out=when.carried_out, labels=labels)
        fault.act = self._called
        self._region.faults.calls.insert(0, fault)

    def _called(self) -> None:
        activity = current_activity()
        self._execution = None if activity is None else activity.labels.get("execution")
        if self._what.when.after:
            self._strike_later()
        else:
            self._strike()

    def _heard(self, entry: Entry) -> None:
        if self._waiting and (self._is_host_state(entry) or self._is_step(entry)):
            self._execution = entry.subject if entry.kind == "step" else None
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
        what = self._what
        if what.act in ALARM_ACTS:
            self._region.part(Alarms).set(what.alarm, ALARM_ACTS[what.act])
            self._told(f"alarm {what.alarm}: {ALARM_ACTS[what.act]}")
        elif what.act in CALENDAR_ACTS:
            self._region.part(Calendars).set(what.calendar, CALENDAR_ACTS[what.act])
            self._told(f"calendar {what.calendar}: {CALENDAR_ACTS[what.act]}")
        else:
            self._strike_machine()

    def _strike_machine(self) -> None:
        act, host = self._what.act, self._region.part(Hosts)[self._world.machines[self._victim]]
        if act in ("cancel", "kill"):
            ended = self._running()
            if ended is None:
                self._told(f"{self._victim}: {NOBODY} {act}")
                return
            self._told(f"{self._victim}: {SAID[act]}")
            self._end_execution(ended, act)
            return
        if act in HANDS:
            self._by_hand(act)
        elif act in ("sicken", "recover"):
            host.change(sick=act == "sicken")
        elif host.power in ("running", "rebooting"):
            (host.stop if act == "stop" else host.crash)()
        self._told(f"{self._victim}: {SAID[act]}")

    def _by_hand(self, act: str) -> None:
        """Somebody who may do everything does it to every registration that the machine had before the night."""
        balancing, instance = self._region.part(LoadBalancing), self._world.machines[self._victim]
        change = balancing.register if act == "register" else balancing.deregister
        for arn in self._world.groups.values():
            ports = [port for registered, port in self._world.registered(arn) if registered == instance]
            with suppress(AwsError):  # a machine that does not run cannot be registered
                change(self._region.administrator, arn, [{"Id": instance, "Port": port} for port in ports])

    def _running(self) -> str | None:
        """The execution that came to the moment, else the last one of the machine that is not over."""
        automation, instance = self._region.part(Automation), self._world.machines[self._victim]
        mine = [
            id_
            for id_, execution in automation.executions.items()
            if not execution.over and instance_of(self._region, self._world, id_) == instance
        ]
        return self._execution if self._execution in mine else next(iter(mine[-1:]), None)

    def _end_execution(self, execution_id: str, act: str) -> None:
        """A cancellation that is on its way already cannot be asked for twice."""
        automation = self._region.part(Automation)
        if act == "kill":
            automation.kill(execution_id)
        elif automation.known(execution_id).stop is None:
            automation.stop(execution_id)
