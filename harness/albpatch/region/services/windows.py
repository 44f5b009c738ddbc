"""Maintenance windows that open: tasks by priority, targets under rate control, cutoff, cancel.

Windows open on demand (`Windows.fire`), never by their schedule. Facts:
https://docs.aws.amazon.com/systems-manager/latest/userguide/maintenance-windows.html and the API reference's
CutoffBehavior. Not documented by AWS, and so assumptions here: what `Reading` names; a task ends FAILED when one of its
invocations counts as an error; a task whose targets are no single resource is a success. A task without targets has the
placeholder rates of 1, and an invocation that fails fails it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import groupby

from albpatch.region.core import Region
from albpatch.region.operations import AwsError, Caller, NotKnownHere
from albpatch.region.services.window_definitions import Window, WindowDefinitions
from albpatch.region.services.window_invocations import (
    AutomationInvocations,
    CommandInvocations,
    Ends,
    at_least_one,
    share,
)
from albpatch.region.services.window_records import Invocation, TaskExecution, WindowExecution
from albpatch.region.services.window_targets import Order, Resource, resources

SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class Reading:
    """How an open question of AWS's pages on maintenance windows is read; each can be played the other way.

    uncounted: ends of an invocation (TIMED_OUT, CANCELLED) that are no error for MaxErrors. The pages say "errors".
    failed_task_ends_window: a task that failed keeps those of the next priority from starting.
    sends_source: AssumeRole carries aws:SourceAccount and aws:SourceArn, which the trust of the role may ask for.
    """

    uncounted: tuple[str, ...] = ()
    failed_task_ends_window: bool = False
    sends_source: bool = False


class WindowDisabled(Exception):
    """A disabled window does not open."""


class Windows:
    """The openings of the region's windows (a part of the region). `reading` says how open questions are read.

    `order` says in which order the instances of a window target get their turn (AWS does not document it); the default
    is the order of their ids.
    """

    def __init__(self, region: Region) -> None:
        self._region = region
        self.order: Order = sorted
        self.reading = Reading()
        self.executions: dict[str, WindowExecution] = {}
        self._ends = Ends(region)

    def fire(self, window_id: str) -> str:
        """Open a window now and return the window execution's id. An opening that overlaps one is skipped and recorded.

        Raises:
            AwsError: there is no such window.
            WindowDisabled: the window is disabled.
        """
        definitions, clock = self._region.part(WindowDefinitions), self._region.clock
        window = definitions.get(window_id)
        if not window.members["Enabled"]:
            raise WindowDisabled(f"maintenance window {window_id} ({window.members['Name']}) is disabled")
        overlaps = any(e.window_id == window_id and not e.over for e in self.executions.values())
        now = clock.time()
        open_seconds = (window.members["Duration"] - window.members["Cutoff"]) * SECONDS_PER_HOUR
        execution = WindowExecution(definitions.new_id(), now, window_id=window_id, cutoff_at=now + open_seconds)
        execution.finished = clock.event()
        self.executions[execution.id] = execution
        if overlaps:
            self._end(execution, "SKIPPED_OVERLAPPING", "An execution of this window is still in progress.")
            return execution.id
        for task_id, task in window.tasks.items():
            ran = TaskExecution(definitions.new_id(), now, task_id=task_id, task=dict(task))
            ran.uncounted = self.reading.uncounted
            execution.tasks.append(ran)
        execution.status = "IN_PROGRESS"
        self._region.journal.add("window", execution.id, status=execution.status, window=window_id)
        clock.spawn(f"window {window_id}", self._open, window, execution)
        return execution.id

    def get(self, execution_id: str) -> WindowExecution:
        """Raises AwsError("DoesNotExistException")."""
        if execution_id not in self.executions:
            raise AwsError("DoesNotExistException", f"Window execution {execution_id} does not exist")
        return self.executions[execution_id]

    def wait(self, execution_id: str) -> str:
        """From an activity: wait for the end of a window execution; its status."""
        execution = self.get(execution_id)
        if execution.finished is not None:
            execution.finished.wait()
        return execution.status

    def cancel(self, execution_id: str) -> None:
        """Start nothing more. What runs, runs to its end."""
        execution = self.get(execution_id)
        if execution.over:
            raise AwsError("DoesNotExistException", f"Window execution {execution_id} is not in progress")
        execution.cancelled, execution.status = True, "CANCELLING"
        self._region.journal.add("window", execution.id, status=execution.status, window=execution.window_id)
        for task in execution.tasks:
            task.wake()

    def _open(self, window: Window, execution: WindowExecution) -> None:
        clock = self._region.clock
        clock.current().labels["window"] = execution.id
        by_priority = sorted(execution.tasks, key=lambda t: t.task["Priority"])
        for _, tasks in groupby(by_priority, key=lambda t: t.task["Priority"]):
            activities = [clock.spawn(f"task {t.task_id}", self._run, window, execution, t) for t in tasks]
            for activity in activities:
                activity.finished.wait()
        statuses = {task.status for task in execution.tasks}
        if execution.cancelled:
            self._end(execution, "CANCELLED")
        elif statuses <= {"SUCCESS"}:
            self._end(execution, "SUCCESS", "" if execution.tasks else "No tasks to execute.")
        else:
            failed = "FAILED" in statuses
            self._end(execution, "FAILED" if failed else "TIMED_OUT", "One or more tasks did not succeed.")

    def _end(self, execution: WindowExecution, status: str, details: str = "") -> None:
        execution.finish(self._region.clock.time(), status, details)
        self._region.journal.add("window", execution.id, status=status, window=execution.window_id)
        if execution.finished is not None:
            execution.finished.set()

    def _run(self, window: Window, execution: WindowExecution, task: TaskExecution) -> None:
        """One task, from the choice of its resources to its status."""
        clock = self._region.clock
        task.start = clock.time()
        failed = self.reading.failed_task_ends_window and any(t.status == "FAILED" for t in execution.tasks)
        if execution.cancelled or failed or clock.time() >= execution.cutoff_at:
            status = "CANCELLED" if execution.cancelled or failed else "TIMED_OUT"
            task.finish(clock.time(), status, "The task did not start.")
            return
        task.status = "IN_PROGRESS"
        try:
            caller = self._assume(task, execution)
            if task.task["TaskType"] == "RUN_COMMAND":
                CommandInvocations(self._region, self._ends, caller, execution, task).run(window)
                return
            if task.task["TaskType"] != "AUTOMATION":
                raise NotKnownHere(f"maintenance window task type {task.task['TaskType']}")
            found: list[Resource | None] = [None]  # a task without targets runs once
            if task.task.get("Targets"):
                found = list(resources(self._region, caller, window, task.task, self.order))
        except AwsError as error:
            task.finish(clock.time(), "FAILED", str(error))
            return
        if found:
            invocations = AutomationInvocations(self._region, self._ends, caller, execution, task)
            _Roll(self._region, execution, task, invocations).run(found)
        else:
            task.finish(clock.time(), "SUCCESS", "No invocations to execute.")

    def _assume(self, task: TaskExecution, execution: WindowExecution) -> Caller:
        """The caller that the window becomes. Without IAM in force only the role's name matters."""
        role_arn = task.task.get("ServiceRoleArn")
        if not role_arn:
            raise NotKnownHere("a maintenance window task without a service role (it would use a service-linked one)")
        if self._region.authorizer is None:
            return self._region.assumed_role(role_arn.rpartition("/")[2], execution.id)
        from albpatch.region.authorization import Authorization

        region, account, source = self._region, self._region.account_id, dict[str, str]()
        if self.reading.sends_source:
            arn = f"arn:{region.partition}:ssm:{region.name}:{account}:maintenancewindow/{execution.window_id}"
            source = {"aws:SourceAccount": account, "aws:SourceArn": arn}
        return region.part(Authorization).assume(role_arn, "ssm.amazonaws.com", source, session=execution.id)


