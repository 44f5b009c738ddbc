"""May the roles do what the steps do, nothing else, and for nobody else?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from albpatch.findings import Finding
from albpatch.iam.conditions import of_session
from albpatch.iam.policy import NotEvaluable, action_matches, resource_matches
from albpatch.plan.facts import of_call
from albpatch.plan.model import Call, Runbook
from albpatch.plan.needs import Wanted, needs_of
from albpatch.plan.permissions import Grant, Permissions, may, of_role, statements_of
from albpatch.plan.read import Mark, Resource
from albpatch.plan.rules import finding
from albpatch.plan.sides import Side, Subject

_SOURCE = ("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid")
_TO_SYSTEMS_MANAGER = (("iam:PassedToService", ("ssm.amazonaws.com",)),)
_VIA = re.compile(r"kms:viaservice \w+ ([\w-]+)\.", re.IGNORECASE)
_DEFINITION = re.compile(r"^(.*):automation-definition/([^:]+):.*$")  # the older name of the same document


def check(subject: Subject) -> Iterator[Finding]:
    for call in subject.after.calls.values():
        known = {
            id(role): role for role in (call.role("automation"), call.role("window"), call.role("restore")) if role
        }
        for role in [*known.values(), *(r for r in call.of_type("aws_iam_role") if id(r) not in known)]:
            permissions = of_role(subject.after.state, call, role)
            for address in permissions.unreadable:
                yield finding("policy-unreadable", address, "The text is no policy.")
            for grant in sorted(permissions.grants, key=lambda g: (g.action, g.resource)):
                yield from _wide(role, grant)
            if role != call.role("window"):
                yield from _trust(role)
        together = dict[int, tuple[Resource, list[Runbook]]]()
        for runbook in call.runbooks:
            if runbook.role is not None:
                together.setdefault(id(runbook.role), (runbook.role, []))[1].append(runbook)
        for role, runbooks in together.values():
            yield from _needed(subject.after, call, runbooks, role)
        for which in ("window", "events"):
            starter = call.role(which)
            if starter is not None:
                yield from _starts(subject.after, call, which, starter)


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


def _needed(side: Side, call: Call, runbooks: list[Runbook], role: Resource) -> Iterator[Finding]:
    """What the runbooks that assume one role need together."""
    shown, permissions = [one.document for one in runbooks if one.document is not None], of_role(side.state, call, role)
    if not shown:
        return
    needs = [needs_of(document, of_call(call)) for document in shown]
    wanted = tuple(dict.fromkeys(one for found in needs for one in found.wanted))
    unknown = dict.fromkeys(what for found in needs for what in found.unknown)
    for what in unknown:
        yield finding("permission-not-known", role.address, f"{what}.")
    yield from _missing(call, role, permissions, wanted)
    if not unknown and len(shown) == len(runbooks):
        yield from _unneeded(role, permissions, wanted)


def _missing(call: Call, role: Resource, permissions: Permissions, wanted: tuple[Wanted, ...]) -> Iterator[Finding]:
    if not permissions.whole:
        yield finding("not-shown", role.address, "A policy of the role is not shown, so what it lacks is not known.")
        return
    boundary = permissions.boundary
    shown = isinstance(boundary, str) and boundary.lstrip().startswith("{")
    if boundary is not None and not shown:
        text = f"The permissions boundary {boundary} is not in the plan, so what it takes away is not known."
        yield finding("not-shown", role.address, text)
    account, region, arn = (call.get(name) for name in ("account_id", "region", "name"))
    about = of_session(str(role.values.get("arn", arn)), str(account), str(region))
    for one in wanted:
        answer = may(one, permissions.texts, boundary if shown else None, about)
        if answer.allowed is None:
            yield finding("permission-not-known", role.address, f"Whether {one.words} is allowed: {answer.why}.")
        elif not answer.allowed:
            yield finding("permission-missing", role.address, f"{one.words} is not allowed{_why(answer.why)}.")


def _why(reason: str) -> str:
    """The reason where it is another than that nothing allows it."""
    return "" if reason.startswith("because no identity-based policy") else f", {reason}"


def _unneeded(role: Resource, permissions: Permissions, wanted: tuple[Wanted, ...]) -> Iterator[Finding]:
    for grant in sorted(permissions.grants, key=lambda g: (g.action, g.resource)):
        if grant.effect != "Allow":
            continue
        done = [one for one in wanted if action_matches(grant.action, one.action)]
        if not done:
            if not _on_behalf(grant, wanted):
                yield finding("permission-unneeded", role.address, f"{grant.action} is allowed, and no step does it.")
        elif all(one.resource is not None and not _covers(grant.resource, one.resource) for one in done):
            text = f"{grant.action} is allowed on {grant.resource}, and no step does it there."
            yield finding("permission-unneeded", role.address, text)


def _on_behalf(grant: Grant, wanted: tuple[Wanted, ...]) -> bool:
    """Whether a service that the steps call does it for them: DynamoDB uses the key of its table."""
    match = _VIA.search(grant.condition)
    return match is not None and any(one.action.startswith(f"{match[1]}:") for one in wanted)


def _covers(pattern: str, resource: str) -> bool:
    """Whether a statement's resource covers one; where that cannot be told, it may."""
    older = _DEFINITION.match(pattern)
    try:
        return resource_matches(f"{older[1]}:document/{older[2]}" if older else pattern, resource)
    except NotEvaluable:
        return True


def _starts(side: Side, call: Call, which: str, role: Resource) -> Iterator[Finding]:
    """Window and event rules start documents, each of which is handed its role."""
    place = [call.get(name) for name in ("partition", "region", "account_id")]
    patching = (call.get("document", "name"), call.get("automation_role", "arn"))
    restoring = (call.get("restore", "document"), call.get("restore", "role", "arn"))
    started = [restoring] if which == "events" else [patching, restoring] if _sweeps(call) else [patching]
    wanted = []
    for name, arn in started:
        wanted.append(Wanted("iam:PassRole", arn if isinstance(arn, str) else None, _TO_SYSTEMS_MANAGER))
        if isinstance(name, str) and all(isinstance(part, str) for part in place):
            ssm = "arn:{}:ssm:{}:{}".format(*place)
            named = (f"{ssm}:document/{name}", f"{ssm}:automation-execution/*")
            wanted += [Wanted("ssm:StartAutomationExecution", resource) for resource in named]
    yield from _missing(call, role, of_role(side.state, call, role), tuple(dict.fromkeys(wanted)))


def _sweeps(call: Call) -> bool:
    """Whether the window starts the restore runbook as well."""
    restore = call.get("restore", "document")
    tasks = call.of_type("aws_ssm_maintenance_window_task")
    return isinstance(restore, str) and any(task.values.get("task_arn") == restore for task in tasks)
