"""Commands and their invocations in the form of the API's answers."""

from __future__ import annotations

from typing import Any

from albpatch.region.patch_baseline import NAME, PLUGINS
from albpatch.region.run_command import Command, Invocation
from albpatch.region.services.answers import moment

_RECORDED = (
    "Comment",
    "OutputS3Region",
    "OutputS3BucketName",
    "OutputS3KeyPrefix",
    "CloudWatchOutputConfig",
    "NotificationConfig",
)


def command_answer(command: Command) -> dict[str, Any]:
    """A command as SendCommand and ListCommands answer it."""
    status, details = command.status
    request, invocations = command.request, command.invocations
    return {
        "CommandId": command.id,
        "DocumentName": NAME,
        "DocumentVersion": request.get("DocumentVersion", "$DEFAULT"),
        "Comment": "",
        **{key: request[key] for key in _RECORDED if key in request},
        "ExpiresAfter": moment(command.expires),
        "Parameters": request.get("Parameters") or {},
        "InstanceIds": request.get("InstanceIds") or [],
        "Targets": request.get("Targets") or [],
        "RequestedDateTime": moment(command.requested),
        "Status": status if invocations else "Success",
        "StatusDetails": details if invocations else "NoInstancesInTag",
        "MaxConcurrency": request.get("MaxConcurrency", "50"),
        "MaxErrors": request.get("MaxErrors", "0"),
        "TargetCount": len(invocations),
        "CompletedCount": sum(i.over for i in invocations),
        "ErrorCount": command.errors,
        "DeliveryTimedOutCount": sum(i.details == "DeliveryTimedOut" for i in invocations),
        "ServiceRole": request.get("ServiceRoleArn", ""),
        "TimeoutSeconds": int(command.delivery_timeout),
    }


def invocation_answer(invocation: Invocation, details: bool) -> dict[str, Any]:
    """An invocation as ListCommandInvocations answers it, with its steps if `details`."""
    command = invocation.command
    return {
        "CommandId": command.id,
        "InstanceId": invocation.instance_id,
        "InstanceName": "",
        "Comment": command.request.get("Comment", ""),
        "DocumentName": NAME,
        "DocumentVersion": command.request.get("DocumentVersion", "$DEFAULT"),
        "RequestedDateTime": moment(command.requested),
        "Status": invocation.status,
        "StatusDetails": invocation.details,
        "StandardOutputUrl": "",
        "StandardErrorUrl": "",
        "CommandPlugins": [_plugin(invocation, name) for name in PLUGINS] if details else [],
        "ServiceRole": command.request.get("ServiceRoleArn", ""),
    }


def step_answer(invocation: Invocation, plugin: str) -> dict[str, Any]:
    """One step of an invocation as GetCommandInvocation answers it."""
    answer = {
        "CommandId": invocation.command.id,
        "InstanceId": invocation.instance_id,
        "Comment": invocation.command.request.get("Comment", ""),
        "DocumentName": NAME,
        "DocumentVersion": "$DEFAULT",
        "PluginName": plugin,
        "ResponseCode": _response_code(invocation),
        "Status": invocation.status,
        "StatusDetails": invocation.details,
        "StandardOutputContent": _output(invocation),
        "StandardOutputUrl": "",
        "StandardErrorContent": "",
        "StandardErrorUrl": "",
    }
    if invocation.begun is not None:
        answer["ExecutionStartDateTime"] = moment(invocation.begun).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    return answer


def _plugin(invocation: Invocation, name: str) -> dict[str, Any]:
    plugin = {
        "Name": name,
        "Status": invocation.status,
        "StatusDetails": invocation.details,
        "ResponseCode": _response_code(invocation),
        "Output": _output(invocation),
    }
    if invocation.begun is not None:
        plugin["ResponseStartDateTime"] = moment(invocation.begun)
    if invocation.ended is not None:
        plugin["ResponseFinishDateTime"] = moment(invocation.ended)
    return plugin


def _response_code(invocation: Invocation) -> int:
    return -1 if invocation.exit_status is None else invocation.exit_status


def _output(invocation: Invocation) -> str:
    if invocation.exit_status is None:
        return ""
    run = invocation.command.run
    return f"{run.operation} on {invocation.instance_id} ended with exit status {invocation.exit_status}"
