"""Do the fleets reach instances, and can Systems Manager talk to them?"""

from __future__ import annotations

from collections.abc import Iterator

from albpatch.live.checks.common import listed
from albpatch.live.verdicts import Check, Item, Look, right, wrong


def found(look: Look) -> Iterator[Item]:
    """Every fleet has instances, and no instance has two fleets."""
    fleets: dict[str, list[str]] = {}
    for name, fleet in look.fleets:
        instances = look.account.machines.of(fleet)
        running = [i.id for i in instances if i.state == "running"]
        for instance in instances:
            fleets.setdefault(instance.id, []).append(name)
            if instance.state != "running":
                yield wrong("instance-not-running", f"fleet {name}", f"{instance.id} is {instance.state}", "running")
        if running:
            yield right(f"fleet {name}", f"running instances: {listed(running)}", "at least one")
        else:
            yield wrong("fleet-empty", f"fleet {name}", "no running instance belongs to it", "at least one")
    for instance_id, names in fleets.items():
        if len(names) > 1:
            yield wrong("instance-in-two-fleets", instance_id, f"belongs to the fleets {listed(names)}", "one fleet")


def managed(look: Look) -> Iterator[Item]:
    """Every running instance of a fleet is managed by Systems Manager, and its agent answers."""
    for name, fleet in look.fleets:
        ids = [i.id for i in look.account.machines.of(fleet) if i.state == "running"]
        pings = look.account.machines.pings(ids)
        for instance_id in ids:
            ping = pings.get(instance_id)
            if ping is None:
                yield wrong("instance-not-managed", f"fleet {name}", f"{instance_id} is not managed", "managed")
            elif ping != "Online":
                yield wrong("instance-offline", f"fleet {name}", f"the agent of {instance_id} is {ping}", "Online")
        online = [i for i in ids if pings.get(i) == "Online"]
        if online:
            yield right(f"fleet {name}", f"agents online: {len(online)} of {len(ids)}", "all")


def scaled(look: Look) -> Iterator[Item]:
    """No instance of a fleet belongs to an Auto Scaling group, or is left in Standby."""
    for name, fleet in look.fleets:
        ids = [i.id for i in look.account.machines.of(fleet)]
        groups = look.account.machines.scaled(ids)
        for instance_id, (group, state) in sorted(groups.items()):
            yield wrong("auto-scaling-group", f"fleet {name}", f"{instance_id} belongs to {group}", "no group")
            if "Standby" in state:
                yield wrong("instance-standby", f"fleet {name}", f"{instance_id} is {state} in {group}", "InService")
        if not groups:
            yield right(f"fleet {name}", "no instance belongs to an Auto Scaling group", "none")


CHECKS = (
    Check(
        "fleets-have-instances",
        "the fleets reach running instances",
        found,
        ("fleet-empty", "instance-not-running", "instance-in-two-fleets"),
    ),
    Check(
        "instances-are-managed",
        "Systems Manager reaches every instance",
        managed,
        ("instance-not-managed", "instance-offline"),
    ),
    Check(
        "no-auto-scaling",
        "no instance is in the hands of an Auto Scaling group",
        scaled,
        ("auto-scaling-group", "instance-standby"),
    ),
)
