"""The least time that a night's roll can take: from the scenario's times and the settings, for the windows as split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from albpatch.region.core import Region
from albpatch.region.profiles import Profile
from albpatch.region.services.window_definitions import WindowDefinitions
from albpatch.region.services.window_invocations import at_least_one
from albpatch.region.services.window_targets import resources
from albpatch.region.services.windows import Windows
from albpatch.rehearsal.deployment import records
from albpatch.rehearsal.scenario import Scenario
from albpatch.rehearsal.world import World
from albpatch.report.bound import Bound, LeastFleet, LeastMachine, LeastWindow
from albpatch.report.model import Night

NETWORK_PROPAGATION = 120.0  # containers-roadmap #470: a Network Load Balancer goes on sending for two minutes
DELAY, DEFAULT_DELAY = "deregistration_delay.timeout_seconds", 300.0
Rolled = list[tuple[str, list[tuple[str, int, list[str]]]]]  # window -> (task, concurrency, instance ids)


def rolled(region: Region, window_ids: Sequence[str]) -> Rolled:
    """What the windows roll over: the instances of every task, and how many of them at a time."""
    order, found = region.part(Windows).order, Rolled()
    for window_id in window_ids:
        window, tasks = region.part(WindowDefinitions).get(window_id), []
        for task in window.tasks.values():
            if not task.get("Targets"):
                continue
            ids = [r.id for r in resources(region, region.administrator, window, task, order)]
            tasks.append((str(task.get("Name", "")), at_least_one(task["MaxConcurrency"], max(1, len(ids))), ids))
        found.append((str(window.members["Name"]), tasks))
    return found


def bound(plan: Mapping[str, Any], world: World, windows: Rolled) -> Bound:
    """The least time of a roll that keeps the settings of the plan's first deployment record."""
    settings = _settings(records(plan)[0]["settings"])
    return Bound(
        tuple(
            LeastWindow(
                name,
                tuple(
                    LeastFleet(
                        task, concurrency, tuple(_machine(world, world.machine_name(i), settings) for i in instances)
                    )
                    for task, concurrency, instances in tasks
                ),
            )
            for name, tasks in windows
        ),
        settings,
    )


def beyond(night: Night, scenario: Scenario, least: Bound) -> float | None:
    """The longest time in seconds that a machine was out besides its patch, reboot and start, and one health check.

    Of those that were patched and came back; None where there is none.
    """
    own = {machine.name: machine for window in least.windows for fleet in window.fleets for machine in fleet.machines}
    found = []
    for machine in night.machines:
        if machine.out_to is None or machine.patched is None or machine.name not in own:
            continue
        parts = own[machine.name]
        checks = [scenario.target_groups[name].health_check.interval for name in machine.groups]
        found.append(machine.out_seconds - parts.patch - parts.reboot - parts.after_reboot - max(checks, default=0))
    return max(found, default=None)


def _settings(given: Mapping[str, Any]) -> dict[str, float]:
    """What the record asks for, as numbers; a member that an older record does not have asks for nothing."""
    drain, health, patching = (given.get(name) or {} for name in ("drain", "health", "patching"))
    return {
        "propagation_seconds": float(drain.get("propagation_seconds", 0)),
        "waits_for_the_delay": float(drain.get("wait_for") == "delay"),
        "looks_seconds": float((health.get("consecutive_looks", 1) - 1) * health.get("interval_seconds", 0)),
        "bake_seconds": float(health.get("bake_seconds", 0)),
        "reboots": float(patching.get("reboot_option", "RebootIfNeeded") != "NoReboot"),
    }


def _machine(world: World, name: str, settings: Mapping[str, float]) -> LeastMachine:
    machine, profile = world.scenario.machines[name], Profile.from_mapping(world.scenario.profile(name))
    if machine.state != "running" or not profile.managed:
        return LeastMachine(name)
    reboots = bool(settings["reboots"]) and bool(profile.missing_patches or profile.pending_reboot)
    if not profile.missing_patches and not reboots:
        return LeastMachine(name, scan=profile.scan_seconds)
    in_rotation = [r.target_group for r in machine.registrations]
    return LeastMachine(
        name,
        scan=profile.scan_seconds,
        wait=max((_wait(world, group, settings) for group in in_rotation), default=0.0),
        patch=profile.patch_seconds if profile.missing_patches else profile.scan_seconds,
        reboot=profile.reboot_seconds if reboots else 0.0,
        after_reboot=max(profile.start_seconds, profile.agent_seconds + profile.scan_seconds) if reboots else 0.0,
        looks=settings["looks_seconds"] + settings["bake_seconds"] if in_rotation else 0.0,
    )


def _wait(world: World, name: str, settings: Mapping[str, float]) -> float:
    group = world.scenario.target_groups[name]
    network = group.protocol not in ("HTTP", "HTTPS")
    least = max(settings["propagation_seconds"], NETWORK_PROPAGATION if network else 0.0)
    if not settings["waits_for_the_delay"]:
        return least
    return max(least, float(group.attributes.get(DELAY, DEFAULT_DELAY)))
