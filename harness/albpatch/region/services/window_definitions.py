"""Maintenance windows as they are defined: windows, targets, tasks, their tags.

Kept here and not in the control plane, whose windows lose members and match no filter.
https://docs.aws.amazon.com/systems-manager/latest/userguide/maintenance-windows.html
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from albpatch.region.core import Region
from albpatch.region.operations import AwsError, Caller, NotKnownHere, operation
from albpatch.region.services.answers import page
from albpatch.region.services.constraints import check
from albpatch.region.services.window_schedule import next_execution

PAGE = 50
MAX_TASKS = 20
MAX_TARGETS = 100
ANSWERED_ONLY_BY_GET = ("CreatedDate", "ModifiedDate", "AllowUnassociatedTargets")
_NOT_KEPT = ("ClientToken", "Tags", "Replace", "WindowId", "WindowTargetId", "WindowTaskId")
_CLEARED_BY_REPLACE = ("Description", "StartDate", "EndDate", "ScheduleTimezone", "ScheduleOffset")
_Members = dict[str, Any]


@dataclass
class Window:
    """One window. `members` are GetMaintenanceWindow's, `targets` and `tasks` by id are the Describe operations'."""

    id: str
    members: _Members
    tags: dict[str, str] = field(default_factory=dict)
    targets: dict[str, _Members] = field(default_factory=dict)
    tasks: dict[str, _Members] = field(default_factory=dict)


class WindowDefinitions:
    """The region's windows (a part of the region). Ids are drawn from a seeded generator: a run repeats exactly."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self.windows: dict[str, Window] = {}
        self._random = random.Random(region.name)

    def get(self, window_id: str) -> Window:
        """Raises AwsError("DoesNotExistException")."""
        if window_id not in self.windows:
            raise AwsError("DoesNotExistException", f"Maintenance window {window_id} does not exist")
        return self.windows[window_id]

    def new_window_id(self) -> str:
        return f"mw-{self._random.getrandbits(68):017x}"

    def new_id(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._region.clock.time(), UTC)


def _member_of(members: dict[str, _Members], item_id: str, what: str, window: Window) -> _Members:
    if item_id not in members:
        raise AwsError("DoesNotExistException", f"{what} {item_id} does not exist in maintenance window {window.id}")
    return members[item_id]


def _kept(params: _Members) -> _Members:
    return {key: value for key, value in params.items() if key not in _NOT_KEPT}


def _defined(name: str) -> Callable[..., Any]:
    """Register an operation on definitions; its function gets (definitions, params) that hold the model's limits."""

    def keep(function: Callable[[WindowDefinitions, _Members], _Members]) -> Callable[..., Any]:
        def answer(region: Region, _caller: Caller, params: _Members) -> _Members:
            check("ssm", name, params)
            return function(region.part(WindowDefinitions), params)

        operation("ssm", name)(answer)
        return function

    return keep


def _check_times(members: _Members) -> None:
    if members["Cutoff"] >= members["Duration"]:
        raise AwsError("ValidationException", "Maintenance window cutoff must be less than its duration.")


@_defined("CreateMaintenanceWindow")
def create_window(definitions: WindowDefinitions, params: _Members) -> _Members:
    _check_times(params)
    now = definitions.now()
    members = {**_kept(params), "Enabled": True, "CreatedDate": now, "ModifiedDate": now}
    window = Window(definitions.new_window_id(), members, {t["Key"]: t["Value"] for t in params.get("Tags", [])})
    definitions.windows[window.id] = window
    return {"WindowId": window.id}


@_defined("GetMaintenanceWindow")
def get_window(definitions: WindowDefinitions, params: _Members) -> _Members:
    window = definitions.get(params["WindowId"])
    upcoming = next_execution(window.members, definitions.now())
    return {"WindowId": window.id, **window.members, **({"NextExecutionTime": upcoming} if upcoming else {})}


