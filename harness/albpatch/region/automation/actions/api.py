"""API calls of an action: made as the execution's role, with Automation's own retry of throttling.

UG "Configuring automatic retry for throttled operations": every action but aws:executeScript.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, UnknownServiceError

from albpatch.region.automation.actions import EXECUTING, RESOLVING, StepFailed, Work
from albpatch.region.clock import Expired
from albpatch.region.operations import AwsError
from albpatch.region.transport.in_process import client

API_SECONDS = 25.0
THROTTLING = (
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
)
_ONE_ATTEMPT = Config(retries={"total_max_attempts": 1, "mode": "standard"})
OWN_INPUTS = ("Service", "Api", "PropertySelector", "DesiredValues")


def call(work: Work, service: str, api: str, params: dict[str, Any]) -> dict[str, Any]:
    """A call as the document writes it, checked as boto3 does; a throttled one is repeated. Raises StepFailed."""
    return _repeated(work, lambda: _once(work, service, api, params))


def call_of_action(work: Work, service: str, api: str, params: dict[str, Any]) -> dict[str, Any]:
    """A call that the action makes by itself, with parameters that the service gave it. Raises StepFailed."""

    def once() -> dict[str, Any]:
        try:
            return work.region.call(work.execution.role, service, api, params)
        except AwsError as error:
            answer = {"Error": {"Code": error.code, "Message": error.message}}
            raise ClientError(answer, api) from None

    return _repeated(work, once)


def _repeated(work: Work, once: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    waited, pause = 0.0, 1.0
    limit = work.interpreter.reading.throttled_retry_seconds
    while True:
        try:
            return once()
        except ClientError as error:
            if error.response["Error"]["Code"] not in THROTTLING or waited >= limit:
                raise StepFailed(EXECUTING, str(error).rstrip("."), kind="ActionFailed") from None
        work.clock.sleep(pause)
        waited, pause = waited + pause, min(pause * 2, 60.0)


def call_of_step(work: Work) -> dict[str, Any]:
    """The call that the step's inputs describe: Service, Api, and everything else as its parameters."""
    params = {key: value for key, value in work.inputs.items() if key not in OWN_INPUTS}
    return call(work, str(work.inputs["Service"]), str(work.inputs["Api"]), params)


def _once(work: Work, service: str, api: str, params: dict[str, Any]) -> dict[str, Any]:
    try:
        made = client(work.region, work.execution.role, service, _ONE_ATTEMPT)
    except (UnknownServiceError, ValueError) as error:
        raise StepFailed(RESOLVING, f"{service!r} is no service: {error}".rstrip("."), kind="Invalid") from None
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", api).lower()
    methods: dict[str, str] = made.meta.method_to_api_mapping
    found = name if name in methods else next((m for m, operation in methods.items() if operation == api), None)
    if found is None:
        raise StepFailed(RESOLVING, f"{service} has no API operation {api!r}", kind="Invalid")
    try:
        with work.clock.deadline(API_SECONDS) as limit:
            answer = getattr(made, found)(**params)
    except Expired as error:
        if error.deadline is not limit:
            raise
        raise StepFailed(EXECUTING, f"{api} did not answer within {API_SECONDS:g} seconds", kind="TimedOut") from None
    except ClientError:
        raise
    except (BotoCoreError, TypeError) as error:
        message = " ".join(str(error).split()).rstrip(".")
        raise StepFailed(EXECUTING, message, kind="Invalid") from None
    return plain({key: value for key, value in answer.items() if key != "ResponseMetadata"})


def plain(value: Any) -> Any:
    """An answer as JSON would hold it: times as ISO 8601 text, bytes as text."""
    return json.loads(json.dumps(value, default=_as_json))


def _as_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if hasattr(value, "read"):
        return value.read().decode(errors="replace")
    return str(value)
