"""Does the restore runbook start by itself when an execution dies, and did it always?"""

from __future__ import annotations

import json
from collections.abc import Iterator

from albpatch.iam.conditions import of_session
from albpatch.live.checks.common import compared
from albpatch.live.verdicts import Check, Item, Look, right, wrong
from albpatch.plan.needs import Wanted
from albpatch.plan.permissions import may
from albpatch.settings import Restore

_PASSED = (("iam:PassedToService", ("ssm.amazonaws.com",)),)


def rules(look: Look) -> Iterator[Item]:
    """Every recorded rule is enabled and starts the restore runbook with the recorded role."""
    restore = look.deployment.restore
    for name in _rules(restore):
        assert restore is not None
        rule, subject = look.account.recovery.rule(name), f"event rule {name}"
        if rule is None:
            yield wrong("recovery-off", subject, "does not exist", "an enabled rule")
            continue
        found = [(t["Arn"], t.get("RoleArn"), "DeadLetterConfig" in t) for t in look.account.recovery.targets(name)]
        starts = f"{_ssm(look)}:automation-definition/{restore.document}:$DEFAULT"
        yield from compared(
            "recovery-off",
            subject,
            {"state": "ENABLED", "starts, as, with a dead letter queue": [(starts, restore.events.role.arn, True)]},
            {"state": rule["State"], "starts, as, with a dead letter queue": found},
        )


def started(look: Look) -> Iterator[Item]:
    """Nothing lies in the queue of what the rules could not start."""
    restore = look.deployment.restore
    if restore is None:
        return
    subject, waiting = f"queue {restore.events.queue}", look.account.recovery.waiting(restore.events.queue)
    if waiting is None:
        yield wrong("recovery-off", subject, "does not exist", "a queue for what does not start")
    elif waiting:
        yield wrong("recovery-not-started", subject, f"{waiting} events lie in it", "none")
    else:
        yield right(subject, "is empty", "empty")


def role(look: Look) -> Iterator[Item]:
    """The rules' role may start the restore runbook and hand its role over."""
    restore = look.deployment.restore
    if restore is None:
        return
    wanted, found = restore.events.role, look.account.roles.role(restore.events.role.name)
    subject = f"role {wanted.name}"
    if found is None:
        yield wrong("role-changed", subject, "does not exist", "a role")
        return
    texts = [json.dumps(policy) for policy in found.policies.values()]
    about = of_session(found.arn, look.deployment.account_id, look.deployment.region)
    missing = [one.words for one in _starts(look, restore) if not may(one, texts, found.boundary, about).allowed]
    if found.managed:
        yield wrong("role-changed", subject, f"managed policies {', '.join(found.managed)}", "none")
    for words in missing:
        yield wrong("permission-missing", subject, f"may not {words}", "what starting the restore runbook needs")
    if not missing:
        yield right(subject, "may start the restore runbook", "all that it needs")


def _starts(look: Look, restore: Restore) -> tuple[Wanted, ...]:
    start = "ssm:StartAutomationExecution"
    return (
        Wanted(start, f"{_ssm(look)}:document/{restore.document}"),
        Wanted(start, f"{_ssm(look)}:automation-execution/*"),
        Wanted("iam:PassRole", restore.role.arn, _PASSED),
    )


def _rules(restore: Restore | None) -> list[str]:
    names = () if restore is None else (restore.events.rule, restore.events.sweep_rule)
    return [name for name in names if name is not None]


def _ssm(look: Look) -> str:
    deployment = look.deployment
    return f"arn:{deployment.partition}:ssm:{deployment.region}:{deployment.account_id}"


CHECKS = (
    Check("recovery-on", "the restore runbook starts by itself", rules, ("recovery-off",)),
    Check("recovery-started", "it always started", started, ("recovery-off", "recovery-not-started")),
    Check("recovery-role", "the rules may start it", role, ("role-changed", "permission-missing")),
)