@_defined("UpdateMaintenanceWindow")
def update_window(definitions: WindowDefinitions, params: _Members) -> _Members:
    """Changes the members given; with Replace, the optional ones not given are cleared."""
    window = definitions.get(params["WindowId"])
    cleared = _CLEARED_BY_REPLACE if params.get("Replace") else ()
    members = {key: value for key, value in window.members.items() if key not in cleared}
    members |= _kept(params) | {"ModifiedDate": definitions.now()}
    _check_times(members)
    window.members = members
    return {"WindowId": window.id, **{k: v for k, v in members.items() if not k.endswith("edDate")}}


@_defined("DeleteMaintenanceWindow")
def delete_window(definitions: WindowDefinitions, params: _Members) -> _Members:
    del definitions.windows[definitions.get(params["WindowId"]).id]
    return {"WindowId": params["WindowId"]}


@_defined("DescribeMaintenanceWindows")
def describe_windows(definitions: WindowDefinitions, params: _Members) -> _Members:
    """Filters: Name, Enabled."""
    found = [
        {"WindowId": window.id, **{k: v for k, v in window.members.items() if k not in ANSWERED_ONLY_BY_GET}}
        for window in definitions.windows.values()
    ]
    return page(_filtered(found, params, {"Name": "Name", "Enabled": "Enabled"}), params, PAGE, "WindowIdentities")


@_defined("RegisterTargetWithMaintenanceWindow")
def register_target(definitions: WindowDefinitions, params: _Members) -> _Members:
    window = definitions.get(params["WindowId"])
    if len(window.targets) >= MAX_TARGETS:
        raise AwsError("ResourceLimitExceededException", f"A maintenance window has at most {MAX_TARGETS} targets.")
    target_id = definitions.new_id()
    window.targets[target_id] = _kept(params)
    return {"WindowTargetId": target_id}


@_defined("UpdateMaintenanceWindowTarget")
def update_target(definitions: WindowDefinitions, params: _Members) -> _Members:
    window = definitions.get(params["WindowId"])
    target = _member_of(window.targets, params["WindowTargetId"], "Target", window)
    if params.get("Replace"):
        for key in ("Name", "Description", "OwnerInformation"):
            target.pop(key, None)
    target.update(_kept(params))
    shown = {key: value for key, value in target.items() if key != "ResourceType"}
    return {"WindowId": window.id, "WindowTargetId": params["WindowTargetId"], **shown}


@_defined("DeregisterTargetFromMaintenanceWindow")
def deregister_target(definitions: WindowDefinitions, params: _Members) -> _Members:
    """With Safe, a target that a task still names stays."""
    window = definitions.get(params["WindowId"])
    target_id = params["WindowTargetId"]
    _member_of(window.targets, target_id, "Target", window)
    named = [value for task in window.tasks.values() for t in task.get("Targets", []) for value in t["Values"]]
    if params.get("Safe") and target_id in named:
        raise AwsError("TargetInUseException", "This target cannot be deregistered because it is still in use.")
    del window.targets[target_id]
    return {"WindowId": window.id, "WindowTargetId": target_id}


@_defined("DescribeMaintenanceWindowTargets")
def describe_targets(definitions: WindowDefinitions, params: _Members) -> _Members:
    """Filters: Type, WindowTargetId, OwnerInformation."""
    window = definitions.get(params["WindowId"])
    found = [{"WindowId": window.id, "WindowTargetId": key, **t} for key, t in window.targets.items()]
    keys = {"Type": "ResourceType", "WindowTargetId": "WindowTargetId", "OwnerInformation": "OwnerInformation"}
    return page(_filtered(found, params, keys), params, PAGE, "Targets")


def _check_task(window: Window, task: _Members) -> None:
    """What the service refuses beyond the model's limits."""
    rates = [key for key in ("MaxConcurrency", "MaxErrors") if task.get(key) is not None]
    if task.get("Targets") and len(rates) < 2:
        raise AwsError("ValidationException", "MaxConcurrency and MaxErrors are required for a task with targets.")
    for target in task.get("Targets", []):
        if target["Key"] not in ("WindowTargetIds", "InstanceIds"):
            raise AwsError(
                "ValidationException", f"A task's target key is WindowTargetIds or InstanceIds, not {target['Key']}."
            )
        if target["Key"] == "WindowTargetIds":
            for target_id in target["Values"]:
                _member_of(window.targets, target_id, "Target", window)


