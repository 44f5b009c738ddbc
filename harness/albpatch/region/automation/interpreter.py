"""Runs one execution: steps in order, their routes, cancellation, and the final status.

UG "Properties shared by all actions", "Handling timeouts in runbooks". Where AWS's pages leave a question open, the
answer taken here is in `Reading` and can be changed, so that a night can be played with both.
"""

from __future__ import annotations

from dataclasses import dataclass

from albpatch.document.model import Step
from albpatch.document.references import UNRESOLVED
from albpatch.document.values import as_strings
from albpatch.region.automation.actions import Stopped
from albpatch.region.automation.attempts import Attempts
from albpatch.region.automation.executions import Execution, StepRun, identifier
from albpatch.region.automation.scope import Scope
from albpatch.region.clock import Expired, NoProgress
from albpatch.region.core import Region

CANCEL_SECONDS = 120.0
MOST_STEP_RUNS = 5_000  # of one execution; a document that goes round in a circle would never end
NO_OUTPUT = "No output available yet because the step is not successfully executed"


@dataclass(frozen=True)
class Reading:
    """How an open question of AWS's documentation is read.

    undeclared_is_critical: a step without isCritical whose onFailure is no Continue makes the execution fail. The page
    gives true as the default and also says that the property counts only where it is declared.
    throttled_retry_seconds: how long a throttled call is repeated; an account sets 0 to 3600, no default is stated.
    child_stops_with_its_step: a child execution is cancelled when the step that waits for it is cancelled or times out.
    No page says so, nor the opposite.
    starter_passes_child_role: who started the parent must be allowed to pass the role of the child, as the page of
    aws:executeAutomation says; otherwise only the role that runs the step.
    complete_cancels: StopAutomationExecution with Type Complete does what Cancel does. The reference does not say what
    Complete runs, nor how the execution ends then; otherwise the step ends, nothing follows it, and it is a Success.
    """

    undeclared_is_critical: bool = True
    throttled_retry_seconds: float = 3600.0
    child_stops_with_its_step: bool = False
    starter_passes_child_role: bool = True
    complete_cancels: bool = False


class Left(Exception):
    """An inner step leaves its loop: `target` is a step outside, None ends the automation."""

    def __init__(self, target: str | None, aborted: bool = False) -> None:
        super().__init__(target)
        self.target, self.aborted = target, aborted


