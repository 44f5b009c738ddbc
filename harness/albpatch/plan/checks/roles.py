"""May the roles do what the steps do, nothing else, and for nobody else?"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping
from typing import Any

from albpatch.findings import Finding
from albpatch.iam.policy import NotEvaluable, action_matches, resource_matches
from albpatch.plan.model import Call, document
from albpatch.plan.permissions import Grant, Permissions, needs_of, of_role, statements_of
from albpatch.plan.read import Mark, Resource
from albpatch.plan.rules import finding
from albpatch.plan.sides import Subject

_START = frozenset({"ssm:StartAutomationExecution"})
_MOVES = ("elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets")
_SOURCE = ("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid")


def check(subject: Subject) -> Iterator[Finding]:
    for call in subject.after.calls.values():
        for which in ("automation", "window"):
            role = call.role(which)
            if role is None:
                continue
            permissions = of_role(call, role)
            for address in permissions.unreadable:
                yield finding("policy-unreadable", address, "The text is no policy.")
            for grant in sorted(permissions.grants, key=lambda g: (g.action, g.resource)):
                yield from _wide(role, grant)
            if which == "automation":
                yield from _trust(role)
                yield from _needed(call, role, permissions)
            else:
                yield from _starts(call, role, permissions)


def _wide(role: Resource, grant: Grant) -> Iterator[Finding]:
    if grant.effect != "Allow":
        return
    if grant.writes and grant.resource in ("*", "arn:*") and not grant.condition:
        yield finding("write-on-everything", role.address, f"{grant.action} on {grant.resource}.")
    if action_matches(grant.action, "iam:PassRole") and "iam:passedtoservice" not in grant.condition.lower():
        yield finding("passrole-to-any-service", role.address, f"{grant.action} on {grant.resource}.")


def _trust(role: Resource) -> Iterator[Finding]:
    """AWS documents the condition for roles that Automation assumes; for maintenance windows it documents none."""
    text = role.values.get("assume_role_policy")
    if isinstance(text, Mark):
        yield finding("not-shown", role.address, f"Who may assume the role is {text}.")
        return
    for statement in statements_of(text):
        if statement.get("Effect") == "Allow" and _service(statement.get("Principal")):
            keys = {str(k).lower() for keys in _maps(statement.get("Condition")) for k in keys}
            if not keys & set(_SOURCE):
                yield finding("trust-without-source", role.address, "Its trust policy has no condition on the source.")


def _service(principal: Any) -> bool:
    return principal == "*" or (isinstance(principal, Mapping) and bool(set(principal) & {"Service", "AWS"}))


def _maps(block: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(block, Mapping):
        yield from (keys for keys in block.values() if isinstance(keys, Mapping))


def _needed(call: Call, role: Resource, permissions: Permissions) -> Iterator[Finding]:
    found, _ = document(call.content)
    if found is None:
        return
    needs = needs_of(found)
    for what in needs.unknown:
        yield finding("permission-not-known", role.address, f"{what}.")
    if not permissions.whole:
        yield finding("not-shown", role.address, "A policy of the role is not shown, so what it lacks is not known.")
    else:
        for action in sorted(needs.actions):
            if not permissions.allows(action):
                yield finding("permission-missing", role.address, f"{action} is not allowed.")
        yield from _moves(call, role, permissions, needs.actions)
    if not needs.unknown:
        yield from _unneeded(role, permissions, needs.actions)


def _unneeded(role: Resource, permissions: Permissions, needed: frozenset[str]) -> Iterator[Finding]:
    for action in sorted({g.action for g in permissions.grants if g.effect == "Allow"}):
        if not any(action_matches(action, one) for one in needed):
            yield finding("permission-unneeded", role.address, f"{action} is allowed, and no step does it.")


def _moves(call: Call, role: Resource, permissions: Permissions, needed: frozenset[str]) -> Iterator[Finding]:
    """Every target group of every fleet, in both directions."""
    arns = {arn for fleet in call.fleets for arn in fleet.target_groups if isinstance(arn, str)}
    for action in _MOVES:
        if action not in needed or not permissions.allows(action):
            continue
        for arn in sorted(arns):
            if not _on(permissions, action, arn):
                yield finding("permission-missing", role.address, f"{action} is not allowed on {arn}.")


def _on(permissions: Permissions, action: str, arn: str) -> bool:
    for grant in permissions.grants:
        if grant.effect == "Allow" and action_matches(grant.action, action):
            try:
                if resource_matches(grant.resource, arn):
                    return True
            except NotEvaluable:
                return fnmatch.fnmatchcase(arn, grant.resource) or grant.resource.startswith("everything but")
    return False


def _starts(call: Call, role: Resource, permissions: Permissions) -> Iterator[Finding]:
    """The window starts one document and hands over one role."""
    if not permissions.whole:
        yield finding("not-shown", role.address, "A policy of the role is not shown, so what it lacks is not known.")
        return
    for action in sorted(_START):
        if not permissions.allows(action):
            yield finding("permission-missing", role.address, f"{action} is not allowed.")
    arn = call.get("automation_role", "arn")
    if isinstance(arn, str) and not _on(permissions, "iam:PassRole", arn):
        yield finding("permission-missing", role.address, f"iam:PassRole is not allowed on {arn}.")