@_defined("RegisterTaskWithMaintenanceWindow")
def register_task(definitions: WindowDefinitions, params: _Members) -> _Members:
    """A task without targets gets the placeholder rates of 1 that AWS shows."""
    window = definitions.get(params["WindowId"])
    if len(window.tasks) >= MAX_TASKS:
        raise AwsError("ResourceLimitExceededException", f"A maintenance window has at most {MAX_TASKS} tasks.")
    if "TaskParameters" in params:
        raise NotKnownHere("TaskParameters of a maintenance window task: TaskInvocationParameters took their place")
    task = {"Priority": 1, "CutoffBehavior": "CONTINUE_TASK", **_kept(params)}
    _check_task(window, task)
    if not task.get("Targets"):
        task |= {"MaxConcurrency": "1", "MaxErrors": "1"}
    task_id = definitions.new_id()
    window.tasks[task_id] = task
    return {"WindowTaskId": task_id}


@_defined("GetMaintenanceWindowTask")
def get_task(definitions: WindowDefinitions, params: _Members) -> _Members:
    window = definitions.get(params["WindowId"])
    task = _member_of(window.tasks, params["WindowTaskId"], "Task", window)
    return {"WindowId": window.id, "WindowTaskId": params["WindowTaskId"], **task}


@_defined("UpdateMaintenanceWindowTask")
def update_task(definitions: WindowDefinitions, params: _Members) -> _Members:
    """With Replace every member but the type is what the request says, or its default."""
    window = definitions.get(params["WindowId"])
    task = _member_of(window.tasks, params["WindowTaskId"], "Task", window)
    kept = {"TaskType": task["TaskType"], "TaskArn": task["TaskArn"]} if params.get("Replace") else task
    changed = {"Priority": 1, "CutoffBehavior": "CONTINUE_TASK", **kept, **_kept(params)}
    _check_task(window, changed)
    window.tasks[params["WindowTaskId"]] = changed
    shown = {key: value for key, value in changed.items() if key != "TaskType"}
    return {"WindowId": window.id, "WindowTaskId": params["WindowTaskId"], **shown}


@_defined("DeregisterTaskFromMaintenanceWindow")
def deregister_task(definitions: WindowDefinitions, params: _Members) -> _Members:
    window = definitions.get(params["WindowId"])
    _member_of(window.tasks, params["WindowTaskId"], "Task", window)
    del window.tasks[params["WindowTaskId"]]
    return {"WindowId": window.id, "WindowTaskId": params["WindowTaskId"]}


@_defined("DescribeMaintenanceWindowTasks")
def describe_tasks(definitions: WindowDefinitions, params: _Members) -> _Members:
    """Filters: WindowTaskId, TaskArn, Priority, TaskType. TaskInvocationParameters are answered by Get only."""
    window = definitions.get(params["WindowId"])
    found = []
    for task_id, task in window.tasks.items():
        shown = {k: v for k, v in task.items() if k not in ("TaskType", "TaskInvocationParameters")}
        found.append({"WindowId": window.id, "WindowTaskId": task_id, "Type": task["TaskType"], **shown})
    keys = {"WindowTaskId": "WindowTaskId", "TaskArn": "TaskArn", "Priority": "Priority", "TaskType": "Type"}
    return page(_filtered(found, params, keys), params, PAGE, "Tasks")


def _filtered(items: list[_Members], params: _Members, keys: dict[str, str]) -> list[_Members]:
    """The items that match every filter; a filter matches one of its values. Booleans are written true, false."""
    for wanted in params.get("Filters", []):
        if wanted["Key"] not in keys:
            raise AwsError("ValidationException", f"Unknown filter key {wanted['Key']}.")
        values = [value.lower() for value in wanted["Values"]]
        items = [item for item in items if str(item.get(keys[wanted["Key"]])).lower() in values]
    return items
