"""Systems Manager's operations on commands."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any

from albpatch.region import command_documents
from albpatch.region.core import Region
from albpatch.region.hosts import Host, Hosts
from albpatch.region.operations import AwsError, Caller, NotKnownHere, operation
from albpatch.region.patch_baseline import NAME, parameters
from albpatch.region.run_command import Command, Invocation, Run, RunCommand
from albpatch.region.services.answers import moment, page
from albpatch.region.services.command_answers import command_answer, invocation_answer, step_answer
from albpatch.region.services.documents import Documents
from albpatch.region.target_groups import Instances

DELIVERY_TIMEOUT = 3600


@operation("ssm", "SendCommand")
def send_command(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """Send AWS-RunPatchBaseline or a Command document of the account. Amazon's other documents are not known here."""
    if params.get("AlarmConfiguration") or params.get("DocumentHash"):
        raise NotKnownHere("ssm:SendCommand with AlarmConfiguration or DocumentHash")
    run = _run(region, params)
    timeout = params.get("TimeoutSeconds", DELIVERY_TIMEOUT)
    if not 30 <= timeout <= 2_592_000:
        raise AwsError("ValidationException", "TimeoutSeconds: 30 to 2592000")
    hosts = _hosts(region, params)
    foreign = [host.id for host in hosts if host.profile.platform not in run.platforms]
    if foreign and params.get("InstanceIds"):
        message = f"The document {run.document} doesn't support the platform type of {', '.join(foreign)}."
        raise AwsError("UnsupportedPlatformType", message)
    hosts = [host for host in hosts if host.id not in foreign]
    concurrency = _rate(params.get("MaxConcurrency", "50"), len(hosts), "MaxConcurrency", up=True)
    errors = _rate(params.get("MaxErrors", "0"), len(hosts), "MaxErrors", up=False)
    command = region.part(RunCommand).send(params, run, hosts, float(timeout), concurrency, errors)
    return {"Command": command_answer(command)}


