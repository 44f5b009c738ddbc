"""Is everybody patched who serves here, and does nobody of them serve elsewhere? One scan of the region."""

from __future__ import annotations

from collections.abc import Iterator

from albpatch.live.checks.common import listed, name_of
from albpatch.live.machines import Instance
from albpatch.live.verdicts import Check, Item, Look, right, wrong


def patched(look: Look) -> Iterator[Item]:
    """Every target of the fleets' target groups belongs to a fleet."""
    ours = set(_by_id(look))
    for arn in look.groups:
        targets = {target.id for target in look.account.balancing.targets(arn) or []}
        strangers = sorted(targets - ours)
        for target in strangers:
            yield wrong("never-patched", name_of(arn), f"{target} belongs to no fleet", "every target in a fleet")
        if targets and not strangers:
            yield right(name_of(arn), f"all {len(targets)} instances belong to fleets", "all")


def elsewhere(look: Look) -> Iterator[Item]:
    """No instance of a fleet serves in a target group that its fleet does not name."""
    ours, balancing = _by_id(look), look.account.balancing
    addresses = {address: i for i, (instance, _) in ours.items() for address in instance.addresses}
    vpcs = {instance.vpc for instance, _ in ours.values()}
    seen = clean = 0
    for group in balancing.target_groups():
        if group.vpc not in vpcs or group.kind not in ("instance", "ip"):
            continue
        seen += 1
        targets = {target.id for target in balancing.targets(group.arn) or [] if target.state != "draining"}
        serving = targets & set(ours) if group.kind == "instance" else {addresses[t] for t in targets & set(addresses)}
        outside = sorted(i for i in serving if group.arn not in ours[i][1])
        clean += not outside
        for instance_id in outside:
            found = f"{instance_id} serves in {name_of(group.arn)} as well"
            yield wrong("other-target-group", group.arn, found, "only in target groups that its fleet names")
    if seen == clean:
        yield right(
            "target groups of the region", f"{seen} looked at, no instance of a fleet serves in another", "none"
        )


def classic(look: Look) -> Iterator[Item]:
    """No instance of a fleet serves behind a Classic Load Balancer."""
    ours = set(_by_id(look))
    found = {name: sorted(ids & ours) for name, ids in look.account.balancing.classic().items()}
    for name, ids in found.items():
        if ids:
            yield wrong("classic-load-balancer", name, f"has {listed(ids)} behind it", "no instance of a fleet")
    if not any(found.values()):
        yield right("Classic Load Balancers", f"{len(found)} looked at, no instance of a fleet behind them", "none")


def _by_id(look: Look) -> dict[str, tuple[Instance, set[str]]]:
    """Instance -> itself, and the target groups that its fleets name."""
    found: dict[str, tuple[Instance, set[str]]] = {}
    for _, fleet in look.fleets:
        for instance in look.account.machines.of(fleet):
            found.setdefault(instance.id, (instance, set()))[1].update(fleet.target_group_arns)
    return found


CHECKS = (
    Check("everybody-patched", "every target belongs to a fleet", patched, ("never-patched",)),
    Check("nobody-elsewhere", "no instance serves in another target group", elsewhere, ("other-target-group",)),
    Check(
        "no-classic-load-balancer",
        "no instance serves behind a Classic Load Balancer",
        classic,
        ("classic-load-balancer",),
    ),
)
