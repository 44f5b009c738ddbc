"""What the executions of a window leave behind: the window's, one per task, one per target.

Status values: PENDING, IN_PROGRESS, SUCCESS, FAILED, TIMED_OUT, CANCELLING, CANCELLED, SKIPPED_OVERLAPPING.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from albpatch.region.clock import ClockEvent
from albpatch.region.services.window_targets import Resource

DETAILS_LENGTH = 250
OVER = ("SUCCESS", "FAILED", "TIMED_OUT", "CANCELLED", "SKIPPED_OVERLAPPING")


def _moments(start: float, end: float | None) -> dict[str, datetime]:
    """StartTime and EndTime as the API answers them."""
    moments = {"StartTime": datetime.fromtimestamp(start, UTC)}
    return moments if end is None else moments | {"EndTime": datetime.fromtimestamp(end, UTC)}


@dataclass
class Record:
    """A status with its reason and its times in seconds since the epoch."""

    id: str
    start: float
    status: str = "PENDING"
    details: str = ""
    end: float | None = None

    @property
    def over(self) -> bool:
        return self.status in OVER

    def finish(self, now: float, status: str, details: str = "") -> None:
        self.status, self.details, self.end = status, details[:DETAILS_LENGTH], now

    def shown(self) -> dict[str, Any]:
        details = {"StatusDetails": self.details} if self.details else {}
        return {"Status": self.status, **details, **_moments(self.start, self.end)}


@dataclass
class Invocation(Record):
    """One target of one task. `execution_id` is the automation execution, or the command."""

    resource: Resource | None = None
    task_type: str = "AUTOMATION"
    execution_id: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        resource = self.resource
        optional = {
            "ExecutionId": self.execution_id,
            "OwnerInformation": resource.owner_information if resource else "",
            "WindowTargetId": resource.window_target_id if resource else "",
        }
        return {
            "InvocationId": self.id,
            "TaskType": self.task_type,
            "Parameters": json.dumps(self.parameters),
            **{key: value for key, value in optional.items() if value},
            **super().shown(),
        }


@dataclass
class TaskExecution(Record):
    """One task of one window execution. `changed` is set whenever an invocation ends or the task is to look again.

    `uncounted` are the ends of an invocation that are no error.
    """

    task_id: str = ""
    task: dict[str, Any] = field(default_factory=dict)
    invocations: list[Invocation] = field(default_factory=list)
    changed: ClockEvent | None = None
    uncounted: tuple[str, ...] = ()

    def wake(self) -> None:
        if self.changed is not None:
            self.changed.set()

    @property
    def errors(self) -> int:
        return sum(1 for i in self.invocations if i.over and i.status not in ("SUCCESS", *self.uncounted))

    @property
    def running(self) -> int:
        return sum(1 for i in self.invocations if not i.over)

    def shown(self) -> dict[str, Any]:
        names = {"TaskArn": self.task["TaskArn"], "TaskType": self.task["TaskType"]}
        return {"TaskExecutionId": self.id, **names, **super().shown()}


@dataclass
class WindowExecution(Record):
    """One opening of a window. `cutoff_at` is when no more tasks start, in seconds since the epoch."""

    window_id: str = ""
    cutoff_at: float = 0.0
    cancelled: bool = False
    tasks: list[TaskExecution] = field(default_factory=list)
    finished: ClockEvent | None = None

    def shown(self) -> dict[str, Any]:
        return {"WindowId": self.window_id, "WindowExecutionId": self.id, **super().shown()}
