"""What a rule's targets are sent, and what becomes of an invocation that fails.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html and eb-transform-target-input.html
A target is an Automation runbook: `automation-definition/NAME:VERSION`, its input a list of strings for each parameter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from albpatch.iam.conditions import Context
from albpatch.iam.evaluate import admits
from albpatch.region.core import Region
from albpatch.region.metrics import Metrics
from albpatch.region.operations import AwsError, Caller, NotKnownHere

PRINCIPAL = "events.amazonaws.com"
RETRY_SECONDS, RETRY_LIMIT, RETRIES, MAX_AGE = 1.0, 3600.0, 185, 86_400
_RUNBOOK = re.compile(r"arn:[\w-]+:ssm:[\w-]+:\d*:automation-definition/([\w.-]+):(\$DEFAULT|\$LATEST|\d+)")
_TOKEN = re.compile(r"\\.|\"|<(?P<name>[\w.-]+)>")
_KNOWN = {"Id", "Arn", "RoleArn", "Input", "InputTransformer", "RetryPolicy", "DeadLetterConfig"}
_RETRIABLE = ("ThrottlingException", "AutomationExecutionLimitExceededException", "InternalServerError")
_CODES = {"AccessDeniedException": "NO_PERMISSIONS", "AutomationDefinitionNotFoundException": "NO_RESOURCE"}


class NotDelivered(Exception):
    """A target was not invoked: one of the error codes that a dead letter queue shows, and a sentence."""

    def __init__(self, code: str, message: str, retriable: bool = False) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.retriable = code, message, retriable


@dataclass
class _Invocation:
    """One event for one target of one rule of the control plane. `since` is in seconds since the epoch."""

    rule: Any
    target: dict[str, Any]
    event: dict[str, Any]
    since: float
    attempts: int = 0


class Targets:
    """Invokes the targets of a region's rules. `waiting` counts the invocations that are under way."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self.waiting = 0

    def invoke(self, rule: Any, event: dict[str, Any]) -> None:
        """Invoke every target of a rule with an event. A refusal ends in the target's dead letter queue, if it has one.

        Raises:
            NotKnownHere: a target of a kind, or with a member, that is not known here.
        """
        for target in rule.targets:
            unknown = sorted(set(target) - _KNOWN)
            if unknown or not re.match(r"arn:[\w-]+:ssm:", target["Arn"]):
                raise NotKnownHere(f"an event target {target['Arn']} {', '.join(unknown)}".rstrip())
            one = _Invocation(rule, target, event, self._region.clock.time())
            self.waiting += 1
            self._region.clock.spawn(f"rule {rule.name}", self._deliver, one, daemon=True)

    def _deliver(self, one: _Invocation) -> None:
        """Try until it works, is refused for good, or the target's retry policy ends it."""
        policy, clock = one.target.get("RetryPolicy") or {}, self._region.clock
        retries, oldest = policy.get("MaximumRetryAttempts", RETRIES), policy.get("MaximumEventAgeInSeconds", MAX_AGE)
        try:
            while True:
                one.attempts += 1
                try:
                    self._note(one, "delivered", execution=self._start(one))
                    return
                except NotDelivered as error:
                    pause = min(RETRY_SECONDS * 2 ** (one.attempts - 1), RETRY_LIMIT)
                    late = clock.time() + pause - one.since > oldest
                    if not error.retriable or one.attempts > retries or late:
                        self._failed(one, error)
                        return
                clock.sleep(pause)
        finally:
            self.waiting -= 1

    def _failed(self, one: _Invocation, error: NotDelivered) -> None:
        self._note(one, "failed", code=error.code, reason=error.message)
        self._region.part(Metrics).put("AWS/Events", "FailedInvocations", {"RuleName": one.rule.name}, 1)
        self._bury(one, error)

    def _start(self, one: _Invocation) -> str:
        """Start the runbook as the target's role. Raises NotDelivered."""
        match = _RUNBOOK.fullmatch(one.target["Arn"])
        if match is None:
            raise NotDelivered("INVALID_PARAMETER", f"{one.target['Arn']} is no automation definition with a version")
        request = {"DocumentName": match[1], "DocumentVersion": match[2], "Parameters": _parameters(one)}
        caller = self._assume(one)
        try:
            answer = self._region.call(caller, "ssm", "StartAutomationExecution", request)
        except AwsError as error:
            code = _CODES.get(error.code, "ERROR_FROM_TARGET")
            raise NotDelivered(code, error.message, error.code in _RETRIABLE or error.status >= 500) from None
        return str(answer["AutomationExecutionId"])

    def _assume(self, one: _Invocation) -> Caller:
        role_arn, region = one.target.get("RoleArn"), self._region
        if not role_arn:
            raise NotDelivered("NO_PERMISSIONS", "The target has no role.")
        if region.authorizer is None:
            return region.assumed_role(role_arn.rpartition("/")[2], "events")
        from albpatch.region.authorization import Authorization

        context = {"aws:SourceAccount": region.account_id, "aws:SourceArn": one.rule.arn}
        try:
            return region.part(Authorization).assume(role_arn, PRINCIPAL, context, "events")
        except AwsError as error:
            raise NotDelivered("FAILED_TO_ASSUME_ROLE", error.message) from None

    def _bury(self, one: _Invocation, error: NotDelivered) -> None:
        """Send the event to the dead letter queue. The queue's own policy must let the rule in."""
        queue_arn = (one.target.get("DeadLetterConfig") or {}).get("Arn")
        if not queue_arn:
            self._note(one, "dropped")
            return
        name, region = queue_arn.rpartition(":")[2], self._region
        try:
            url = region.backend("sqs", "GetQueueUrl", {"QueueName": name})["QueueUrl"]
            attributes = region.backend("sqs", "GetQueueAttributes", {"QueueUrl": url, "AttributeNames": ["Policy"]})
        except AwsError as missing:
            self._note(one, "dropped", reason=missing.message)
            return
        policy = attributes.get("Attributes", {}).get("Policy", "")
        context = Context({"aws:SourceArn": (one.rule.arn,), "aws:SourceAccount": (region.account_id,)})
        if not policy or not admits(policy, PRINCIPAL, "sqs:SendMessage", queue_arn, context):
            self._note(one, "dropped", reason="The policy of the dead letter queue does not let the rule in.")
            return
        said = {"RULE_ARN": one.rule.arn, "TARGET_ARN": one.target["Arn"], "ERROR_CODE": error.code}
        said |= {"ERROR_MESSAGE": error.message, "RETRY_ATTEMPTS": str(one.attempts - 1)}
        named = {key: {"DataType": "String", "StringValue": value} for key, value in said.items()}
        message = {"QueueUrl": url, "MessageBody": json.dumps(one.event), "MessageAttributes": named}
        region.backend("sqs", "SendMessage", message)
        self._note(one, "buried", queue=name)
        region.part(Metrics).put("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": name}, 1)

    def _note(self, one: _Invocation, status: str, **more: Any) -> None:
        detail = {"target": one.target["Arn"], "attempts": one.attempts, **more}
        self._region.journal.add("invoked-by-rule", one.rule.name, status=status, **detail)


