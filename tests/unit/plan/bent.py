"""Sound configurations for the tests of findings, and how a review of them is read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from albpatch.findings import Findings
from albpatch.plan.read import parse
from albpatch.plan.review import review
from albpatch.plan.under_way import UnderWay
from unit.plan.plans import RUNBOOK, Made, arn, plan, record

NOW = datetime(2026, 1, 14, 12, tzinfo=UTC)
DOCUMENT = "module.web.module.automation_document.aws_ssm_document.this"
LEASES = "module.web.module.leases[0].aws_dynamodb_table.this[0]"
RESTORE_DOCUMENT = "module.web.module.recovery[0].module.document.aws_ssm_document.this"
RESTORE_ROLE = "module.web.module.recovery[0].aws_iam_role.restore"
RESTORE_POLICY = "module.web.module.recovery[0].aws_iam_role_policy.restore"
EVENTS_ROLE = "module.web.module.recovery[0].aws_iam_role.events"
EVENTS_POLICY = "module.web.module.recovery[0].aws_iam_role_policy.events"
EVENTS_RULE = "module.web.module.recovery[0].aws_cloudwatch_event_rule.ended"
EVENTS_TARGET = "module.web.module.recovery[0].aws_cloudwatch_event_target.ended"
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


def found_live(seen: UnderWay, after: Made, before: Made, actions: dict[str, list[str]] | None = None) -> Findings:
    """The review of a plan with module.web, while this goes on in the account."""
    return review(parse(plan(after, before, actions)), None, NOW, under_way={"module.web": seen})


def made(given: dict[str, Any] | None = None, text: str = RUNBOOK) -> Made:
    """One call, module.web."""
    return Made().call(given=given, text=text)


def with_group(**values: Any) -> Made:
    """A call and its target group in one plan, the ARN known."""
    return made().add("aws_lb_target_group.web", arn=arn(), name="web", target_type="instance", **values)


def with_fleets(**fleets: Any) -> Made:
    """One call with these fleets."""
    return made(record(fleets=fleets))


def two_calls(first: dict[str, Any], second: dict[str, Any], table: str | None = "own", **more: Any) -> Made:
    """Two calls, the second named other; more are members of its window.

    table: "own" for a table each, "web-leases" for that of the first in both, None for two without leases.
    """
    one, other = record(fleets={"web": first}), record("other", {"web": second}, **more)
    if table is None:
        return Made().call(given=without_leases(one)).call("module.other", without_leases(other))
    if table != "own":
        other["lease_table"] = table
    made = Made().call(given=one).call("module.other", other)
    if table != "own":
        del made.values[LEASES.replace("module.web", "module.other")]
    return made


def without_leases(given: dict[str, Any]) -> dict[str, Any]:
    """The record of a call that clones AWS's runbook."""
    document = {**given["document"], "source": "aws-owned", "source_version": "5"}
    return {**given, "document": document, "lease_table": None, "restore": None}
