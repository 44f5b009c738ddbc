"""Which API calls the steps of a document make: those written out, those of scripts, and those of native actions."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from botocore import xform_name

from albpatch.document.model import Step
from albpatch.document.references import REFERENCE
from albpatch.lint import services
from albpatch.lint.script import Call, script

API_ACTIONS = ("aws:executeAwsApi", "aws:assertAwsResourceProperty", "aws:waitForAwsResourceProperty")
_OWN_INPUTS = ("Service", "Api", "PropertySelector", "DesiredValues")
_READS = re.compile(
    r"(Describe|Get|List|BatchGet|BatchDescribe|Head|Query|Scan|Select|Search|Lookup|Filter|Test|Validate|Simulate"
    r"|Estimate|Check|Preview|Detect)(?![a-z])"
)
# What a native action calls by itself. UG, the page of each action.
_NATIVE: dict[str, tuple[str, ...]] = {
    "aws:changeInstanceState": ("ec2:DescribeInstances", "ec2:DescribeInstanceStatus"),
    "aws:copyImage": ("ec2:CopyImage", "ec2:DescribeImages"),
    "aws:createImage": ("ec2:CreateImage", "ec2:DescribeImages"),
    "aws:createStack": ("cloudformation:CreateStack", "cloudformation:DescribeStacks"),
    "aws:deleteImage": ("ec2:DescribeImages", "ec2:DeregisterImage", "ec2:DeleteSnapshot"),
    "aws:deleteStack": ("cloudformation:DeleteStack", "cloudformation:DescribeStacks"),
    "aws:executeAutomation": ("ssm:StartAutomationExecution", "ssm:GetAutomationExecution"),
    "aws:executeStateMachine": ("stepfunctions:StartExecution", "stepfunctions:DescribeExecution"),
    "aws:invokeLambdaFunction": ("lambda:Invoke",),
    "aws:runCommand": ("ssm:SendCommand", "ssm:ListCommands", "ssm:ListCommandInvocations"),
    "aws:runInstances": ("ec2:RunInstances", "ec2:DescribeInstances", "ec2:DescribeInstanceStatus"),
}
_STATES = {"running": "ec2:StartInstances", "stopped": "ec2:StopInstances", "terminated": "ec2:TerminateInstances"}
_TAGS = {"ec2": "ec2:CreateTags", "managedinstance": "ssm:AddTagsToResource"}
_INDIRECT = {
    "aws:createStack": "what the template builds",
    "aws:executeAutomation": "what the other document does",
    "aws:executeStateMachine": "what the state machine does",
    "aws:invokeLambdaFunction": "what the function does",
    "aws:invokeWebhook": "what the webhook does",
    "aws:runCommand": "what the command does on the host",
}


@dataclass(frozen=True)
class ApiCall:
    """A call by boto3's name of the service and the API's name. params: what is known of the request."""

    service: str
    operation: str
    params: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def name(self) -> str:
        return f"{self.service}:{self.operation}"

    @property
    def reads(self) -> bool:
        """Whether it only looks, judged by its name."""
        return _READS.match(self.operation) is not None


@dataclass(frozen=True)
class Made:
    """The calls of a step. not_told: what may be called besides, and cannot be told from the document."""

    calls: tuple[ApiCall, ...] = ()
    not_told: tuple[str, ...] = ()

    @property
    def only_reads(self) -> bool:
        """Whether it surely changes nothing."""
        return not self.not_told and all(call.reads for call in self.calls)

    @property
    def looks(self) -> bool:
        """Whether it looks at something and surely changes nothing."""
        return bool(self.calls) and self.only_reads


def made_by(step: Step) -> Made:
    """The calls of one step, those inside a loop left out: they are steps of their own."""
    if step.action in API_ACTIONS:
        return _api(step)
    if step.action == "aws:executeScript":
        return _script(step)
    names = list(_NATIVE.get(step.action, ()))
    not_told = [_INDIRECT[step.action]] if step.action in _INDIRECT else []
    if step.action == "aws:changeInstanceState":
        _one_of(_STATES, step.inputs.get("DesiredState"), "the state", names, not_told)
    elif step.action == "aws:createTags":
        _one_of(_TAGS, str(step.inputs.get("ResourceType", "EC2")).lower(), "the resource type", names, not_told)
    elif step.action == "aws:approve" and "NotificationArn" in step.inputs:
        names.append("sns:Publish")
    calls = (ApiCall(name.partition(":")[0], name.partition(":")[2], step.inputs) for name in names)
    return Made(tuple(calls), tuple(not_told))


def _one_of(table: dict[str, str], value: Any, what: str, names: list[str], not_told: list[str]) -> None:
    if isinstance(value, str) and value in table:
        names.append(table[value])
    else:
        names.extend(table.values())
        not_told.append(f"{what} is given at the start: one of {', '.join(table)}")


def _api(step: Step) -> Made:
    service, operation = step.inputs.get("Service"), step.inputs.get("Api")
    if not isinstance(service, str) or not isinstance(operation, str) or "{{" in service + operation:
        return Made(not_told=("a call whose name is given at the start",))
    known = services.operation(service.lower(), operation)
    return Made((ApiCall(service.lower(), known.name if known else operation, own_inputs(step)),))


def own_inputs(step: Step) -> dict[str, Any]:
    """The inputs of an API action that go into the request."""
    return {key: value for key, value in step.inputs.items() if key not in _OWN_INPUTS}


def _script(step: Step) -> Made:
    text, runtime = step.inputs.get("Script"), str(step.inputs.get("Runtime"))
    if not isinstance(text, str):
        return Made(not_told=("the script lies in an attachment",))
    if not runtime.startswith("python"):
        return Made(not_told=("a script that is not Python is not read",))
    read = script(text)
    if read.error is not None:
        return Made(not_told=("a script that does not compile",))
    found = (ApiCall(call.service, call.operation, _params(call)) for call in read.calls)
    return Made(tuple(found), tuple(dict.fromkeys(f"{one.text} (line {one.line})" for one in read.not_told)))


def _params(call: Call) -> dict[str, Any]:
    """The request with an asterisk for what is not written out; empty where not even the names can be told."""
    literal = dict(call.literal)
    return {name: literal.get(name, "*") for name in call.names} if call.names is not None else {}


_OPAQUE = ("aws:executeAutomation", "aws:executeStateMachine", "aws:invokeLambdaFunction")
_WORD_BEGINS = r"(?:(?<![A-Za-z])|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]))"


def does(step: Step, made: Made, name: str) -> bool:
    """Whether a step makes the call "service:Operation". Where it calls something else, its names and texts say so."""
    if any(call.name == name for call in made.calls):
        return True
    return step.action in _OPAQUE and _in_words(name.partition(":")[2]).search(_words_of(step)) is not None


_RESTORES = re.compile(rf"{_WORD_BEGINS}(?i:restor|recover|put[_ -]?back|roll[_ -]?back|re[_ -]?regist|re[_ -]?attach)")


def restores_elsewhere(step: Step, made: Made) -> bool:
    """Whether a step runs another runbook that, by the names it has here, puts back what this one takes out."""
    starts = any(call.name == "ssm:StartAutomationExecution" for call in made.calls)
    inputs = {key: value for key, value in step.inputs.items() if key != "Script"}
    return starts and _RESTORES.search(REFERENCE.sub("", f"{step.name} {json.dumps(inputs, default=str)}")) is not None


def _words_of(step: Step) -> str:
    """The name of a step, of what it calls, and what it passes on; without references to other steps."""
    return REFERENCE.sub("", f"{step.name} {json.dumps(step.inputs, default=str)}")


@cache
def _in_words(operation: str) -> re.Pattern[str]:
    """An operation as people write it into names: Deregister, EnterStandby, enter-standby."""
    words = xform_name(operation).split("_")
    kept = words[:1] if words[0] in ("register", "deregister") else words[:2]
    return re.compile(f"{_WORD_BEGINS}(?i:{'[_ -]?'.join(map(re.escape, kept))})")
