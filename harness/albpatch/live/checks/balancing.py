"""Are the fleets registered, healthy and above their floor?"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from albpatch.live.balancing import Target
from albpatch.live.checks.common import listed, name_of
from albpatch.live.checks.leftovers import at_work
from albpatch.live.verdicts import Check, Item, Look, right, wrong
from albpatch.settings import DisruptionBudget

_PASSING = ("initial", "draining")


def attached(look: Look) -> Iterator[Item]:
    """Every target group exists, holds instances and belongs to a load balancer."""
    for arn in look.groups:
        group = look.account.balancing.target_group(arn)
        if group is None:
            yield wrong("target-group-gone", name_of(arn), "does not exist", "a target group")
            continue
        if group.kind != "instance":
            yield wrong("target-group-type", name_of(arn), f"target type {group.kind}", "instance")
        balancers = [balancer.split("/")[-2] for balancer in group.load_balancers]
        if balancers:
            yield right(name_of(arn), f"attached to {listed(balancers)}", "a load balancer")
        else:
            yield wrong("target-group-unattached", name_of(arn), "belongs to no load balancer", "a load balancer")


def registered(look: Look) -> Iterator[Item]:
    """Every running instance of a fleet is registered in each of the fleet's target groups."""
    for name, fleet in look.fleets:
        instances = {i.id for i in look.account.machines.of(fleet) if i.state == "running"}
        for arn in fleet.target_group_arns:
            targets = look.account.balancing.targets(arn)
            if targets is None:
                continue
            subject = f"fleet {name}: {name_of(arn)}"
            missing = instances - {t.id for t in targets if t.state != "draining"}
            if missing:
                passing = missing <= {t.id for t in targets} | at_work(look)
                what = f"not registered: {listed(missing)}"
                yield wrong("instance-not-registered", subject, what, "all instances of the fleet", passing)
            else:
                yield right(subject, f"{len(instances)} of {len(instances)} instances registered", "all")


def healthy(look: Look) -> Iterator[Item]:
    """Every registered target of the fleets' target groups is healthy; a draining one is registered no more."""
    for arn in look.groups:
        targets = look.account.balancing.targets(arn)
        asked = [target for target in targets or [] if target.state != "draining"]
        sick = [target for target in asked if target.state != "healthy"]
        for target in sick:
            passing = target.state == "initial" or target.id in at_work(look)
            yield wrong("target-not-healthy", name_of(arn), target.words, "healthy", passing)
        if asked and not sick:
            yield right(name_of(arn), f"{len(asked)} of {len(asked)} targets healthy", "all")


def floor(look: Look) -> Iterator[Item]:
    """No target group is below a fleet's floor; where cross-zone balancing is off, in no zone."""
    for name, fleet in look.fleets:
        for arn in fleet.target_group_arns:
            group, targets = look.account.balancing.target_group(arn), look.account.balancing.targets(arn)
            if group is None or targets is None:
                continue
            zones = _zones(look, targets) if look.account.balancing.per_zone(group) else {}
            passing = any(target.state in _PASSING for target in targets)
            for scope, of in {"": targets, **zones}.items():
                subject = f"fleet {name}: {name_of(arn)}{f' in {scope}' if scope else ''}"
                least = _floor(fleet.disruption_budget, look.account.balancing.minima(arn), len(of))
                serving = sum(target.serves for target in of)
                found, wanted = f"{serving} healthy targets of {len(of)}", f"at least {least}"
                if serving < least:
                    yield wrong("below-floor", subject, found, wanted, passing)
                else:
                    yield right(subject, found, wanted)


def _floor(budget: DisruptionBudget, minima: tuple[int, int], targets: int) -> int:
    """The fleet's budget, or the target group's own minima where they are higher, as the runbook takes them."""
    count, percent = minima
    return max(budget.min_healthy, count, math.ceil(max(budget.min_healthy_percent, percent) * targets / 100))


def _zones(look: Look, targets: list[Target]) -> dict[str, list[Target]]:
    """The targets by zone. The zones of instances are EC2's to know."""
    zones = {i.id: i.zone for i in look.account.machines.named(t.id for t in targets)}
    counts = Counter(zones.get(t.id, "an unknown zone") for t in targets)
    return {zone: [t for t in targets if zones.get(t.id, "an unknown zone") == zone] for zone in sorted(counts)}


CHECKS = (
    Check(
        "target-groups-attached",
        "the target groups exist and belong to load balancers",
        attached,
        ("target-group-gone", "target-group-type", "target-group-unattached"),
    ),
    Check(
        "instances-registered",
        "every instance is registered in its fleet's target groups",
        registered,
        ("instance-not-registered",),
    ),
    Check("targets-healthy", "every target is healthy", healthy, ("target-not-healthy",)),
    Check("floor-held", "every target group is at or above its floor", floor, ("below-floor",)),
)