@operation("ssm", "ListCommands")
def list_commands(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """Commands, newest first."""
    commands = dict.fromkeys(i.command for i in _chosen(region, params))
    if "CommandId" in params and "InstanceId" not in params:  # one whose targets matched nothing is listed too
        commands = {region.part(RunCommand).commands[params["CommandId"]]: None}
    chosen = [c for c in commands if _passes_filters(c, c.status[0], params)]
    return page([command_answer(c) for c in chosen], params, 50, "Commands")


@operation("ssm", "ListCommandInvocations")
def list_command_invocations(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """Invocations, newest command first."""
    chosen = [i for i in _chosen(region, params) if _passes_filters(i.command, i.status, params)]
    details = bool(params.get("Details"))
    return page([invocation_answer(i, details) for i in chosen], params, 50, "CommandInvocations")


@operation("ssm", "GetCommandInvocation")
def get_command_invocation(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """One step of one invocation. A document of several steps needs PluginName."""
    command = region.part(RunCommand).commands.get(params["CommandId"])
    found = [i for i in (command.invocations if command else []) if i.instance_id == params["InstanceId"]]
    if not found:
        raise AwsError(
            "InvocationDoesNotExist", "The command ID and managed node ID you specified didn't match any invocations."
        )
    plugins = found[0].command.run.plugins
    plugin = params.get("PluginName") or (plugins[0] if len(plugins) == 1 else None)
    if plugin not in plugins:
        raise AwsError("InvalidPluginName", "The plugin name isn't valid: the document has more than one step.")
    return step_answer(found[0], plugin)


@operation("ssm", "CancelCommand")
def cancel_command(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """Ask to cancel a command; there is no guarantee that its process stops."""
    command = region.part(RunCommand).commands.get(params["CommandId"])
    if command is None:
        raise AwsError("InvalidCommandId", "The specified command ID isn't valid.")
    wanted = params.get("InstanceIds") or []
    strangers = set(wanted) - {i.instance_id for i in command.invocations}
    if strangers:
        raise AwsError("InvalidInstanceId", f"Instances [{', '.join(sorted(strangers))}] are not part of the command")
    region.part(RunCommand).cancel(command, wanted)
    return {}


def _run(region: Region, params: dict[str, Any]) -> Run:
    """What the document does with these parameters. Raises AwsError as SendCommand does."""
    name, version = params["DocumentName"], params.get("DocumentVersion", "$DEFAULT")
    given = params.get("Parameters") or {}
    if name == NAME:
        if version not in ("$DEFAULT", "$LATEST", "1"):
            raise AwsError("InvalidDocumentVersion", f"The document version {version} is not valid.")
        return parameters(given)
    if name.startswith(("AWS-", "AWSEC2-", "AWSSupport-")):
        raise NotKnownHere(f"ssm:SendCommand of {name}")
    try:
        found = region.part(Documents).get(name, version, "YAML")
    except AwsError as error:
        if error.code == "InvalidDocumentVersion":
            raise
        raise AwsError("InvalidDocument", f"Document with name {name} does not exist.") from None
    if found["DocumentType"] != "Command":
        raise AwsError("InvalidDocument", f"{name} is a document of type {found['DocumentType']}, not Command.")
    return command_documents.read(name, found["Content"]).run(given)


def _hosts(region: Region, params: dict[str, Any]) -> list[Host]:
    """The hosts the command goes to. Raises AwsError InvalidInstanceId for one that is not a running managed node."""
    named, targets = params.get("InstanceIds") or [], params.get("Targets") or []
    if bool(named) == bool(targets):
        raise AwsError("ValidationException", "Exactly one of InstanceIds and Targets is needed")
    if targets:
        return [h for h in region.part(Hosts).all() if _sendable(h) and _targeted(region, h, targets)]
    if len(named) > 50:
        raise AwsError("ValidationException", "InstanceIds: at most 50 instances; use Targets")
    if len(set(named)) != len(named):
        raise AwsError("DuplicateInstanceId", "You can't specify a managed node ID in more than one association.")
    hosts = [region.part(Hosts).get(i) for i in named]
    bad = [i for i, host in zip(named, hosts, strict=True) if host is None or not _sendable(host)]
    if bad:
        message = f"Instances [[{', '.join(bad)}]] not in a valid state for account {region.account_id}"
        raise AwsError("InvalidInstanceId", message)
    return [host for host in hosts if host is not None]


def _sendable(host: Host) -> bool:
    return host.profile.managed and host.power in ("running", "rebooting")


def _targeted(region: Region, host: Host, targets: list[dict[str, Any]]) -> bool:
    """Whether every target (keys ANDed, values ORed) chooses the host."""
    instance = region.part(Instances).get(host.id)
    for target in targets:
        key, values = target["Key"], target["Values"]
        if key in ("InstanceIds", "instanceids"):
            chosen = host.id in values
        elif key.startswith("tag:"):
            chosen = instance is not None and instance.tags.get(key[4:]) in values
        else:
            raise NotKnownHere(f"ssm:SendCommand target {key}")
        if not chosen:
            return False
    return True


def _rate(value: str, of: int, name: str, *, up: bool) -> int:
    """A rate control value, "3" or "10%", as a number of instances. A concurrency is at least 1."""
    match = re.fullmatch(r"(\d{1,7})(%?)", value)
    if match is None or (match[2] and int(match[1]) > 100) or (up and int(match[1]) == 0):
        raise AwsError("ValidationException", f"{name}: {value!r} is not a number or a percentage")
    if not match[2]:
        return int(match[1])
    share = int(match[1]) * of / 100
    return max(1, math.floor(share)) if up else math.floor(share)


def _chosen(region: Region, params: dict[str, Any]) -> list[Invocation]:
    """The invocations of the command and the instance asked for, newest command first."""
    keys = [(f["key"], f["value"]) for f in params.get("Filters") or []]
    unknown = [key for key, _ in keys if key not in ("InvokedAfter", "InvokedBefore", "Status", "DocumentName")]
    if unknown:
        raise NotKnownHere(f"ssm: command filter {', '.join(unknown)}")
    for key, value in keys:
        if key.startswith("Invoked"):
            _time(value)
    instance_id, command_id = params.get("InstanceId"), params.get("CommandId")
    if instance_id and ("Status", "Pending") in keys:
        raise AwsError("InvalidFilterKey", "InstanceId cannot be combined with the status Pending")
    known = region.part(RunCommand)
    if command_id is not None and command_id not in known.commands:
        raise AwsError("InvalidCommandId", "The specified command ID isn't valid.")
    if command_id is not None:
        return [i for i in known.commands[command_id].invocations if instance_id in (None, i.instance_id)]
    if instance_id is not None:
        return list(reversed(known.of_instance.get(instance_id, [])))
    return [i for c in reversed(known.commands.values()) for i in c.invocations]


def _passes_filters(command: Command, status: str, params: dict[str, Any]) -> bool:
    requested = moment(command.requested)
    for each in params.get("Filters") or []:
        key, value = each["key"], each["value"]
        if key == "Status" and value != status:
            return False
        if key == "DocumentName" and value != command.request["DocumentName"]:
            return False
        if key == "InvokedAfter" and requested < _time(value):
            return False
        if key == "InvokedBefore" and requested >= _time(value):
            return False
    return True


def _time(value: str) -> datetime:
    try:
        return datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        message = f"The filter value {value!r} isn't valid: a time looks like 2021-07-07T00:00:00Z."
        raise AwsError("ValidationException", message) from None
