"""What a window task does to its targets: an automation execution each, or one command for all."""

from __future__ import annotations

import threading
from typing import Any

from albpatch.region.clock import ClockEvent
from albpatch.region.core import Region
from albpatch.region.journal import Entry
from albpatch.region.operations import AwsError, Caller, NotKnownHere
from albpatch.region.services.window_definitions import Window, WindowDefinitions
from albpatch.region.services.window_records import Invocation, TaskExecution, WindowExecution
from albpatch.region.services.window_targets import Resource, substitute

EXECUTION_OVER = (
    *("Success", "TimedOut", "Cancelled", "Failed", "Rejected", "Exited"),
    *("CompletedWithSuccess", "CompletedWithFailure", "ChangeCalendarOverrideRejected"),
)
COMMAND_OVER = ("Success", "Cancelled", "Failed", "TimedOut")
LOOK_SECONDS = 30.0
_STATUS = {"Success": "SUCCESS", "TimedOut": "TIMED_OUT", "Cancelled": "CANCELLED"}


def share(rate: str, targets: int) -> int:
    """A rate as a number of targets; a percentage is rounded down."""
    return targets * int(rate[:-1]) // 100 if rate.endswith("%") else int(rate)


def at_least_one(rate: str, targets: int) -> int:
    return max(1, share(rate, targets))


class Ends:
    """Lets an activity wait for the end of an execution, by what the journal says."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self._lock = threading.Lock()
        self._waiting: dict[str, ClockEvent] = {}
        self._over: set[str] = set()
        region.journal.listeners.append(self._heard)

    def of(self, subject: str) -> ClockEvent:
        """An event that is set when this execution is over, or when its command has news."""
        with self._lock:
            event = self._waiting[subject] = self._region.clock.event()
            if subject in self._over:
                event.set()
            return event

    def _heard(self, entry: Entry) -> None:
        ended = entry.kind == "execution" and entry.detail.get("status") in EXECUTION_OVER
        if not ended and entry.kind != "command":
            return
        with self._lock:
            if ended:
                self._over.add(entry.subject)
            event = self._waiting.pop(entry.subject, None)
        if event is not None:
            event.set()


class _Invocations:
    """What both kinds of tasks share."""

    def __init__(
        self, region: Region, ends: Ends, caller: Caller, execution: WindowExecution, task: TaskExecution
    ) -> None:
        self._region, self._ends, self._caller = region, ends, caller
        self._execution, self._task = execution, task
        self._definitions = region.part(WindowDefinitions)

    def new(self, resource: Resource | None) -> Invocation:
        now = self._region.clock.time()
        kind = self._task.task["TaskType"]
        return Invocation(self._definitions.new_id(), now, "IN_PROGRESS", resource=resource, task_type=kind)

    def _call(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        return self._region.call(self._caller, "ssm", operation, params)

    def _finish(self, invocation: Invocation, status: str, details: str = "") -> None:
        invocation.finish(self._region.clock.time(), status, details)
        self._note(invocation)

    def _note(self, invocation: Invocation) -> None:
        self._region.journal.add(
            "invocation",
            self._execution.id,
            task=self._task.task_id,
            target=invocation.resource.id if invocation.resource else "",
            execution=invocation.execution_id,
            status=invocation.status,
        )


class AutomationInvocations(_Invocations):
    """One automation execution per target, started and followed by the window's role."""

    def run(self, invocation: Invocation) -> None:
        """Start the execution and wait for its end. A refused call ends the invocation as FAILED, with the reason."""
        try:
            self._start(invocation)
            self._ends.of(invocation.execution_id).wait()
            followed = self._call("GetAutomationExecution", {"AutomationExecutionId": invocation.execution_id})
        except AwsError as error:
            self._finish(invocation, "FAILED", str(error))
            return
        ended = followed["AutomationExecution"]
        status = _STATUS.get(ended["AutomationExecutionStatus"], "FAILED")
        self._finish(invocation, status, ended.get("FailureMessage", ""))

    def _start(self, invocation: Invocation) -> None:
        task = self._task.task
        given = (task.get("TaskInvocationParameters") or {}).get("Automation") or {}
        name = task["TaskArn"].rpartition("document/")[2]
        version = given.get("DocumentVersion", "$DEFAULT")
        raw = given.get("Parameters", {})
        invocation.parameters = {"documentName": name, "documentVersion": version, "parameters": raw}
        parameters = substitute(raw, self._pseudo(invocation))
        invocation.parameters["parameters"] = parameters
        request = {"DocumentName": name, "DocumentVersion": version, "Parameters": parameters}
        invocation.execution_id = self._call("StartAutomationExecution", request)["AutomationExecutionId"]
        self._note(invocation)

    def _pseudo(self, invocation: Invocation) -> dict[str, str]:
        resource = invocation.resource
        values = {
            "WINDOW_ID": self._execution.window_id,
            "WINDOW_TASK_ID": self._task.task_id,
            "WINDOW_EXECUTION_ID": self._execution.id,
            "TASK_EXECUTION_ID": self._task.id,
            "INVOCATION_ID": invocation.id,
        }
        if resource is not None:
            values |= {"TARGET_TYPE": resource.target_type, "TARGET_ID": resource.target_id, "RESOURCE_ID": resource.id}
            if resource.window_target_id:
                values["WINDOW_TARGET_ID"] = resource.window_target_id
        return values


