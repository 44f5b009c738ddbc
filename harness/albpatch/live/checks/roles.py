"""Can the roles be assumed by whom they should, do what the steps need, and no more than was applied?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from albpatch import settings
from albpatch.document.model import Document, Refused
from albpatch.document.read import load
from albpatch.iam.conditions import of_session
from albpatch.live.checks.common import compared, listed
from albpatch.live.checks.window import sweeps
from albpatch.live.roles import Role
from albpatch.live.verdicts import Check, Item, Look, right, wrong
from albpatch.plan.facts import of_deployment
from albpatch.plan.needs import Needs, needs_of
from albpatch.plan.permissions import may

MOVES = ("elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets")
NOT_TO_RESTORE = ("elasticloadbalancing:DeregisterTargets", "ssm:SendCommand")


def automation_role(look: Look) -> Iterator[Item]:
    """The runbook's role trusts executions of this account only and moves targets of the fleets' groups only."""
    bundled = look.deployment.document.source == "bundled"
    inline = {"steps", "target-groups"} if bundled else {"steps"}
    yield from _runbook_role(look, look.deployment.automation_role, inline, look.groups if bundled else [])


def restore_role(look: Look) -> Iterator[Item]:
    """The restore runbook's role: as that of the other, but it takes nothing out and sends no command."""
    if look.deployment.restore is None:
        return
    wanted = look.deployment.restore.role
    yield from _runbook_role(look, wanted, {"steps", "target-groups"}, look.groups)
    for name, statement in _statements(look.account.roles.role(wanted.name)):
        taken = [one for one in NOT_TO_RESTORE if any(fnmatchcase(one, a) for a in _list(statement["Action"]))]
        if taken:
            what = f"policy {name} allows {', '.join(taken)}"
            yield wrong("role-changed", f"role {wanted.name}", what, "what puts back, and nothing else")


def _runbook_role(look: Look, wanted: settings.Role, inline: set[str], groups: list[str]) -> Iterator[Item]:
    deployment = look.deployment
    executions = f"arn:{deployment.partition}:ssm:{deployment.region}:{deployment.account_id}:automation-execution/*"
    condition = {
        "StringEquals": {"aws:SourceAccount": deployment.account_id},
        "ArnLike": {"aws:SourceArn": executions},
    }
    role = look.account.roles.role(wanted.name)
    yield from _role(role, wanted.name, wanted.arn, condition, inline)
    for name, statement in _statements(role):
        moves = [a for a in _list(statement["Action"]) if any(fnmatchcase(move, a) for move in MOVES)]
        if moves and sorted(_list(statement["Resource"])) != groups:
            what = f"policy {name} allows {', '.join(moves)} on other resources"
            yield wrong("role-changed", f"role {wanted.name}", what, "on the fleets' target groups only")


def window_role(look: Look) -> Iterator[Item]:
    """The window's role is trusted to Systems Manager, starts its documents only and hands over its roles only."""
    deployment, wanted = look.deployment, look.deployment.window_role
    role = look.account.roles.role(wanted.name)
    yield from _role(role, wanted.name, wanted.arn, None, {"start-runbook"})
    ssm = f"arn:{deployment.partition}:ssm:{deployment.region}:{deployment.account_id}"
    restore = deployment.restore
    names = [deployment.document.name, *([restore.document] if restore is not None and sweeps(look) else [])]
    restoring = [restore.role.arn] if restore is not None else []
    resources = {
        "ssm:StartAutomationExecution": {
            *(f"{ssm}:document/{name}" for name in names),
            *(f"{ssm}:automation-definition/{name}:*" for name in names),
            f"{ssm}:automation-execution/*",
        },
        "iam:PassRole": {deployment.automation_role.arn, *restoring},
    }
    for action, allowed in resources.items() if role is not None else ():
        found = {
            resource
            for _, statement in _statements(role)
            if any(fnmatchcase(action, pattern) for pattern in _list(statement["Action"]))
            for resource in _list(statement["Resource"])
        }
        if found != allowed:
            what = f"{action} is allowed on {', '.join(sorted(found)) or 'nothing'}"
            yield wrong("role-changed", f"role {wanted.name}", what, f"on {', '.join(sorted(allowed))}")


