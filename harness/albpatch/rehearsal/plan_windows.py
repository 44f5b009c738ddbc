"""Makes the maintenance windows of a plan with their targets and tasks."""

from __future__ import annotations

from collections.abc import Sequence

from albpatch.rehearsal.plan_making import Maker, Values, tags
from albpatch.rehearsal.plan_references import PlanError, Planned

_Path = Sequence[str | int]
_VERSION_OF_TASK: _Path = ("task_invocation_parameters", 0, "automation_parameters", 0, "document_version")


class WindowMaker(Maker):
    """Windows first, then targets, then tasks, as they name each other."""

    def window(self, planned: Planned) -> None:
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
            Tags=tags(values),
        )["WindowId"]
        if not values["enabled"]:
            self._call("ssm", "UpdateMaintenanceWindow", WindowId=window_id, Enabled=False)
        self._loaded.windows[planned.address] = window_id

    def target(self, planned: Planned) -> None:
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

    def task(self, planned: Planned) -> None:
        values = planned.values
        role = values.get("service_role_arn")
        if "service_role_arn" not in values:
            named = self._plan.named(planned, ["service_role_arn"], "aws_iam_role")
            role = self._loaded.arns[named.address]
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

    def _window_of(self, planned: Planned) -> str:
        return self._loaded.windows[self._plan.named(planned, ["window_id"], "aws_ssm_maintenance_window").address]

    def _values(self, planned: Planned, number: int, target: Values) -> list[str]:
        if "values" not in target or None in target["values"]:
            raise PlanError(
                f"{planned.address}: the values of {target['key']} (target {number}) are not known in this plan"
            )
        return list(target["values"])

    def _task_arn(self, planned: Planned) -> str:
        known = planned.values.get("task_arn")
        return known or self._loaded.documents[self._plan.named(planned, ["task_arn"], "aws_ssm_document").address]

    def _task_target(self, planned: Planned, number: int, target: Values) -> Values:
        if target["key"] != "WindowTargetIds":
            return {"Key": target["key"], "Values": self._values(planned, number, target)}
        path: _Path = ["targets", number, "values"]
        named = self._plan.named(planned, path, "aws_ssm_maintenance_window_target")
        return {"Key": "WindowTargetIds", "Values": [self._loaded.targets[named.address]]}

    def _invocation(self, planned: Planned) -> Values:
        found: Values = {}
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

    def _automation(self, planned: Planned, given: Values) -> Values:
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

    def _parameters(self, planned: Planned, given: Values) -> dict[str, list[str]]:
        found = {}
        for parameter in given.get("parameter") or []:
            if "values" not in parameter or None in parameter["values"]:
                raise PlanError(
                    f"{planned.address}: the values of parameter {parameter['name']} are not known in this plan"
                )
            found[parameter["name"]] = list(parameter["values"])
        return found

    def _command(self, planned: Planned, given: Values) -> Values:
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
