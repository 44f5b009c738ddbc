"""Operations that read, and the one that cancels, what windows did."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from albpatch.region.core import Region
from albpatch.region.operations import AwsError, Caller, operation
from albpatch.region.services.answers import page
from albpatch.region.services.constraints import check
from albpatch.region.services.window_definitions import PAGE, WindowDefinitions
from albpatch.region.services.window_records import Record, TaskExecution
from albpatch.region.services.windows import Windows


@operation("ssm", "DescribeMaintenanceWindowExecutions")
def describe_executions(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """The newest first. Filters: ExecutedBefore, ExecutedAfter."""
    check("ssm", "DescribeMaintenanceWindowExecutions", params)
    window = region.part(WindowDefinitions).get(params["WindowId"])
    found = [e for e in region.part(Windows).executions.values() if e.window_id == window.id]
    for wanted in params.get("Filters", []):
        moment = datetime.fromisoformat(wanted["Values"][0]).timestamp()
        if wanted["Key"] not in ("ExecutedBefore", "ExecutedAfter"):
            raise AwsError("ValidationException", f"Unknown filter key {wanted['Key']}.")
        before = wanted["Key"] == "ExecutedBefore"
        found = [e for e in found if (e.start < moment if before else e.start > moment)]
    return page([e.shown() for e in reversed(found)], params, PAGE, "WindowExecutions")


@operation("ssm", "GetMaintenanceWindowExecution")
def get_execution(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    execution = region.part(Windows).get(params["WindowExecutionId"])
    shown = {key: value for key, value in execution.shown().items() if key != "WindowId"}
    return {"TaskIds": [task.id for task in execution.tasks], **shown}


@operation("ssm", "DescribeMaintenanceWindowExecutionTasks")
def describe_tasks(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """Filter: STATUS."""
    execution = region.part(Windows).get(params["WindowExecutionId"])
    found = [{"WindowExecutionId": execution.id, **t.shown()} for t in _with_status(execution.tasks, params)]
    return page(found, params, PAGE, "WindowExecutionTaskIdentities")


@operation("ssm", "GetMaintenanceWindowExecutionTask")
def get_task(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    found = _task(region, params)
    shown = found.shown()
    shown["Type"] = shown.pop("TaskType")
    rates = {key: found.task[key] for key in ("Priority", "MaxConcurrency", "MaxErrors")}
    role = {"ServiceRole": found.task["ServiceRoleArn"]} if found.task.get("ServiceRoleArn") else {}
    return {"WindowExecutionId": params["WindowExecutionId"], **rates, **role, **shown}


@operation("ssm", "DescribeMaintenanceWindowExecutionTaskInvocations")
def describe_invocations(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """Filter: STATUS."""
    task = _task(region, params)
    ids = {"WindowExecutionId": params["WindowExecutionId"], "TaskExecutionId": task.id}
    found = [{**ids, **i.shown()} for i in _with_status(task.invocations, params)]
    return page(found, params, PAGE, "WindowExecutionTaskInvocationIdentities")


@operation("ssm", "CancelMaintenanceWindowExecution")
def cancel_execution(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    region.part(Windows).cancel(params["WindowExecutionId"])
    return {"WindowExecutionId": params["WindowExecutionId"]}


def _task(region: Region, params: dict[str, Any]) -> TaskExecution:
    for task in region.part(Windows).get(params["WindowExecutionId"]).tasks:
        if task.id == params["TaskId"]:
            return task
    raise AwsError("DoesNotExistException", f"Task execution {params['TaskId']} does not exist")


def _with_status(records: Sequence[Record], params: dict[str, Any]) -> list[Record]:
    found = list(records)
    for wanted in params.get("Filters", []):
        if wanted["Key"] != "STATUS":
            raise AwsError("ValidationException", f"Unknown filter key {wanted['Key']}.")
        found = [record for record in found if record.status in wanted["Values"]]
    return found
