"""Can the roles be assumed by whom they should, do what the steps need, and no more than was applied?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from albpatch.document.model import Refused
from albpatch.document.read import load
from albpatch.iam.policy import NotEvaluable, Statement, statements
from albpatch.live.checks.common import compared, listed
from albpatch.live.roles import Role
from albpatch.live.verdicts import Check, Item, Look, right, wrong
from albpatch.plan.needs import needs_of

MOVES = ("elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets")
_EVERYTHING = "*"


def automation_role(look: Look) -> Iterator[Item]:
    """The runbook's role trusts executions of this account only and moves targets of the fleets' groups only."""
    deployment = look.deployment
    wanted, bundled = deployment.automation_role, deployment.document.source == "bundled"
    executions = f"arn:{deployment.partition}:ssm:{deployment.region}:{deployment.account_id}:automation-execution/*"
    condition = {
        "StringEquals": {"aws:SourceAccount": deployment.account_id},
        "ArnLike": {"aws:SourceArn": executions},
    }
    role = look.account.roles.role(wanted.name)
    inline = {"steps", "target-groups"} if bundled else {"steps"}
    yield from _role(role, wanted.name, wanted.arn, condition, inline)
    groups = look.groups if bundled else []
    for name, statement in _statements(role):
        moves = [a for a in _list(statement["Action"]) if any(fnmatchcase(move, a) for move in MOVES)]
        if moves and sorted(_list(statement["Resource"])) != groups:
            what = f"policy {name} allows {', '.join(moves)} on other resources"
            yield wrong("role-changed", f"role {wanted.name}", what, "on the fleets' target groups only")


def window_role(look: Look) -> Iterator[Item]:
    """The window's role is trusted to Systems Manager, starts this document only and hands over this role only."""
    deployment, wanted = look.deployment, look.deployment.window_role
    role = look.account.roles.role(wanted.name)
    yield from _role(role, wanted.name, wanted.arn, None, {"start-runbook"})
    ssm = f"arn:{deployment.partition}:ssm:{deployment.region}:{deployment.account_id}"
    name = deployment.document.name
    resources = {
        "ssm:StartAutomationExecution": {
            f"{ssm}:document/{name}",
            f"{ssm}:automation-definition/{name}:*",
            f"{ssm}:automation-execution/*",
        },
        "iam:PassRole": {deployment.automation_role.arn},
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
    """The runbook's role may do what the steps of the deployed document call."""
    wanted, name = look.deployment.document, look.deployment.automation_role.name
    found, role = look.account.automation.document(wanted.name, wanted.version), look.account.roles.role(name)
    if found is None or role is None:
        return
    subject = f"role {name}"
    try:
        needs = needs_of(load(found["Content"]))
        missing = sorted(action for action in needs.actions if not _allows(role, action))
    except (Refused, NotEvaluable) as error:
        yield wrong(
            "permissions-not-known", subject, " ".join(str(error).split()), "a document and policies to compare"
        )
        return
    for action in missing:
        yield wrong("permission-missing", subject, f"may not {action}", "what the steps call")
    for what in needs.unknown:
        yield wrong("permissions-not-known", subject, f"what {what} needs is not known", "known")
    if not missing:
        yield right(subject, f"may call the {len(needs.actions)} actions of the steps", "all")


def _allows(role: Role, action: str) -> bool:
    """Whether the role may do this to something. What a statement's condition asks for is not known here."""
    own = [json.dumps(policy) for policy in role.policies.values()]
    bound = [] if role.boundary is None else [role.boundary]
    denied = any(_denies(s, action) for text in (*own, *bound) for s in statements(text))
    return not denied and _some(own, action) and (role.boundary is None or _some(bound, action))


def _some(texts: Iterable[str], action: str) -> bool:
    return any(s.effect == "Allow" and s.concerns_action(action) for text in texts for s in statements(text))


def _denies(statement: Statement, action: str) -> bool:
    everywhere = statement.resources is not None and _EVERYTHING in statement.resources
    return statement.effect == "Deny" and everywhere and not statement.conditions and statement.concerns_action(action)


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
    Check("window-role-as-recorded", "the window's role is the one that was applied", window_role, ("role-changed",)),
    Check(
        "role-suffices",
        "the runbook's role may do what the steps call",
        enough,
        ("permission-missing", "permissions-not-known"),
    ),
)
