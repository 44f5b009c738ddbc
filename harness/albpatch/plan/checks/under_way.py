"""Would this apply register a machine that is out for patching? Only the account knows who is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from albpatch.findings import Finding
from albpatch.plan.groups import ATTACHMENT_TYPES, Group
from albpatch.plan.model import calls
from albpatch.plan.read import Resource
from albpatch.plan.rules import finding
from albpatch.plan.sides import Subject
from albpatch.plan.under_way import Out, UnderWay, Working, together

# Type -> the attribute that names the target group; who is registered is what stands behind an Auto Scaling group.
_OF_GROUPS = {
    "aws_autoscaling_attachment": "lb_target_group_arn",
    "aws_autoscaling_traffic_source_attachment": "traffic_source",
}


def check(subject: Subject) -> Iterator[Finding]:
    if subject.under_way is None:
        return
    known = {**calls(subject.plan.before), **subject.after.calls}
    for address, seen in subject.under_way.items():
        where = known[address].record_address if address in known else address
        for what in seen.unknown:
            yield finding("under-way-not-known", where, f"{what}.")
    now = together(subject.under_way.values())
    if now.anything:
        for resource in subject.after.state.of_type(*ATTACHMENT_TYPES, *_OF_GROUPS):
            if "create" in subject.plan.change(resource.address).actions:
                yield from _attachment(subject, resource, now)


def _attachment(subject: Subject, resource: Resource, now: UnderWay) -> Iterator[Finding]:
    """Whose instance is out, or may be: an unknown one is any of the same target group, an unknown group any group."""
    instance = None if resource.type in _OF_GROUPS else _text(resource.values.get("target_id"))
    group = _group(resource)
    if group is None and _made_now(subject, resource):
        return
    hindering: list[Out | Working] = [*now.out, *now.working]
    for one in hindering:
        same = one.instance == instance if instance and one.instance else group is None or group in one.groups
        if same:
            yield finding("attachment-during-patching", resource.address, f"{_who(instance, group)}: {one.words}.")
            return


def _group(resource: Resource) -> str | None:
    found = resource.values.get(_OF_GROUPS.get(resource.type, "target_group_arn"))
    if isinstance(found, list):
        found = next((part.get("identifier") for part in found if isinstance(part, dict)), None)
    return _text(found)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _made_now(subject: Subject, resource: Resource) -> bool:
    """Whether the target group behind an unknown ARN is made by this apply: nobody is out of it."""
    behind = subject.after.groups.behind(resource, _OF_GROUPS.get(resource.type, "target_group_arn"))
    return bool(behind) and all(subject.plan.change(address).actions == ("create",) for address in behind)


def _who(instance: str | None, group: str | None) -> str:
    where = "a target group that the plan does not show" if group is None else Group(group).shown
    return f"{instance or 'A target that the plan does not name'} would be registered in {where}"
