"""Loads what a plan would create into a region: documents, roles, policies, windows, targets, tasks.

One `terraform plan` serves hundreds of nights. The region gets what the AWS provider would send; a test compares it
with what a real apply leaves. Resources of other types are listed, not made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from albpatch.errors import Failure
from albpatch.region.core import Region
from albpatch.region.operations import AwsError
from albpatch.rehearsal.plan_references import Plan, PlanError, Planned

_Values = dict[str, Any]
_Path = Sequence[str | int]
_VERSION_OF_TASK: _Path = ("task_invocation_parameters", 0, "automation_parameters", 0, "document_version")


@dataclass
class Loaded:
    """What was made: Terraform address -> the window's, target's or task's id, the document's or role's name.

    `left_out` are the addresses of resources of types that are not made here.
    """

    windows: dict[str, str] = field(default_factory=dict)
    targets: dict[str, str] = field(default_factory=dict)
    tasks: dict[str, str] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    policies: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    @property
    def window_ids(self) -> list[str]:
        return list(self.windows.values())


def load(region: Region, plan: Mapping[str, Any]) -> Loaded:
    """Make what the plan (parsed `terraform show -json PLAN`) would make, as the region's administrator.

    Raises:
        PlanError: a value that is needed is not known in the plan; the message names the address.
        Failure: the region refused what would be sent; the message names the address and the reason.
    """
    return _Loader(region, Plan(plan)).load()


class _Loader:
    def __init__(self, region: Region, plan: Plan) -> None:
        self._region, self._plan = region, plan
        self._loaded = Loaded()
        self._arns: dict[str, str] = {}
        self._steps = {
            "aws_ssm_document": self._document,
            "aws_iam_policy": self._policy,
            "aws_iam_role": self._role,
            "aws_iam_role_policy": self._role_policy,
            "aws_iam_role_policy_attachment": self._attachment,
            "aws_ssm_maintenance_window": self._window,
            "aws_ssm_maintenance_window_target": self._target,
            "aws_ssm_maintenance_window_task": self._task,
        }

    def load(self) -> Loaded:
        for kind, make in self._steps.items():
            for planned in self._plan.of_type(kind):
                try:
                    make(planned)
                except AwsError as error:
                    raise Failure(f"{planned.address}: {error}") from error
        self._loaded.left_out = [p.address for p in self._plan.resources.values() if p.type not in self._steps]
        return self._loaded

    def _call(self, service: str, operation: str, **params: Any) -> _Values:
        """Make a call without the members that are not set, as the provider does."""
        given = {key: value for key, value in params.items() if value not in (None, "", [], {})}
        return self._region.call(self._region.administrator, service, operation, given)

    def _iam(self, operation: str, **params: Any) -> _Values:
        given = {key: value for key, value in params.items() if value not in (None, "", [], {})}
        return self._region.backend("iam", operation, given)

    def _known(self, planned: Planned, name: str) -> Any:
        """A value that the plan must know. A member that is null is known."""
        if name not in planned.values:
            raise PlanError(f"{planned.address}: {name} is not known in this plan")
        return planned.values[name]

    def _document(self, planned: Planned) -> None:
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
            Tags=_tags(values),
        )
        self._loaded.documents[planned.address] = name

    def _policy(self, planned: Planned) -> None:
        values = planned.values
        answer = self._iam(
            "CreatePolicy",
            PolicyName=self._known(planned, "name"),
            PolicyDocument=self._known(planned, "policy"),
            Path=values.get("path"),
            Description=values.get("description"),
            Tags=_tags(values),
        )
        self._arns[planned.address] = answer["Policy"]["Arn"]
        self._loaded.policies[planned.address] = answer["Policy"]["Arn"]

    def _role(self, planned: Planned) -> None:
        values = planned.values
        boundary = values.get("permissions_boundary")
        if "permissions_boundary" not in values:
            boundary = self._arn(planned, "permissions_boundary", "aws_iam_policy")
        answer = self._iam(
            "CreateRole",
            RoleName=self._known(planned, "name"),
            AssumeRolePolicyDocument=self._known(planned, "assume_role_policy"),
            Path=values.get("path"),
            Description=values.get("description"),
            MaxSessionDuration=values.get("max_session_duration"),
            PermissionsBoundary=boundary,
            Tags=_tags(values),
        )
        self._arns[planned.address] = answer["Role"]["Arn"]
        self._loaded.roles[planned.address] = values["name"]
        for policy in values.get("inline_policy") or []:
            if policy.get("name"):
                self._put_policy(values["name"], policy["name"], policy["policy"])
        for arn in values.get("managed_policy_arns") or []:
            self._iam("AttachRolePolicy", RoleName=values["name"], PolicyArn=arn)

    def _role_policy(self, planned: Planned) -> None:
        name, text = self._known(planned, "name"), self._known(planned, "policy")
        self._put_policy(self._role_name(planned), name, text)
        self._loaded.policies[planned.address] = name

    def _put_policy(self, role: str, name: str, text: str) -> None:
        self._iam("PutRolePolicy", RoleName=role, PolicyName=name, PolicyDocument=text)

    def _attachment(self, planned: Planned) -> None:
        arn = planned.values.get("policy_arn") or self._arn(planned, "policy_arn", "aws_iam_policy")
        self._iam("AttachRolePolicy", RoleName=self._role_name(planned), PolicyArn=arn)

    def _role_name(self, planned: Planned) -> str:
        known = planned.values.get("role")
        return known or self._loaded.roles[self._plan.named(planned, ["role"], "aws_iam_role").address]

    def _arn(self, planned: Planned, name: str, wanted: str) -> str:
        return self._arns[self._plan.named(planned, [name], wanted).address]

    def _window(self, planned: Planned) -> None:
        values = planned.values
        window_id = self._call(
            "ssm",
            "CreateMaintenanceWindow",
            Name=self._known(planned, "name"),
            Schedule=self._known(planned, "schedule"),
            Duration=values["duration"],
            Cutoff=values["cutoff"],
            AllowUnassociatedTargets=values["allow_unassociated_targets"],
            Description=values.get("description"),
            ScheduleTimezone=values.get("schedule_timezone"),
            ScheduleOffset=values.get("schedule_offset"),
            StartDate=values.get("start_date"),
            EndDate=values.get("end_date"),
            Tags=_tags(values),
        )["WindowId"]
        if not values["enabled"]:
            self._call("ssm", "UpdateMaintenanceWindow", WindowId=window_id, Enabled=False)
        self._loaded.windows[planned.address] = window_id

    def _window_of(self, planned: Planned) -> str:
        return self._loaded.windows[self._plan.named(planned, ["window_id"], "aws_ssm_maintenance_window").address]

    def _target(self, planned: Planned) -> None:
        values = planned.values
        answer = self._call(
            "ssm",
            "RegisterTargetWithMaintenanceWindow",
            WindowId=self._window_of(planned),
            ResourceType=values["resource_type"],
            Targets=[{"Key": t["key"], "Values": self._values(planned, n, t)} for n, t in enumerate(values["targets"])],
            Name=values.get("name"),
            Description=values.get("description"),
            OwnerInformation=values.get("owner_information"),
        )
        self._loaded.targets[planned.address] = answer["WindowTargetId"]

    def _values(self, planned: Planned, number: int, target: _Values) -> list[str]:
        if "values" not in target or None in target["values"]:
            raise PlanError(
                f"{planned.address}: the values of {target['key']} (target {number}) are not known in this plan"
            )
        return list(target["values"])

    def _task(self, planned: Planned) -> None:
        values = planned.values
        role = values.get("service_role_arn")
        if "service_role_arn" not in values:
            role = self._arn(planned, "service_role_arn", "aws_iam_role")
        answer = self._call(
            "ssm",
            "RegisterTaskWithMaintenanceWindow",
            WindowId=self._window_of(planned),
            TaskType=values["task_type"],
            TaskArn=self._task_arn(planned),
            ServiceRoleArn=role,
            Targets=[self._task_target(planned, n, t) for n, t in enumerate(values.get("targets") or [])],
            MaxConcurrency=values.get("max_concurrency"),
            MaxErrors=values.get("max_errors"),
            Priority=values.get("priority") or None,  # the provider does not send 0
            CutoffBehavior=values.get("cutoff_behavior"),
            Name=values.get("name"),
            Description=values.get("description"),
            TaskInvocationParameters=self._invocation(planned),
        )
        self._loaded.tasks[planned.address] = answer["WindowTaskId"]

    def _task_arn(self, planned: Planned) -> str:
        known = planned.values.get("task_arn")
        return known or self._loaded.documents[self._plan.named(planned, ["task_arn"], "aws_ssm_document").address]

    def _task_target(self, planned: Planned, number: int, target: _Values) -> _Values:
        if target["key"] != "WindowTargetIds":
            return {"Key": target["key"], "Values": self._values(planned, number, target)}
        path: _Path = ["targets", number, "values"]
        named = self._plan.named(planned, path, "aws_ssm_maintenance_window_target")
        return {"Key": "WindowTargetIds", "Values": [self._loaded.targets[named.address]]}

    def _invocation(self, planned: Planned) -> _Values:
        found: _Values = {}
        for blocks in planned.values.get("task_invocation_parameters") or []:
            for kind, given in blocks.items():
                if not given:
                    continue
                if kind == "automation_parameters":
                    found["Automation"] = self._automation(planned, given[0])
                elif kind == "run_command_parameters":
                    found["RunCommand"] = self._command(planned, given[0])
                else:
                    raise PlanError(f"{planned.address}: {kind} are not known here")
        return found

    def _automation(self, planned: Planned, given: _Values) -> _Values:
        version = given.get("document_version")
        try:
            named = self._plan.named(planned, _VERSION_OF_TASK, "aws_ssm_document")
        except PlanError:
            if "document_version" not in given:
                raise
        else:  # whatever number the plan gives it, here it is the version just made
            version = self._version(named)
        parameters = self._parameters(planned, given)
        return {key: value for key, value in (("DocumentVersion", version), ("Parameters", parameters)) if value}

    def _version(self, document: Planned) -> str:
        answer = self._call("ssm", "DescribeDocument", Name=self._loaded.documents[document.address])
        return str(answer["Document"]["LatestVersion"])

    def _parameters(self, planned: Planned, given: _Values) -> dict[str, list[str]]:
        found = {}
        for parameter in given.get("parameter") or []:
            if "values" not in parameter or None in parameter["values"]:
                raise PlanError(
                    f"{planned.address}: the values of parameter {parameter['name']} are not known in this plan"
                )
            found[parameter["name"]] = list(parameter["values"])
        return found

    def _command(self, planned: Planned, given: _Values) -> _Values:
        names = {
            "comment": "Comment",
            "document_version": "DocumentVersion",
            "output_s3_bucket": "OutputS3BucketName",
            "output_s3_key_prefix": "OutputS3KeyPrefix",
            "service_role_arn": "ServiceRoleArn",
            "timeout_seconds": "TimeoutSeconds",
        }
        unknown = [key for key, value in given.items() if value and key not in names and key != "parameter"]
        if unknown:
            raise PlanError(f"{planned.address}: {', '.join(unknown)} of a command are not known here")
        members = {names[key]: value for key, value in given.items() if key in names and value}
        return {**members, "Parameters": self._parameters(planned, given)}


def _tags(values: _Values) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in (values.get("tags_all") or {}).items()]
