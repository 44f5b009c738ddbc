"""Commands and their invocations in the form of the API's answers."""

from __future__ import annotations

from typing import Any

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
        "DocumentName": command.run.document,
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
        "DocumentName": command.run.document,
        "DocumentVersion": command.request.get("DocumentVersion", "$DEFAULT"),
        "RequestedDateTime": moment(command.requested),
        "Status": invocation.status,
        "StatusDetails": invocation.details,
        "StandardOutputUrl": "",
        "StandardErrorUrl": "",
        "CommandPlugins": [_plugin(invocation, name) for name in command.run.plugins] if details else [],
        "ServiceRole": command.request.get("ServiceRoleArn", ""),
    }


def step_answer(invocation: Invocation, plugin: str) -> dict[str, Any]:
    """One step of an invocation as GetCommandInvocation answers it."""
    answer = {
        "CommandId": invocation.command.id,
        "InstanceId": invocation.instance_id,
        "Comment": invocation.command.request.get("Comment", ""),
        "DocumentName": invocation.command.run.document,
        "DocumentVersion": "$DEFAULT",
        "PluginName": plugin,
        "ResponseCode": _response_code(invocation),
        "Status": invocation.status,
        "StatusDetails": invocation.details,
        "StandardOutputContent": invocation.output,
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
        "Output": invocation.output,
    }
    if invocation.begun is not None:
        plugin["ResponseStartDateTime"] = moment(invocation.begun)
    if invocation.ended is not None:
        plugin["ResponseFinishDateTime"] = moment(invocation.ended)
    return plugin


def _response_code(invocation: Invocation) -> int:
    return -1 if invocation.exit_status is None else invocation.exit_status