class _Roll:
    """Rate control of one task: at most `concurrency` invocations at a time, none after error number `errors` + 1."""

    def __init__(
        self, region: Region, execution: WindowExecution, task: TaskExecution, invocations: AutomationInvocations
    ) -> None:
        self._region, self._execution, self._task, self._invocations = region, execution, task, invocations

    def run(self, found: list[Resource | None]) -> None:
        clock, task = self._region.clock, self._task
        concurrency = at_least_one(task.task["MaxConcurrency"], len(found))
        errors = share(task.task["MaxErrors"], len(found))
        waiting = deque(found)
        while True:
            task.changed = clock.event()
            cut = clock.time() >= self._execution.cutoff_at
            if cut and task.task["CutoffBehavior"] == "CANCEL_TASK" and not task.over:
                task.finish(clock.time(), "TIMED_OUT", "The window's cutoff was reached.")
            if task.over or self._execution.cancelled or task.errors > errors:
                waiting.clear()
            while waiting and task.running < concurrency:
                self._start(waiting.popleft())
            if not waiting and not task.running:
                break
            limit = None if cut else self._execution.cutoff_at - clock.time()
            task.changed.wait(limit)
        self._finish(errors, len(found))

    def _start(self, resource: Resource | None) -> None:
        invocation = self._invocations.new(resource)
        self._task.invocations.append(invocation)
        self._region.clock.spawn(f"invocation {invocation.id}", self._invoke, invocation)

    def _invoke(self, invocation: Invocation) -> None:
        try:
            self._invocations.run(invocation)
        finally:
            self._task.wake()

    def _finish(self, errors: int, targets: int) -> None:
        task = self._task
        if task.over:
            return
        now = self._region.clock.time()
        if self._execution.cancelled and len(task.invocations) < targets:
            task.finish(now, "CANCELLED")
        elif task.errors > errors:
            task.finish(now, "FAILED", f"The error threshold was exceeded: {task.errors} of {targets} failed.")
        elif task.errors:
            task.finish(now, "FAILED", f"{task.errors} of {targets} invocations failed.")
        else:
            task.finish(now, "SUCCESS")