class Interpreter:
    """One execution on its way."""

    def __init__(self, region: Region, execution: Execution, reading: Reading) -> None:
        self.region, self.execution, self.reading = region, execution, reading
        self.scope = Scope(region, execution)
        self._attempts = Attempts(region, execution, self)
        self._failures: list[StepRun] = []
        self.in_cancellation = False
        self._begun = 0
        self._pending: dict[str, StepRun] = {}  # steps not yet begun, by name

    def run(self) -> None:
        """Run to the end. What the region does not know is raised, and ends the clock's run."""
        execution = self.execution
        for step in execution.document.steps:
            self._pending[step.name] = StepRun(step, identifier(execution.id, "step", step.name))
        execution.steps = list(self._pending.values())
        self._walk(execution.document.steps[0].name)
        if execution.stop == "Cancel":
            self._cancel()
            self._finish("Cancelled", None)
        elif self._failures:
            self._finish(self._failures[0].status, self._failures[0].message)
        else:
            self._finish("Success", None)

    # Steps in order.

    def _walk(self, name: str | None) -> None:
        """From one step to the end, an abort or a stop."""
        steps = {step.name: step for step in self.execution.document.steps}
        while name is not None:
            step = steps[name]
            try:
                run = self._run(step, None, None, None)
                name = self._after(step, run, self.execution.document.steps)
            except Left as left:  # out of a loop, or the end
                name = left.target
            if self.execution.stop is not None and not self.in_cancellation:
                return

    def run_inner(self, loop: Step, parent: StepRun, number: int, value: object) -> bool:
        """One iteration of a loop; False when the execution is to be completed. Raises Left when it is left."""
        steps = {step.name: step for step in loop.steps}
        name: str | None = loop.steps[0].name
        while name is not None:
            try:
                run = self._run(steps[name], parent, number, value)
                name = self._after(steps[name], run, loop.steps)
            except Left as left:  # out of a loop inside this loop
                name = left.target
                if name is None:
                    raise
            if self.execution.stop is not None and not self.in_cancellation:
                if self.execution.stop == "Cancel":
                    raise Stopped()
                return False
            if name is not None and name not in steps:
                raise Left(name)
        return True

    def _after(self, step: Step, run: StepRun, steps: tuple[Step, ...]) -> str | None:
        """The step that follows. Raises Left where the whole automation ends inside a loop."""
        failed = run.status in ("Failed", "TimedOut")
        if failed and self._is_critical(step):
            self._failures.append(run)
        inner = run.parent is not None
        if run.chosen is not None and not failed:
            return run.chosen
        if failed and step.on_failure.startswith("step:"):  # isEnd or not: AWS-ResizeInstance is built on it
            return step.on_failure.removeprefix("step:")
        if step.is_end or (failed and step.on_failure == "Abort"):
            if inner:
                raise Left(None, aborted=failed and step.on_failure == "Abort")
            return None
        if not failed and step.next_step is not None:
            return step.next_step
        names = [one.name for one in steps]
        at = names.index(step.name) + 1
        return names[at] if at < len(names) else None

    def _is_critical(self, step: Step) -> bool:
        if step.is_critical is None and not self.reading.undeclared_is_critical:
            return step.on_failure == "Abort"
        return step.critical

    def _run(self, step: Step, parent: StepRun | None, number: int | None, value: object) -> StepRun:
        run = self._begin(step, parent, number, value)
        try:
            self._attempts.run(run)
        except Stopped:
            self._end(run, "Cancelled")
        except Left as left:
            self._end(run, "Failed" if left.aborted else "Success")
            raise
        except Expired:
            self._end(run, "TimedOut")
            raise
        else:
            self._end(run, run.status)
        return run

    # Cancellation.

    def _cancel(self) -> None:
        """The cancellation workflow: at most two minutes, from the onCancel of the step that was stopped."""
        activity = self.execution.activity
        if activity is not None and isinstance(activity.pending, Stopped):
            activity.pending = None  # the step ended by itself before it waited again
        stopped = self._stopped_step()
        if stopped is None or not stopped.step.on_cancel.startswith("step:"):
            return
        self.in_cancellation = True
        try:
            with self.region.clock.deadline(CANCEL_SECONDS) as limit:
                self._walk(stopped.step.on_cancel.removeprefix("step:"))
        except Expired as error:
            if error.deadline is not limit:
                raise

    def _stopped_step(self) -> StepRun | None:
        """The step at which the stop arrived; inside a loop the inner one."""
        ended = [run for run in self.execution.steps if run.ended is not None]
        inner = [run for run in ended if run.status == "Cancelled" and run.parent is not None]
        return inner[-1] if inner else self.execution.current

    # Records.

    def _begin(self, step: Step, parent: StepRun | None, number: int | None, value: object) -> StepRun:
        execution = self.execution
        self._begun += 1
        if self._begun > MOST_STEP_RUNS:
            raise NoProgress(f"{execution.document_name}: more than {MOST_STEP_RUNS} steps, it goes round in a circle")
        run = self._pending.pop(step.name, None) if parent is None else None
        if run is None:
            run = StepRun(step, identifier(execution.id, "step", step.name, len(execution.steps)))
            execution.steps.append(run)
        run.parent, run.iteration, run.iterator_value = parent, number, value
        run.status, run.started = "InProgress", self.region.clock.time()
        execution.current = run
        self.region.clock.current().labels["step"] = step.name
        self._journal(run)
        return run

    def _end(self, run: StepRun, status: str) -> None:
        run.status, run.ended = status, self.region.clock.time()
        self._journal(run)

    def _journal(self, run: StepRun) -> None:
        detail = {"message": run.message} if run.message else {}
        self.region.journal.add(
            "step",
            self.execution.id,
            step=run.step.name,
            action=run.step.action,
            status=run.status,
            attempt=run.attempts,
            **detail,
        )

    def _finish(self, status: str, message: str | None) -> None:
        execution = self.execution
        execution.status, execution.message, execution.ended = status, message, self.region.clock.time()
        execution.outputs = {name: self._output(name) for name in execution.document.outputs}

    def _output(self, name: str) -> list[str]:
        value = self.scope.lookup(name)
        return [NO_OUTPUT] if value is UNRESOLVED else as_strings(value)
