"""aws:executeAutomation: another runbook as a child execution, followed to its end. UG "aws:executeAutomation".

Only the role's own client is used: ssm:StartAutomationExecution (and PassRole of the child's role) and
ssm:GetAutomationExecution. What becomes of the child when the step is cancelled or times out is not stated: Reading.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from albpatch.document.values import as_strings
from albpatch.region.automation.actions import POLLING, RESOLVING, Result, StepFailed, Stopped, Work, action, api
from albpatch.region.automation.actions.resource_property import growing_pauses
from albpatch.region.automation.executions import FINAL
from albpatch.region.automation.service import Automation
from albpatch.region.clock import Expired
from albpatch.region.operations import AwsError, NotKnownHere

_INPUTS = {"DocumentName", "DocumentVersion", "RuntimeParameters"}


@action("aws:executeAutomation")
def run(work: Work) -> Result:
    child = _start(work)
    work.run.outputs["ExecutionId"] = child
    try:
        found = _wait(work, child)
    except (Expired, Stopped):
        if work.interpreter.reading.child_stops_with_its_step:
            with suppress(AwsError):  # it is over, or stopped already
                work.region.part(Automation).stop(child)
        raise
    outputs = {"ExecutionId": child, "Status": found["AutomationExecutionStatus"], "Output": _output(found)}
    if outputs["Status"] != "Success":
        reason = f": {found['FailureMessage']}" if found.get("FailureMessage") else ""
        text = f"Automation execution {child} ended as {outputs['Status']}{reason}".rstrip(".")
        raise StepFailed(POLLING, text, outputs=outputs)
    return Result(outputs, outputs)


def _start(work: Work) -> str:
    unknown = sorted(set(work.inputs) - _INPUTS)
    if unknown:
        raise NotKnownHere(f"aws:executeAutomation with {', '.join(unknown)}")
    given = work.inputs.get("RuntimeParameters", {})
    if not isinstance(given, dict):
        raise StepFailed(RESOLVING, "RuntimeParameters is a map of names", kind="Invalid")
    params: dict[str, Any] = {name: str(value) for name, value in work.inputs.items() if name != "RuntimeParameters"}
    if given:
        params["Parameters"] = {name: as_strings(value) for name, value in given.items()}
    labels = work.clock.current().labels
    labels["parent"] = work.execution.id
    try:
        return str(api.call(work, "ssm", "StartAutomationExecution", params)["AutomationExecutionId"])
    finally:
        del labels["parent"]


def _wait(work: Work, child: str) -> dict[str, Any]:
    pauses = growing_pauses()
    while True:
        answer = api.call_of_action(work, "ssm", "GetAutomationExecution", {"AutomationExecutionId": child})
        found: dict[str, Any] = answer["AutomationExecution"]
        if found["AutomationExecutionStatus"] in FINAL:
            return found
        work.clock.sleep(next(pauses))


def _output(found: dict[str, Any]) -> list[str]:
    """What the child's own outputs are, one after the other."""
    return [value for values in found.get("Outputs", {}).values() for value in values]
