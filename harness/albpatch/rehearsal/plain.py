"""Plain patching, to compare with: a window whose task runs AWS-RunPatchBaseline straight away, one after the other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from albpatch.region.core import Region
from albpatch.region.operations import AwsError
from albpatch.region.services.window_definitions import WindowDefinitions

ROLE = "plain-patching-window"
_TRUST = {"Effect": "Allow", "Principal": {"Service": "ssm.amazonaws.com"}, "Action": "sts:AssumeRole"}
_ALLOWED = {
    "Effect": "Allow",
    "Action": ["ssm:SendCommand", "ssm:ListCommands", "ssm:ListCommandInvocations", "ssm:CancelCommand"],
    "Resource": "*",
}
_KEPT = ("Schedule", "ScheduleTimezone", "Duration", "Cutoff")


def plain_window(region: Region, window_ids: Sequence[str]) -> list[str]:
    """Windows with the same schedule and targets as these, which patch without looking at a load balancer."""
    role_arn = _role(region)
    return [_copy(region, window_id, role_arn) for window_id in window_ids]


def _copy(region: Region, window_id: str, role_arn: str) -> str:
    like = region.part(WindowDefinitions).get(window_id)
    members = {key: like.members[key] for key in _KEPT if like.members.get(key) is not None}
    made = _call(
        region, "CreateMaintenanceWindow", {"Name": "plain-patching", "AllowUnassociatedTargets": False, **members}
    )["WindowId"]
    for target in like.targets.values():
        registered = _call(
            region,
            "RegisterTargetWithMaintenanceWindow",
            {"WindowId": made, "ResourceType": target["ResourceType"], "Targets": target["Targets"]},
        )["WindowTargetId"]
        run_command = {"Parameters": {"Operation": ["Install"], "StepTimeoutSeconds": ["1800"]}, "TimeoutSeconds": 600}
        _call(
            region,
            "RegisterTaskWithMaintenanceWindow",
            {
                "WindowId": made,
                "TaskArn": "AWS-RunPatchBaseline",
                "TaskType": "RUN_COMMAND",
                "ServiceRoleArn": role_arn,
                "Targets": [{"Key": "WindowTargetIds", "Values": [registered]}],
                "MaxConcurrency": "1",
                "MaxErrors": "0",
                "Priority": 10,
                "TaskInvocationParameters": {"RunCommand": run_command},
            },
        )
    return str(made)


def _role(region: Region) -> str:
    version = "2012-10-17"
    trust = json.dumps({"Version": version, "Statement": [_TRUST]})
    try:
        role = region.backend("iam", "CreateRole", {"RoleName": ROLE, "AssumeRolePolicyDocument": trust})["Role"]
    except AwsError as error:
        if error.code != "EntityAlreadyExists":
            raise
        role = region.backend("iam", "GetRole", {"RoleName": ROLE})["Role"]
    policy = json.dumps({"Version": version, "Statement": [_ALLOWED]})
    region.backend("iam", "PutRolePolicy", {"RoleName": ROLE, "PolicyName": "patch", "PolicyDocument": policy})
    return str(role["Arn"])


def _call(region: Region, operation: str, params: dict[str, Any]) -> dict[str, Any]:
    return region.call(region.administrator, "ssm", operation, params)
