"""Plain patching, to compare with: a window whose task runs AWS-RunPatchBaseline straight away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from albpatch.region.core import Region
from albpatch.region.services.window_definitions import WindowDefinitions

ROLE = "plain-patching"  # IAM is not in force in this act, so nobody asks whether it exists
_KEPT = ("Schedule", "ScheduleTimezone", "Duration", "Cutoff")


def plain_window(region: Region, window_ids: Sequence[str]) -> list[str]:
    """Windows with the schedule, targets and concurrency of these, which patch without looking at a load balancer."""
    role_arn = f"arn:{region.partition}:iam::{region.account_id}:role/{ROLE}"
    return [_copy(region, window_id, role_arn) for window_id in window_ids]


def _copy(region: Region, window_id: str, role_arn: str) -> str:
    like = region.part(WindowDefinitions).get(window_id)
    members = {key: like.members[key] for key in _KEPT if like.members.get(key) is not None}
    made = _call(
        region, "CreateMaintenanceWindow", {"Name": "plain-patching", "AllowUnassociatedTargets": False, **members}
    )["WindowId"]
    of_target = {
        value: task["MaxConcurrency"]
        for task in like.tasks.values()
        for t in task.get("Targets", [])
        for value in t["Values"]
    }
    for target_id, target in like.targets.items():
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
                "MaxConcurrency": of_target.get(target_id, "1"),
                "MaxErrors": "0",
                "Priority": 10,
                "TaskInvocationParameters": {"RunCommand": run_command},
            },
        )
    return str(made)


def _call(region: Region, operation: str, params: dict[str, Any]) -> dict[str, Any]:
    return region.call(region.administrator, "ssm", operation, params)
