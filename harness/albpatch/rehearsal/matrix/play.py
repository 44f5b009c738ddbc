"""Plays one night of the matrix: the window with its fault, the repair of what the fault broke, and the recovery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from albpatch.region.automation.executions import Execution
from albpatch.region.automation.service import Automation
from albpatch.region.core import Region
from albpatch.region.hosts import Host, Hosts
from albpatch.rehearsal.from_plan import Loaded
from albpatch.rehearsal.history import until_quiet
from albpatch.rehearsal.interfere import NOBODY
from albpatch.rehearsal.nights import Night, fire, night
from albpatch.rehearsal.scenario import Scenario
from albpatch.rehearsal.world import World

RESTORE = "-alb-restore"
CHILDREN = ("-alb-assess", RESTORE)  # end the names of what a patching execution starts
ROUNDS = 3  # as often as somebody, or a sweep, looks again
ROUND_SECONDS = 600.0
BOOT_SECONDS = 900.0
Item = dict[str, Any]


@dataclass
class Aftermath:
    """What was there when the window's executions were over, and what the recovery left.

    Attributes:
        window_over: when the window and everything that it started was over, seconds since the epoch.
        left: the records by instance id, at that moment.
        rounds: how often the restore runbook was started for what was left.
        table: the items of the lease table in the end, by key.
        hosts: the machines in the end, by instance id.
        struck: whether every fault of the scenario came to pass.
    """

    window_over: float = 0.0
    left: dict[str, Item] = field(default_factory=dict)
    rounds: int = 0
    table: dict[str, Item] = field(default_factory=dict)
    hosts: dict[str, Host] = field(default_factory=dict)
    struck: bool = False


def play(plan: Mapping[str, Any], scenario: Scenario) -> tuple[Night, Aftermath]:
    """The night and its recovery. Raises whatever the region raises for a night that hangs or asks for the unknown."""
    found = Aftermath()

    def start(region: Region, world: World, loaded: Loaded) -> str:
        status = fire(region, world, loaded)
        until_quiet(region)
        found.window_over, found.left = region.clock.time(), records(region, loaded)
        _recover(region, loaded, found)  # while the fault is still there
        found.struck = all(fault.seen >= fault.first for fault in region.faults.calls)
        region.faults.calls.clear()
        _repair(region)
        while records(region, loaded) and found.rounds < ROUNDS:
            region.clock.sleep(ROUND_SECONDS)
            _scan(region, list(records(region, loaded)))
            _recover(region, loaded, found)
        found.table, found.hosts = table(region, loaded), {h.id: h for h in region.part(Hosts).all()}
        return status

    played = night(plan, scenario, start=start)
    done = [words for _, words in played.acts if NOBODY not in words]
    found.struck = found.struck and len(done) == len(scenario.interferences)
    return played, found


def _recover(region: Region, loaded: Loaded, found: Aftermath) -> None:
    """Start the restore runbook once for every open record, as whoever notices does, and wait for the ends."""
    open_now = records(region, loaded)
    found.rounds += bool(open_now)
    for instance in open_now:
        start_restore(region, loaded, instance)
    until_quiet(region)


def _scan(region: Region, instances: list[str]) -> None:
    """A person asks the hosts with a scan whether a patch run still holds the lock, as HOST_NOT_IDLE says."""
    request = {"DocumentName": "AWS-RunPatchBaseline", "Parameters": {"Operation": ["Scan"]}}
    region.call(region.administrator, "ssm", "SendCommand", {**request, "InstanceIds": instances})
    region.clock.sleep(ROUND_SECONDS)


def start_restore(region: Region, loaded: Loaded, instance: str) -> Execution:
    """Start the restore runbook for an instance, as a person with every right does."""
    name = next(name for name in loaded.documents.values() if name.endswith(RESTORE))
    params = {"DocumentName": name, "Parameters": {"InstanceId": [instance]}}
    started = region.call(region.administrator, "ssm", "StartAutomationExecution", params)
    return region.part(Automation).known(started["AutomationExecutionId"])


def _repair(region: Region) -> None:
    """Somebody heals the machines that the fault stopped, crashed or made sick, and waits until they serve."""
    for host in region.part(Hosts).all():
        if host.sick:
            host.change(sick=False)
        if host.crashed or host.power == "stopped":
            host.start()
    until = region.clock.time() + BOOT_SECONDS
    while not all(h.state == "serving" and h.agent_up for h in region.part(Hosts).all()):
        if region.clock.time() > until:
            return
        region.clock.sleep(10)


def table(region: Region, loaded: Loaded) -> dict[str, Item]:
    """What stands in the lease table, by key, in plain values."""
    found: dict[str, Item] = {}
    for name in loaded.tables.values():
        for item in region.backend("dynamodb", "Scan", {"TableName": name})["Items"]:
            plain = {key: next(iter(value.values())) for key, value in item.items()}
            found[plain.pop("Id")] = plain
    return found


def records(region: Region, loaded: Loaded) -> dict[str, Item]:
    """The open records by instance id."""
    kind = "INSTANCE#"
    return {k.removeprefix(kind): item for k, item in table(region, loaded).items() if k.startswith(kind)}