def _parameters(one: _Invocation) -> dict[str, list[str]]:
    """What the target passes to the runbook. Raises NotDelivered."""
    text = one.target.get("Input") or _transformed(one) or json.dumps(one.event)
    try:
        found = json.loads(text)
    except ValueError:
        raise NotDelivered("INVALID_JSON", f"The input is not JSON: {text}") from None
    if not isinstance(found, dict) or not all(_strings(value) for value in found.values()):
        raise NotDelivered("INVALID_PARAMETER", f"The input is not a list of strings for each parameter: {text}")
    return found


def _strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _transformed(one: _Invocation) -> str:
    transformer = one.target.get("InputTransformer")
    if transformer is None:
        return ""
    paths = transformer.get("InputPathsMap") or {}
    values = {name: _at(one.event, path) for name, path in paths.items()}

    quoted = False

    def filled(found: re.Match[str]) -> str:
        """Outside quotes a placeholder becomes JSON, inside them its text; what the event does not have is left out."""
        nonlocal quoted
        name = found["name"]
        if name is None:
            quoted ^= found[0] == '"'
            return found[0]
        value = values.get(name)
        if value is None:
            return ""
        return json.dumps(value if isinstance(value, str) else json.dumps(value))[1:-1] if quoted else json.dumps(value)

    return _TOKEN.sub(filled, transformer["InputTemplate"])


def _at(event: Mapping[str, Any], path: str) -> Any:
    """The value at a path in dot notation, None where there is none."""
    if not re.fullmatch(r"\$(\.[\w-]+)*", path):
        raise NotKnownHere(f"the path {path} of an input transformer")
    found: Any = event
    for step in path.split(".")[1:]:
        found = found.get(step) if isinstance(found, Mapping) else None
    return found
