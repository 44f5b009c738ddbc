"""Which instance an invocation of a window was for, and what an execution said. AWS's answers as they may come."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from albpatch.live.automation import Automation
from albpatch.live.windows import Windows


class Calls:
    """Answers pages by operation."""

    def __init__(self, **pages: list[dict[str, Any]]) -> None:
        self._pages = pages

    def pages(self, _service: str, method: str, _key: str, **_params: Any) -> list[dict[str, Any]]:
        return self._pages[method]


def invoked(**members: str) -> Windows:
    calls = Calls(
        describe_maintenance_window_execution_tasks=[{"TaskExecutionId": "task"}],
        describe_maintenance_window_execution_task_invocations=[{"Status": "SUCCESS", **members}],
    )
    return Windows(calls)


@pytest.mark.parametrize(
    ("members", "instance"),
    [
        ({"Parameters": json.dumps({"parameters": {"InstanceId": ["i-1"]}})}, "i-1"),
        ({"Parameters": json.dumps({"parameters": {"InstanceId": []}})}, ""),
        ({"Parameters": json.dumps({"parameters": None})}, ""),
        ({"Parameters": "[]"}, ""),
        ({"Parameters": "***"}, ""),
        ({"Parameters": ""}, ""),
        ({}, ""),
    ],
)
def test_the_instance_of_an_invocation(members, instance):
    """It is read from the parameters; where these do not say, it is not guessed."""
    (found,) = invoked(**members).invocations("opening")

    assert (found.instance, found.execution, found.details) == (instance, "", "")


def test_outputs_of_steps_that_did_not_run_say_nothing():
    """A placeholder, a reference that was left as it stands, and an empty list are no outputs."""
    outputs = {
        "Report.Outcome": ["patched"],
        "Report.Code": ["No output available yet because the step is not successfully executed"],
        "Report.Sentence": ["{{ Report.Sentence }}"],
        "OnCancel.Sentence": [],
    }
    listed = {
        "AutomationExecutionId": "1",
        "DocumentName": "web-alb-patching",
        "AutomationExecutionStatus": "Success",
        "ExecutionStartTime": datetime(2026, 1, 4, tzinfo=UTC),
        "Outputs": outputs,
    }
    other = {**listed, "DocumentName": "web-alb-patching-2"}
    calls = Calls(describe_automation_executions=[other, listed])
    (found,) = Automation(calls).executions("web-alb-patching")

    assert found.outputs == {"Report.Outcome": "patched"}
    assert (found.said("Outcome"), found.said("Code"), found.under_way) == ("patched", "", False)