def enough(look: Look) -> Iterator[Item]:
    """The runbooks' roles may do what the steps of the deployed documents call, on what they call it on."""
    deployment = look.deployment
    versions: dict[str, str | None] = {deployment.document.name: deployment.document.version}
    roles = {deployment.document.name: deployment.automation_role, **look.children}
    versions |= dict.fromkeys(look.children)
    texts = {name: look.account.automation.document(name, version) for name, version in versions.items()}
    documents = dict[str, Document]()
    for name, text in texts.items():
        try:
            documents |= {} if text is None else {name: load(text["Content"])}
        except Refused as error:
            what = " ".join(str(error).split())
            yield wrong("permissions-not-known", f"role {roles[name].name}", what, "a document to compare")
    facts = of_deployment(deployment, documents)
    for name, document in documents.items():
        role = look.account.roles.role(roles[name].name)
        if role is not None:
            yield from _enough(look, role, needs_of(document, facts))


def _enough(look: Look, role: Role, needs: Needs) -> Iterator[Item]:
    subject, texts = f"role {role.name}", [json.dumps(policy) for policy in role.policies.values()]
    about = of_session(role.arn, look.deployment.account_id, look.deployment.region)
    answers = {one: may(one, texts, role.boundary, about) for one in needs.wanted}
    for one, answer in answers.items():
        if answer.allowed is None:
            yield wrong("permissions-not-known", subject, f"whether it may {one.words}: {answer.why}", "known")
        elif not answer.allowed:
            yield wrong("permission-missing", subject, f"may not {one.words}, {answer.why}", "what the steps call")
    for what in needs.unknown:
        yield wrong("permissions-not-known", subject, f"what {what} needs is not known", "known")
    if all(answer.allowed for answer in answers.values()):
        yield right(subject, f"may call the {len(needs.actions)} actions of the steps", "all")


def _role(
    role: Role | None, name: str, arn: str, condition: Mapping[str, Any] | None, inline: set[str]
) -> Iterator[Item]:
    """What both roles have in common: ARN, trust, exactly these inline policies, no managed one, no wildcard action."""
    if role is None:
        yield wrong("role-changed", f"role {name}", "does not exist", "a role")
        return
    trust: dict[str, Any] = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "ssm.amazonaws.com"},
    }
    if condition is not None:
        trust["Condition"] = condition
    yield from compared(
        "role-changed",
        f"role {name}",
        {"ARN": arn, "trust": [trust], "inline policies": sorted(inline), "managed policies": []},
        {
            "ARN": role.arn,
            "trust": _list(role.trust["Statement"]),
            "inline policies": sorted(role.policies),
            "managed policies": sorted(role.managed),
        },
    )
    for policy, statement in _statements(role):
        wide = [action for action in _list(statement.get("Action", "*")) if "*" in action]
        if wide:
            yield wrong("role-changed", f"role {name}", f"policy {policy} allows {listed(wide)}", "named actions")


def _statements(role: Role | None) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every Allow statement with the name of its policy. One without actions or resources stands for all."""
    for name, policy in role.policies.items() if role is not None else ():
        for statement in _list(policy["Statement"]):
            if statement["Effect"] == "Allow":
                yield name, {"Action": "*", "Resource": "*", **statement}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


CHECKS = (
    Check(
        "automation-role-as-recorded",
        "the runbook's role is the one that was applied",
        automation_role,
        ("role-changed",),
    ),
    Check(
        "restore-role-as-recorded",
        "the restore runbook's role is the one that was applied",
        restore_role,
        ("role-changed",),
    ),
    Check("window-role-as-recorded", "the window's role is the one that was applied", window_role, ("role-changed",)),
    Check(
        "role-suffices",
        "the runbooks' roles may do what the steps call",
        enough,
        ("permission-missing", "permissions-not-known"),
    ),
)
