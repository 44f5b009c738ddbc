"""Loads what a plan would create into a region: tables, documents, roles, policies, windows with targets and
tasks, queues, alarms, event rules.

One `terraform plan` serves hundreds of nights. The region gets what the AWS provider would send; a test compares it
with what a real apply leaves. Resources of other types are listed, not made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from albpatch.errors import Failure
from albpatch.region.core import Region
from albpatch.region.operations import AwsError
from albpatch.rehearsal.plan_events import EventMaker
from albpatch.rehearsal.plan_making import Loaded, Maker, tags
from albpatch.rehearsal.plan_references import Plan, PlanError, Planned
from albpatch.rehearsal.plan_roles import RoleMaker
from albpatch.rehearsal.plan_tables import TableMaker
from albpatch.rehearsal.plan_windows import WindowMaker

__all__ = ["Loaded", "PlanError", "load"]


def load(region: Region, plan: Mapping[str, Any]) -> Loaded:
    """Make what the plan (parsed `terraform show -json PLAN`) would make, as the region's administrator.

    Raises:
        PlanError: a value that is needed is not known in the plan; the message names the address.
        Failure: the region refused what would be sent; the message names the address and the reason.
    """
    content, loaded = Plan(plan), Loaded()
    documents = _DocumentMaker(region, content, loaded)
    roles = RoleMaker(region, content, loaded)
    windows = WindowMaker(region, content, loaded)
    events = EventMaker(region, content, loaded)
    makers = {
        "aws_dynamodb_table": TableMaker(region, content, loaded).table,
        "aws_ssm_document": documents.document,
        "aws_iam_policy": roles.policy,
        "aws_iam_role": roles.role,
        "aws_iam_role_policy": roles.role_policy,
        "aws_iam_role_policy_attachment": roles.attachment,
        "aws_ssm_maintenance_window": windows.window,
        "aws_ssm_maintenance_window_target": windows.target,
        "aws_ssm_maintenance_window_task": windows.task,
        "aws_sqs_queue": events.queue,
        "aws_cloudwatch_metric_alarm": events.alarm,
        "aws_cloudwatch_event_rule": events.rule,
        "aws_cloudwatch_event_target": events.target,
    }
    for kind, make in makers.items():
        for planned in content.of_type(kind):
            try:
                make(planned)
            except AwsError as error:
                raise Failure(f"{planned.address}: {error}") from error
    loaded.left_out = [planned.address for planned in content.resources.values() if planned.type not in makers]
    return loaded


class _DocumentMaker(Maker):
    def document(self, planned: Planned) -> None:
        values = planned.values
        if values.get("attachments_source") or values.get("permissions"):
            raise PlanError(f"{planned.address}: attachments and permissions of a document are not known here")
        name = self._known(planned, "name")
        self._call(
            "ssm",
            "CreateDocument",
            Name=name,
            Content=self._known(planned, "content"),
            DocumentType=values["document_type"],
            DocumentFormat=values.get("document_format", "JSON"),
            TargetType=values.get("target_type"),
            VersionName=values.get("version_name"),
            Tags=tags(values),
        )
        self._loaded.documents[planned.address] = name
