"""Sound configurations for the tests of findings, and how a review of them is read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from albpatch.plan.read import parse
from albpatch.plan.review import review
from unit.plan.plans import RUNBOOK, Made, arn, plan, record

NOW = datetime(2026, 1, 14, 12, tzinfo=UTC)
DOCUMENT = "module.web.module.automation_document.aws_ssm_document.this"
RECORD = "module.web.terraform_data.deployment"
ROLE = "module.web.module.automation_role.aws_iam_role.this"
STEPS_POLICY = "module.web.module.automation_role.aws_iam_role_policy.steps"
WINDOW = "module.web.module.maintenance_window.aws_ssm_maintenance_window.this"
WINDOW_ROLE = "module.web.module.maintenance_window.aws_iam_role.this"
WINDOW_POLICY = "module.web.module.maintenance_window.aws_iam_role_policy.this"
TASK = 'module.web.module.maintenance_window.aws_ssm_maintenance_window_task.fleet["web"]'
PARAMETERS = ("task_invocation_parameters", 0, "automation_parameters", 0, "parameter")
VERSION = ("task_invocation_parameters", 0, "automation_parameters", 0, "document_version")


def found(
    after: Made, before: Made | None = None, actions: dict[str, list[str]] | None = None, base: Made | None = None
) -> list[tuple[str, str]]:
    """The findings as (id, address)."""
    other = parse(plan(base)) if base else None
    return [(f.id, f.address) for f in review(parse(plan(after, before, actions)), other, NOW).findings]


def made(given: dict[str, Any] | None = None, text: str = RUNBOOK) -> Made:
    """One call, module.web."""
    return Made().call(given=given, text=text)


def with_group(**values: Any) -> Made:
    """A call and its target group in one plan, the ARN known."""
    return made().add("aws_lb_target_group.web", arn=arn(), name="web", target_type="instance", **values)


def with_fleets(**fleets: Any) -> Made:
    """One call with these fleets."""
    return made(record(fleets=fleets))


def two_calls(first: dict[str, Any], second: dict[str, Any], **more: Any) -> Made:
    """Two calls, the second named other; more are members of its window."""
    other = record("other", {"web": second}, **more)
    return Made().call(given=record(fleets={"web": first})).call("module.other", other)
