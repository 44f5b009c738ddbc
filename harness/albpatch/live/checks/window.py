"""Is the window the one that was applied, does it open, and what does it start?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from albpatch.live.checks.common import compared
from albpatch.live.verdicts import Check, Item, Look, right, wrong
from albpatch.schedule.cron import ScheduleError
from albpatch.schedule.openings import NotKnownYet, Opening, Schedule, openings
from albpatch.settings import Deployment, Fleet, Window

PARAMETERS_OF_A_BUNDLED_TASK = (
    *("InstanceId", "MaxUnavailable", "MinHealthyCount"),
    *("MinHealthyPercent", "TargetGroupArns", "WindowExecutionId"),
)
_KEPT = timedelta(days=30)  # Systems Manager forgets older executions
_LATE = timedelta(minutes=15)  # an opening that is not listed after so long did not come


def as_recorded(look: Look) -> Iterator[Item]:
    """The window is there, with the recorded schedule, and enabled or disabled as recorded."""
    wanted = look.deployment.window
    found = look.account.windows.window(wanted.id)
    if found is None:
        yield wrong("window-changed", f"window {wanted.name}", f"{wanted.id} does not exist", "a window")
        return
    members = {
        "Name": wanted.name,
        "Enabled": wanted.enabled,
        "Schedule": wanted.expression,
        "ScheduleTimezone": wanted.timezone,
        "ScheduleOffset": wanted.offset_days,
        "Duration": wanted.duration_hours,
        "Cutoff": wanted.cutoff_hours,
        "StartDate": wanted.start_date,
        "EndDate": wanted.end_date,
        "AllowUnassociatedTargets": False,
    }
    yield from compared("window-changed", f"window {wanted.name}", members, {key: found.get(key) for key in members})


def opens(look: Look) -> Iterator[Item]:
    """The window is enabled and has a next execution."""
    wanted = look.deployment.window
    found = look.account.windows.window(wanted.id)
    if found is None:
        return
    upcoming = found.get("NextExecutionTime")
    if not found["Enabled"]:
        yield wrong("window-disabled", f"window {wanted.name}", "is disabled", "enabled")
    elif not upcoming:
        yield wrong("window-never-opens", f"window {wanted.name}", "has no next execution", "a next execution")
    else:
        yield right(f"window {wanted.name}", f"opens next at {upcoming}", "a next execution")


def opened(look: Look) -> Iterator[Item]:
    """The last opening that was due really came, and ended well."""
    wanted, subject = look.deployment.window, f"window {look.deployment.window.name}"
    window = look.account.windows.window(wanted.id)
    if window is None:
        return
    past, due = look.account.windows.openings(wanted.id), _due(wanted, window, look.now)
    last = next((opening for opening in past if opening.status != "SKIPPED_OVERLAPPING"), None)
    if past and past[0].status == "SKIPPED_OVERLAPPING":
        what = f"the opening of {past[0].started:%Y-%m-%d %H:%M %Z} was skipped: an earlier one was not over"
        yield wrong("window-did-not-open", subject, what, "no overlap")
    elif due is not None and (last is None or last.started < due.start - _LATE):
        seen = "none came" if last is None else f"the last one came at {last.started:%Y-%m-%d %H:%M %Z}"
        yield wrong(
            "window-did-not-open", subject, f"{seen}, one was due at {due.start:%Y-%m-%d %H:%M %Z}", "an opening"
        )
    if last is None:
        if due is None:
            yield right(subject, "has not opened yet, none was due", "none")
    elif last.under_way:
        yield wrong("roll-under-way", subject, f"its opening {last.id} is {last.status}", "over", passing=True)
    elif last.status != "SUCCESS":
        what = f"the last opening, {last.started:%Y-%m-%d %H:%M %Z}, ended as {last.status}: {last.details}".rstrip(
            ": "
        )
        yield wrong("last-roll-unsuccessful", subject, what, "SUCCESS")
    else:
        yield right(subject, f"last opened at {last.started:%Y-%m-%d %H:%M %Z} and ended as SUCCESS", "SUCCESS")


def _due(wanted: Window, window: Mapping[str, Any], now: datetime) -> Opening | None:
    """The last opening that should have come since the window was made or changed, if that can be told."""
    if not window["Enabled"]:
        return None
    changed = window["ModifiedDate"]
    start = wanted.start_date
    if start is None and wanted.expression.startswith("rate"):
        start = window["CreatedDate"].isoformat()
    schedule = Schedule(
        wanted.expression, wanted.timezone, wanted.duration_hours, wanted.offset_days, start, wanted.end_date
    )
    last = None
    try:
        for opening in openings(schedule, max(changed, now - _KEPT), changed if wanted.offset_days else None):
            if opening.start > now - _LATE:
                break
            last = opening
    except (ScheduleError, NotKnownYet):
        return None
    return None if last is None or last.doubt else last


def targets_as_recorded(look: Look) -> Iterator[Item]:
    """The window has the fleets' targets, each naming its instances as recorded, and no other."""
    window_id = look.deployment.window.id
    found = look.account.windows.targets(window_id) if look.account.windows.window(window_id) else {}
    for name, fleet in look.fleets:
        target, subject = found.pop(fleet.target_id, None), f"fleet {name}: window target"
        if target is None:
            yield wrong("window-target-changed", subject, f"{fleet.target_id} does not exist", "a window target")
        else:
            named = {t["Key"]: sorted(t["Values"]) for t in target["Targets"]}
            yield from compared("window-target-changed", subject, _naming(fleet), named)
    for target_id in found:
        what = f"window target {target_id} is not of this deployment"
        yield wrong("window-target-changed", f"window {look.deployment.window.name}", what, "the fleets' only")


