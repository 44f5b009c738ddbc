"""The attempts of one step: inputs, time-out, the action, outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from albpatch.document import selectors
from albpatch.document.model import Output, Step
from albpatch.document.values import WrongType, convert
from albpatch.region.automation.actions import POLLING, RESOLVING, Known, Result, StepFailed, Stopped, Work, known
from albpatch.region.automation.actions.update_variable import why_not
from albpatch.region.automation.executions import Execution, StepRun
from albpatch.region.clock import Expired, Killed
from albpatch.region.core import Region

if TYPE_CHECKING:
    from albpatch.region.automation.interpreter import Interpreter


class Attempts:
    """Runs the attempts of steps of one execution."""

    def __init__(self, region: Region, execution: Execution, interpreter: Interpreter) -> None:
        self._region, self._execution, self._interpreter = region, execution, interpreter

    def run(self, run: StepRun) -> None:
        """Try until an attempt succeeds or none is left; the run's status is Success, Failed or TimedOut."""
        for _ in range(run.step.max_attempts):
            run.attempts += 1
            run.message = run.failure_type = None
            self._attempt(run)
            if self._execution.dead:
                raise Killed()
            if run.status == "Success":
                return
            if self._execution.stop == "Cancel" and not self._interpreter.in_cancellation:
                raise Stopped()

    def _attempt(self, run: StepRun) -> None:
        action = known(run.step.action)
        seconds = _seconds(run.step, action)
        try:
            if seconds is None:
                self._act(run, action)
                return
            with self._region.clock.deadline(seconds) as limit:
                self._act(run, action)
                if self._region.clock.time() > limit.at:  # a script may have swallowed the end of its time
                    raise Expired(limit)
        except StepFailed as failure:
            run.outputs.update(failure.outputs)
            run.status, run.message, run.failure_type = "Failed", failure.text(), failure.kind
        except Expired as error:
            if seconds is None or error.deadline is not limit:
                raise
            run.status, run.failure_type = "TimedOut", "TimedOut"
            run.message = f"Step timed out while step is {POLLING}. Timed out after {seconds:g} seconds."

    def _act(self, run: StepRun, action: Known) -> None:
        step, scope = run.step, self._interpreter.scope
        left = action.unresolved
        inputs = {name: value if name in left else scope.resolve(value) for name, value in step.inputs.items()}
        run.inputs = inputs
        result = action.run(Work(self._region, self._execution, step, run, inputs, scope, self._interpreter))
        run.outputs.update(result.outputs)
        run.chosen = result.next_step
        self._keep_outputs(run, result)
        run.status = "Success"

    def _keep_outputs(self, run: StepRun, result: Result) -> None:
        for output in run.step.outputs:
            value = selectors.select(output.selector, result.payload)
            if value is selectors.NOTHING or value is None:
                continue  # nothing there: a reference to it stays text
            try:
                self._keep(run, output, convert(value, output.type))
            except WrongType as error:
                raise StepFailed(RESOLVING, f"output {output.name!r}: {error}", kind="Invalid") from None

    def _keep(self, run: StepRun, output: Output, value: Any) -> None:
        if not output.name.startswith("variable:"):
            run.outputs[output.name] = value
            return
        name = output.name.removeprefix("variable:")
        problem = why_not(value, self._execution.document.variables[name].type)
        if problem:
            raise WrongType(f"variable {name!r}: {problem}")
        self._execution.variables[name] = value


def _seconds(step: Step, action: Known) -> float | None:
    """How long an attempt may take."""
    seconds = step.timeout_seconds if step.timeout_seconds is not None else action.seconds
    if action.most is not None:
        seconds = action.most if seconds is None else min(seconds, action.most)
    return seconds
