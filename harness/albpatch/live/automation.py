"""Automation documents and what their executions left behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from albpatch.live.calls import Calls

UNDER_WAY = ("Pending", "InProgress", "Waiting", "Cancelling", "Scheduled", "RunbookInProgress")
_FORGOTTEN = ("AutomationExecutionNotFoundException",)
_GONE = ("InvalidDocument", "InvalidDocumentVersion")


@dataclass(frozen=True)
class Execution:
    """One execution. outputs: those that have a value, the first one of each."""

    id: str
    status: str
    started: datetime
    message: str
    outputs: Mapping[str, str]

    @property
    def under_way(self) -> bool:
        return self.status in UNDER_WAY

    def said(self, name: str) -> str:
        """What the step that reports said under this name, empty if it said nothing."""
        return self.outputs.get(f"Report.{name}") or self.outputs.get(f"Tell.{name}", "")


class Automation:
    """Documents and executions of the region."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def document(self, name: str, version: str | None = None) -> Mapping[str, Any] | None:
        """DescribeDocument's members, and as `Content` the text in the document's own format."""
        which: dict[str, Any] = {"Name": name} if version is None else {"Name": name, "DocumentVersion": version}
        answer = self._calls.ask("ssm", "describe_document", _GONE, **which)
        if answer is None:
            return None
        document = answer["Document"]
        text = self._calls.ask("ssm", "get_document", **which, DocumentFormat=document["DocumentFormat"])["Content"]
        return {**document, "Content": text}

    def shared_with(self, document: str) -> Sequence[str]:
        answer = self._calls.ask("ssm", "describe_document_permission", Name=document, PermissionType="Share")
        return tuple(answer["AccountIds"])

    def executions(self, document: str) -> list[Execution]:
        """The executions of a document in the last 30 days, which is how long they are kept, the newest first."""
        filters = [{"Key": "DocumentNamePrefix", "Values": [document]}]
        key = "AutomationExecutionMetadataList"
        listed = self._calls.pages("ssm", "describe_automation_executions", key, Filters=filters)
        found = [_execution(e) for e in listed if e["DocumentName"] == document]
        return sorted(found, key=lambda e: e.started, reverse=True)

    def execution(self, execution_id: str) -> Execution | None:
        """An execution; None if it never was, or is longer ago than AWS keeps them."""
        answer = self._calls.ask("ssm", "get_automation_execution", _FORGOTTEN, AutomationExecutionId=execution_id)
        return None if answer is None else _execution(answer["AutomationExecution"])

    def parameters(self, execution_id: str) -> Mapping[str, Sequence[str]]:
        """What an execution was started with. A rate-controlled parent of others has no instance of its own."""
        answer = self._calls.ask("ssm", "get_automation_execution", AutomationExecutionId=execution_id)
        found: Mapping[str, Sequence[str]] = answer["AutomationExecution"].get("Parameters", {})
        return found


def _execution(found: Mapping[str, Any]) -> Execution:
    outputs = {name: values[0] for name, values in found.get("Outputs", {}).items() if _has_value(values)}
    return Execution(
        found["AutomationExecutionId"],
        found["AutomationExecutionStatus"],
        found["ExecutionStartTime"],
        " ".join(found.get("FailureMessage", "").split()),
        outputs,
    )


def _has_value(values: Sequence[str]) -> bool:
    """An output of a step that did not run is a placeholder, or the reference as it stands."""
    return bool(values) and "{{" not in values[0] and not values[0].startswith("No output available")