class CommandInvocations(_Invocations):
    """One command per window target, one after the other, each under Run Command's own rate control.

    Pseudo parameters mean nothing in a command: they are sent as they stand.
    """

    def run(self, window: Window) -> None:
        task = self._task
        for targets, owner in self._targets(window):
            if self._execution.cancelled or task.over:
                break
            invocation = self.new(owner)
            task.invocations.append(invocation)
            if self._send(invocation, targets):
                break
        if not task.over:
            stopped = self._execution.cancelled and not task.errors
            status = "FAILED" if task.errors else "CANCELLED" if stopped else "SUCCESS"
            task.finish(self._region.clock.time(), status)

    def _targets(self, window: Window) -> list[tuple[list[dict[str, Any]], Resource]]:
        found = []
        for target in self._task.task.get("Targets", []):
            if target["Key"] == "InstanceIds":
                found.append(([target], Resource("", "", "INSTANCE")))
                continue
            for target_id in target["Values"]:
                members = window.targets[target_id]
                if members["ResourceType"] != "INSTANCE":
                    raise NotKnownHere("a RUN_COMMAND window task on a resource group")
                owner = members.get("OwnerInformation", "")
                found.append((members["Targets"], Resource("", "", "INSTANCE", target_id, owner)))
        return found

    def _send(self, invocation: Invocation, targets: list[dict[str, Any]]) -> bool:
        """Send one command and wait for its end; whether more instances failed than the task allows."""
        task = self._task.task
        given = (task.get("TaskInvocationParameters") or {}).get("RunCommand") or {}
        name = task["TaskArn"].rpartition("document/")[2]
        rates = {"MaxConcurrency": task["MaxConcurrency"], "MaxErrors": task["MaxErrors"]}
        request = {"DocumentName": name, "Targets": targets, **rates, **given}
        invocation.parameters = {"documentName": name, "targets": targets, "parameters": given.get("Parameters", {})}
        try:
            invocation.execution_id = self._call("SendCommand", request)["Command"]["CommandId"]
            self._note(invocation)
            command = self._follow(invocation.execution_id)
        except AwsError as error:
            self._finish(invocation, "FAILED", str(error))
            return True
        self._finish(invocation, _STATUS.get(command["Status"], "FAILED"), command.get("StatusDetails", ""))
        return bool(command["ErrorCount"] > share(task["MaxErrors"], command["TargetCount"]))

    def _follow(self, command_id: str) -> dict[str, Any]:
        """Wait for the end of a command; at the cutoff cancel it, where the task says so."""
        clock, cuts = self._region.clock, self._task.task["CutoffBehavior"] == "CANCEL_TASK"
        while True:
            news = self._ends.of(command_id)
            command: dict[str, Any] = self._call("ListCommands", {"CommandId": command_id})["Commands"][0]
            if command["Status"] in COMMAND_OVER:
                return command
            if cuts and clock.time() >= self._execution.cutoff_at and not self._task.over:
                self._task.finish(clock.time(), "TIMED_OUT", "The window's cutoff was reached.")
                self._call("CancelCommand", {"CommandId": command_id})
            news.wait(LOOK_SECONDS)
