"""Are the instances and target groups of a fleet ones that the runbook can work on, and whose are they?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from albpatch.findings import Finding
from albpatch.plan.groups import Group, members
from albpatch.plan.model import Call, Fleet, number
from albpatch.plan.read import Resource
from albpatch.plan.rules import finding
from albpatch.plan.sides import Side, Subject
from albpatch.plan.words import keeps_a_floor

# Tags by which the AWS Load Balancer Controller and the in-tree controller of Kubernetes mark their target groups.
_KUBERNETES = ("elbv2.k8s.aws/", "ingress.k8s.aws/", "service.k8s.aws/", "kubernetes.io/", "gateway.k8s.aws/")
_OWNERS = (
    ("aws_ecs_service", "load_balancer", "registered-by-other", "ECS service"),
    ("aws_autoscaling_group", "target_group_arns", "auto-scaling-group", "Auto Scaling group"),
    ("aws_autoscaling_group", "traffic_source", "auto-scaling-group", "Auto Scaling group"),
    ("aws_autoscaling_attachment", "lb_target_group_arn", "auto-scaling-group", "Auto Scaling attachment"),
    ("aws_autoscaling_traffic_source_attachment", "traffic_source", "auto-scaling-group", "Auto Scaling attachment"),
    ("kubernetes_manifest", "manifest", "registered-by-other", "Kubernetes manifest"),
)


def check(subject: Subject) -> Iterator[Finding]:
    side = subject.after
    for call, fleet, groups in side.fleets():
        yield from _floor(call, fleet, side)
        for group in groups:
            address = group.resource.address if group.resource else call.record_address
            yield from _type(group, address)
            yield from _targets(side, group, address)
            yield from _owners(side, group, address)
            yield from _attachments(subject, call, group)
    yield from _twice([(call, fleet) for call, fleet, _ in side.fleets()], side)


def _floor(call: Call, fleet: Fleet, side: Side) -> Iterator[Finding]:
    if not keeps_a_floor(call):
        yield finding("no-floor", call.record_address, f"The runbook of fleet {fleet.name} looks at no other target.")
        return
    least, percent = (number(fleet.get("disruption_budget", n)) for n in ("min_healthy", "min_healthy_percent"))
    if least is None or percent is None:
        return
    if least == 0 and percent == 0:
        yield finding("no-floor", call.record_address, f"Fleet {fleet.name} keeps no target healthy.")
    elif percent == 100:
        yield finding("floor-blocks", call.record_address, f"Fleet {fleet.name} keeps 100 % of its targets healthy.")
    else:
        for group in side.groups.of(call, fleet):
            count = len(side.groups.attachments(group))
            floor = max(least, -(-count * percent // 100))
            if count > 1 and floor >= count:
                text = f"{group.shown} has {count} targets in this plan, and fleet {fleet.name} keeps {floor} healthy."
                yield finding("floor-blocks", call.record_address, text)


def _type(group: Group, address: str) -> Iterator[Finding]:
    kinds = {str(resource.values.get("target_type") or "instance") for resource in group.resources}
    if kinds and group.whole and kinds <= {"ip", "lambda", "alb"}:  # whichever of several it is
        text = f"{group.shown} has targets of type {' or '.join(sorted(kinds))}."
        yield finding("target-type-unsupported", address, text)


def _targets(side: Side, group: Group, address: str) -> Iterator[Finding]:
    """Counts only what this plan registers itself: where it registers nothing, somebody else does."""
    found = side.groups.attachments(group)
    if len(found) == 1:
        yield finding("too-few-targets", address, f"{group.shown} has one target in this plan, {found[0].address}.")


def _owners(side: Side, group: Group, address: str) -> Iterator[Finding]:
    for resource in group.resources if group.resource else ():
        tags = resource.values.get("tags_all") or resource.values.get("tags")
        marked = [key for key in tags if key.startswith(_KUBERNETES)] if isinstance(tags, Mapping) else []
        if marked:
            yield finding("registered-by-other", address, f"{group.shown} has the tag {marked[0]} of Kubernetes.")
        for deployment in side.state.of_type("aws_codedeploy_deployment_group"):
            if resource.values.get("name") in _names(deployment.values.get("load_balancer_info")):
                text = f"{group.shown} belongs to CodeDeploy deployment group {deployment.address}."
                yield finding("registered-by-other", address, text)
    for kind, attribute, rule, shown in _OWNERS:
        for resource in side.state.of_type(kind):
            if side.groups.points_at(resource, attribute, group):
                yield finding(rule, address, f"{group.shown} belongs to {shown} {resource.address}.")


def _names(block: Any) -> set[str]:
    """Every `name` below a block."""
    if isinstance(block, Mapping):
        own = {block["name"]} if isinstance(block.get("name"), str) else set()
        return own.union(*(_names(inner) for inner in block.values()))
    return set[str]().union(*(_names(inner) for inner in block)) if isinstance(block, list) else set()


def _attachments(subject: Subject, call: Call, group: Group) -> Iterator[Finding]:
    """Attachments that this apply creates, where an execution may have an instance out already."""
    seen = (subject.under_way or {}).get(call.address)
    if not subject.existed(call) or (seen is not None and not seen.unknown):
        return  # the account was asked who is out
    for attachment in subject.after.groups.attachments(group):
        if "create" in subject.plan.change(attachment.address).actions and not _new_group(subject, group):
            yield finding("attachment-created", attachment.address, f"A target of {group.shown} is registered.")


def _new_group(subject: Subject, group: Group) -> bool:
    return group.resource is not None and subject.plan.change(group.resource.address).actions == ("create",)


def _twice(fleets: list[tuple[Call, Fleet]], side: Side) -> Iterator[Finding]:
    ids: dict[str, Resource] = {str(r.values.get("id")): r for r in side.state.of_type("aws_instance") if r.managed}
    shown = [(call, fleet, _members(side, fleet, ids)) for call, fleet in fleets]
    for (one, first, ours), (other, second, theirs) in combinations(shown, 2):
        if _apart(one, other):
            continue
        common = sorted(ours & theirs)
        if not common and not _implied(first.get("tags"), second.get("tags")):
            continue
        names = f"fleet {first.name} of {one.shown} and fleet {second.name} of {other.shown}"
        what = ", ".join(common) or "Every instance of one is an instance of the other, by its tags"
        yield finding("instance-in-two-fleets", other.record_address, f"{what}: {names}.")


def _apart(one: Call, other: Call) -> bool:
    """Whether two calls act in different accounts or regions: the same tags name other instances there."""
    pairs = [(one.get(name), other.get(name)) for name in ("account_id", "region")]
    return any(isinstance(a, str) and isinstance(b, str) and a != b for a, b in pairs)


def _members(side: Side, fleet: Fleet, ids: Mapping[str, Resource]) -> set[str]:
    """Addresses of the fleet's instances that the plan shows, ids of the others."""
    known = members(side.state, fleet) or []
    return {ids[one].address if one in ids else one for one in known}


def _implied(first: Any, second: Any) -> bool:
    """Whether the tags of one imply those of the other."""
    return _covers(first, second) or _covers(second, first)


def _covers(wide: Any, narrow: Any) -> bool:
    """Whether every instance with the tags `narrow` has the tags `wide`."""
    if not isinstance(wide, Mapping) or not isinstance(narrow, Mapping) or not wide or not narrow:
        return False
    return all(
        isinstance(values, list) and isinstance(narrow.get(key), list) and set(narrow[key]) <= set(values)
        for key, values in wide.items()
    )
