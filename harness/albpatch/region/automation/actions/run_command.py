"""aws:runCommand: SendCommand, then looking until every invocation is over. UG "aws:runCommand".

Only the role's own client is used: ssm:SendCommand, ssm:ListCommandInvocations and, for Targets, ssm:ListCommands.
A cancelled or timed out step leaves the command running: nothing says that Automation stops it.
"""

from __future__ import annotations

from typing import Any

from albpatch.document.values import as_strings, as_text
from albpatch.region.automation.actions import POLLING, Result, StepFailed, Work, action, api
from albpatch.region.automation.actions.resource_property import growing_pauses

OVER = ("Success", "Cancelled", "Failed", "TimedOut")


@action("aws:runCommand")
def run(work: Work) -> Result:
    params = dict(work.inputs)
    if "Parameters" in params and isinstance(params["Parameters"], dict):
        params["Parameters"] = {name: as_strings(value) for name, value in params["Parameters"].items()}
    if isinstance(params.get("InstanceIds"), str):
        params["InstanceIds"] = [params["InstanceIds"]]
    command = api.call(work, "ssm", "SendCommand", params)["Command"]
    work.run.outputs["CommandId"] = command["CommandId"]
    invocations = _wait(work, command["CommandId"], params)
    outputs = {"CommandId": command["CommandId"], **_outputs(invocations)}
    if outputs["Status"] != "Success":
        raise StepFailed(POLLING, _failure(command["CommandId"], outputs), outputs=outputs)
    return Result(outputs, outputs)


def _wait(work: Work, command_id: str, params: dict[str, Any]) -> list[dict[str, Any]]:
    expected = len(set(params["InstanceIds"])) if "InstanceIds" in params else None
    pauses = growing_pauses()
    while True:
        invocations = _invocations(work, command_id)
        if len(invocations) == expected and all(one["Status"] in OVER for one in invocations):
            return invocations
        if expected is None:
            [command] = api.call_of_action(work, "ssm", "ListCommands", {"CommandId": command_id})["Commands"]
            if command["Status"] in OVER:
                return invocations or [{"Status": command["Status"]}]
        work.clock.sleep(next(pauses))


def _invocations(work: Work, command_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    params: dict[str, Any] = {"CommandId": command_id, "Details": True}
    while True:
        answer = api.call_of_action(work, "ssm", "ListCommandInvocations", params)
        found += answer["CommandInvocations"]
        if not answer.get("NextToken"):
            return found
        params["NextToken"] = answer["NextToken"]


def _outputs(invocations: list[dict[str, Any]]) -> dict[str, Any]:
    bad = [one["Status"] for one in invocations if one["Status"] != "Success"]
    outputs: dict[str, Any] = {"Status": bad[0] if bad else "Success"}
    plugins = invocations[0].get("CommandPlugins", []) if len(invocations) == 1 else []
    if len(plugins) == 1 and "ResponseCode" in plugins[0]:  # not given when the document has more than one step
        outputs["ResponseCode"] = plugins[0]["ResponseCode"]
    if plugins:
        outputs["Output"] = "".join(plugin.get("Output", "") for plugin in plugins)
    return outputs


def _failure(command_id: str, outputs: dict[str, Any]) -> str:
    shown = ", ".join(f"{key}=[{as_text(outputs.get(key, ''))}]" for key in ("Status", "ResponseCode", "Output"))
    return f"Command {command_id} returns unexpected invocation result: {{{shown}}}"