def sweeps(look: Look) -> list[str]:
    """The window's tasks that start the restore runbook before the fleets' turn."""
    restore, window_id = look.deployment.restore, look.deployment.window.id
    if restore is None or look.account.windows.window(window_id) is None:
        return []
    return [i for i, task in look.account.windows.tasks(window_id).items() if task["TaskArn"] == restore.document]


def tasks_as_recorded(look: Look) -> Iterator[Item]:
    """The window has one task per fleet, which can do what the module promises, and no other."""
    window_id, subject = look.deployment.window.id, f"window {look.deployment.window.name}"
    found = look.account.windows.tasks(window_id) if look.account.windows.window(window_id) else {}
    priorities = {found[f.task_id]["Priority"] for _, f in look.fleets if f.task_id in found}
    if len(priorities) > 1:
        what = "the fleets' tasks differ in priority: they would run one after the other"
        yield wrong("task-changed", subject, what, "one priority")
    for name, fleet in look.fleets:
        task = found.pop(fleet.task_id, None)
        if task is None:
            what = f"{fleet.task_id} does not exist"
            yield wrong("task-changed", f"fleet {name}: window task", what, "a task")
        else:
            yield from _task(f"fleet {name}: window task", look.deployment, fleet, task)
    for task_id in sweeps(look):
        task = found.pop(task_id, {})
        wanted = {"TaskType": "AUTOMATION", "ServiceRoleArn": look.deployment.window_role.arn, "Targets": []}
        found_members = {key: task.get(key) or [] for key in wanted}
        yield from compared("task-changed", f"window task {task_id}", wanted, found_members)
        if priorities and task.get("Priority", 0) >= min(priorities):
            what = f"the sweep has priority {task.get('Priority')}: it would not come before the fleets"
            yield wrong("task-changed", f"window task {task_id}", what, f"less than {min(priorities)}")
    for task_id in found:
        yield wrong("task-changed", subject, f"window task {task_id} is not of this deployment", "the fleets' only")


def _task(subject: str, deployment: Deployment, fleet: Fleet, task: Mapping[str, Any]) -> Iterator[Item]:
    given = task.get("TaskInvocationParameters", {}).get("Automation", {})
    parameters = given.get("Parameters", {})
    wanted: dict[str, Any] = {
        "TaskType": "AUTOMATION",
        "TaskArn": deployment.document.name,
        "ServiceRoleArn": deployment.window_role.arn,
        "MaxConcurrency": fleet.rate_control.concurrency,
        "MaxErrors": fleet.rate_control.errors,
        "CutoffBehavior": "CANCEL_TASK",
        "Targets": [{"Key": "WindowTargetIds", "Values": [fleet.target_id]}],
    }
    found = {key: task.get(key) for key in wanted}
    wanted["DocumentVersion"] = deployment.document.version
    found["DocumentVersion"] = given.get("DocumentVersion")
    if ["{{RESOURCE_ID}}"] not in parameters.values():
        yield wrong("task-changed", subject, "no parameter receives {{RESOURCE_ID}}", "the instance id is passed")
    if deployment.document.source == "bundled":
        budget = fleet.disruption_budget
        counts = ([str(n)] for n in (budget.max_unavailable, budget.min_healthy, budget.min_healthy_percent))
        values = (["{{RESOURCE_ID}}"], *counts, list(fleet.target_group_arns), ["{{WINDOW_EXECUTION_ID}}"])
        expected = dict(zip(PARAMETERS_OF_A_BUNDLED_TASK, values, strict=True))
        wanted |= expected
        found |= {key: parameters.get(key) for key in expected}
    yield from compared("task-changed", subject, wanted, found)


def _naming(fleet: Fleet) -> dict[str, list[str]]:
    named = {f"tag:{key}": sorted(values) for key, values in fleet.tags.items()}
    if fleet.instance_ids:
        named["InstanceIds"] = sorted(fleet.instance_ids)
    if fleet.resource_group is not None:
        named["resource-groups:Name"] = [fleet.resource_group]
        named["resource-groups:ResourceTypeFilters"] = ["AWS::EC2::Instance"]
    return named


CHECKS = (
    Check("window-as-recorded", "the window is the one that was applied", as_recorded, ("window-changed",)),
    Check("window-opens", "the window will open", opens, ("window-disabled", "window-never-opens")),
    Check(
        "window-opened",
        "the last opening that was due came and ended well",
        opened,
        ("window-did-not-open", "roll-under-way", "last-roll-unsuccessful"),
    ),
    Check(
        "window-targets-as-recorded",
        "the window's targets are the ones that were applied",
        targets_as_recorded,
        ("window-target-changed",),
    ),
    Check(
        "tasks-as-recorded", "the window's tasks are the ones that were applied", tasks_as_recorded, ("task-changed",)
    ),
)
