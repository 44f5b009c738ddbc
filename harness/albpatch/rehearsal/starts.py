"""How a night of a comparison begins: the windows open, or a person starts the runbook by hand, one at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from albpatch.region.automation.service import Automation
from albpatch.region.core import Region
from albpatch.region.services.window_definitions import WindowDefinitions
from albpatch.region.services.window_targets import resources
from albpatch.region.services.windows import Windows
from albpatch.report.bound import WINDOWS_AT_ONCE

VALUES_OF_A_TARGET = 50  # https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Target.html
RESOURCE = "{{RESOURCE_ID}}"


def open_windows(region: Region, window_ids: Sequence[str]) -> str:
    """From an activity: open the windows, as many at a time as AWS allows, and wait. Their statuses, each once."""
    windows, waiting, statuses = region.part(Windows), deque(window_ids), list[str]()

    def one_after_the_other() -> None:
        while waiting:
            statuses.append(windows.wait(windows.fire(waiting.popleft())))

    slots = [region.clock.spawn("windows", one_after_the_other) for _ in range(min(WINDOWS_AT_ONCE, len(waiting)))]
    for slot in slots:
        slot.finished.wait()
    return ", ".join(dict.fromkeys(statuses))


def one_at_a_time(region: Region, window_ids: Sequence[str]) -> str:
    """From an activity: what the windows' tasks would roll over, by hand with rate control, concurrency 1.

    As in the console: same document and parameters, the instances as targets, no errors allowed; then the next task.
    """
    statuses = []
    for window_id in window_ids:
        window = region.part(WindowDefinitions).get(window_id)
        for task in window.tasks.values():
            found = resources(region, region.administrator, window, task, region.part(Windows).order)
            ids = [resource.id for resource in found]
            for at in range(0, len(ids), VALUES_OF_A_TARGET):
                statuses.append(_rolled(region, task, ids[at : at + VALUES_OF_A_TARGET]))
    return ", ".join(dict.fromkeys(statuses))


def _rolled(region: Region, task: dict[str, Any], instance_ids: list[str]) -> str:
    given = task["TaskInvocationParameters"]["Automation"]
    parameters: dict[str, list[str]] = given["Parameters"]
    fixed = {name: values for name, values in parameters.items() if not any("{{" in v for v in values)}
    request = {
        "DocumentName": task["TaskArn"],
        "DocumentVersion": given.get("DocumentVersion", "$DEFAULT"),
        "TargetParameterName": next(name for name, values in parameters.items() if values == [RESOURCE]),
        "Targets": [{"Key": "ParameterValues", "Values": instance_ids}],
        "MaxConcurrency": "1",
        "MaxErrors": "0",
        **({"Parameters": fixed} if fixed else {}),  # AWS refuses an empty map
    }
    started = region.call(region.administrator, "ssm", "StartAutomationExecution", request)
    return region.part(Automation).wait(started["AutomationExecutionId"]).status
