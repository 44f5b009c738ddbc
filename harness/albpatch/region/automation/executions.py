"""What Automation remembers of an execution and of its steps.

API reference: AutomationExecution, StepExecution.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from albpatch.document.model import Document, Step
from albpatch.region.clock import Activity, ClockEvent
from albpatch.region.operations import Caller

FINAL = ("Success", "Failed", "TimedOut", "Cancelled", "CompletedWithSuccess", "CompletedWithFailure")
_NAMESPACE = uuid.UUID("6b1f0d3e-7a52-5f6c-9d1e-3f0a5b7c9d11")


def identifier(*parts: object) -> str:
    """An id that looks like AWS's and is the same in every run."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(str(part) for part in parts)))


@dataclass
class StepRun:
    """One run of a step (a step in a loop has one an iteration). Times are seconds since the epoch."""

    step: Step
    id: str
    status: str = "Pending"
    started: float | None = None
    ended: float | None = None
    attempts: int = 0
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    message: str | None = None
    failure_type: str | None = None
    response_code: str | None = None
    log: list[str] = field(default_factory=list)
    chosen: str | None = None
    parent: StepRun | None = None
    iteration: int | None = None
    iterator_value: Any = None


@dataclass
class Execution:
    """One execution. `role` is who makes its calls, `caller` is who started it.

    `parameters` are typed values, `given` is what the start passed (lists of strings).
    """

    id: str
    document: Document
    document_name: str
    version: str
    caller: Caller
    role: Caller
    parameters: dict[str, Any]
    given: dict[str, list[str]]
    started: float
    finished: ClockEvent
    status: str = "InProgress"
    ended: float | None = None
    message: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, list[str]] = field(default_factory=dict)
    steps: list[StepRun] = field(default_factory=list)
    current: StepRun | None = None
    stop: str | None = None  # "Cancel" or "Complete" once somebody asked for it
    dead: bool = False
    activity: Activity | None = None
    parent_id: str | None = None
    target: str | None = None
    target_parameter: str | None = None
    targets: list[dict[str, Any]] = field(default_factory=list)
    max_concurrency: str | None = None
    max_errors: str | None = None
    resolved_targets: list[str] = field(default_factory=list)
    children: list[str] = field(default_factory=list)

    @property
    def over(self) -> bool:
        return self.status in FINAL

    def latest(self, step_name: str) -> StepRun | None:
        """The latest run of a step that began, or None."""
        for run in reversed(self.steps):
            if run.step.name == step_name and run.status != "Pending":
                return run
        return None
