"""Maintenance windows: what they are, and what their openings did."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from albpatch.live.calls import Calls

UNDER_WAY = ("PENDING", "IN_PROGRESS", "CANCELLING")
_GONE = ("DoesNotExistException",)


@dataclass(frozen=True)
class Opening:
    """One execution of a window."""

    id: str
    status: str
    details: str
    started: datetime

    @property
    def under_way(self) -> bool:
        return self.status in UNDER_WAY


@dataclass(frozen=True)
class Invocation:
    """What one opening did with one instance, empty where AWS does not say. execution: empty if none was started."""

    instance: str
    target: str
    execution: str
    status: str
    details: str


class Windows:
    """The maintenance windows of the region."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def window(self, window_id: str) -> Mapping[str, Any] | None:
        found: Mapping[str, Any] | None = self._calls.ask("ssm", "get_maintenance_window", _GONE, WindowId=window_id)
        return found

    def targets(self, window_id: str) -> dict[str, Mapping[str, Any]]:
        """Id -> target of the window."""
        listed = self._calls.pages("ssm", "describe_maintenance_window_targets", "Targets", WindowId=window_id)
        return {target["WindowTargetId"]: target for target in listed}

    def tasks(self, window_id: str) -> dict[str, Mapping[str, Any]]:
        """Id -> task of the window, with its invocation parameters."""
        listed = self._calls.pages("ssm", "describe_maintenance_window_tasks", "Tasks", WindowId=window_id)
        ids = [task["WindowTaskId"] for task in listed]
        ask = self._calls.ask
        return {i: ask("ssm", "get_maintenance_window_task", WindowId=window_id, WindowTaskId=i) for i in ids}

    def openings(self, window_id: str) -> list[Opening]:
        """The newest first."""
        key = "WindowExecutions"
        listed = self._calls.pages("ssm", "describe_maintenance_window_executions", key, WindowId=window_id)
        found = [
            Opening(e["WindowExecutionId"], e["Status"], e.get("StatusDetails", ""), e["StartTime"]) for e in listed
        ]
        return sorted(found, key=lambda opening: opening.started, reverse=True)

    def invocations(self, opening_id: str) -> list[Invocation]:
        """Every invocation of an opening's automation tasks."""
        key, found = "WindowExecutionTaskIdentities", list[Invocation]()
        for task in self._calls.pages(
            "ssm", "describe_maintenance_window_execution_tasks", key, WindowExecutionId=opening_id
        ):
            listed = self._calls.pages(
                "ssm",
                "describe_maintenance_window_execution_task_invocations",
                "WindowExecutionTaskInvocationIdentities",
                WindowExecutionId=opening_id,
                TaskId=task["TaskExecutionId"],
            )
            found += [_invocation(i) for i in listed]
        return found


def _invocation(found: Mapping[str, Any]) -> Invocation:
    return Invocation(
        _instance(found.get("Parameters", "")),
        found.get("WindowTargetId", ""),
        found.get("ExecutionId", ""),
        found["Status"],
        found.get("StatusDetails", ""),
    )


def _instance(parameters: str) -> str:
    """The instance out of what an invocation was started with, which AWS keeps as a JSON text."""
    try:
        values = json.loads(parameters)["parameters"]["InstanceId"]
        return str(values[0])
    except (ValueError, KeyError, IndexError, TypeError):
        return ""
