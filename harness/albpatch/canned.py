"""Canned answers of AWS: a list for each `service.Operation`, consumed in order, the last one repeats."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationNotFoundError

from albpatch.errors import InputError
from albpatch.region.faults import Faults
from albpatch.region.operations import AwsError, Caller, NotKnownHere

_KEY = re.compile(r"[a-z0-9\-]+\.[A-Za-z0-9]+")
_THROTTLING = (
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
)


class NoAnswer(NotKnownHere):
    """A call that nobody gave an answer for."""

    def __init__(self, text: str) -> None:
        Exception.__init__(self, text)


class Canned:
    """Answers calls from lists. An item {"error": Code, "message"?: text} raises that code.

    Raises:
        InputError: the mapping has not that shape.
    """

    def __init__(self, responses: dict[str, Any]) -> None:
        self.asked: set[str] = set()
        self._lists: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for key, items in responses.items():
            if not _KEY.fullmatch(key):
                raise InputError(f"responses: {key!r} is not service.Operation, for example elbv2.DescribeTargetHealth")
            service, _, name = key.partition(".")
            self._lists[service, name] = self._checked(key, items)

    @staticmethod
    def _checked(key: str, items: Any) -> list[dict[str, Any]]:
        if not isinstance(items, list) or not items:
            raise InputError(f"responses: {key} is a list with at least one answer")
        for number, item in enumerate(items):
            if not isinstance(item, dict):
                raise InputError(f"responses: {key}[{number}] is a map")
            if "error" in item and (set(item) - {"error", "message"} or not isinstance(item["error"], str)):
                raise InputError(f"responses: {key}[{number}] has 'error' (a code) and 'message' only")
        return [*items]

    def answer(self, _caller: Caller, service: str, operation: str, _params: dict[str, Any]) -> dict[str, Any]:
        """The next answer. Raises AwsError for an error item, NotKnownHere where there is no answer."""
        self.asked.add(f"{service}.{operation}")
        items = self._lists.get((service, operation))
        if items is None:
            raise NoAnswer(f"no canned answer for {service}.{operation}{self._hint(service, operation)}")
        item = items.pop(0) if len(items) > 1 else items[0]
        if "error" in item:
            raise AwsError(item["error"], str(item.get("message", "canned error")))
        return with_times(service, operation, item)

    def knows(self, service: str, operation: str) -> bool:
        """Whether there is a list of answers for this operation."""
        return (service, operation) in self._lists

    @property
    def unused(self) -> list[str]:
        """Keys that no call has asked for: perhaps misspelt."""
        return sorted({".".join(key) for key in self._lists} - self.asked)

    def _hint(self, service: str, operation: str) -> str:
        known = [".".join(key) for key in self._lists]
        near = difflib.get_close_matches(f"{service}.{operation}", known, 1)
        return f" (there is one for {near[0]})" if near else ""

    def faults(self) -> Faults:
        """Faults of a region that let botocore see a throttling answer below its retries, as on AWS."""
        next_is_throttled: Callable[[str, str], bool] = self._next_is_throttled

        class Throttled(Faults):
            def concern(self, service: str, operation: str) -> bool:
                return next_is_throttled(service, operation)

        return Throttled()

    def _next_is_throttled(self, service: str, operation: str) -> bool:
        items = self._lists.get((service, operation), [{}])
        return items[0].get("error") in _THROTTLING


_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?")


def with_times(service: str, operation: str, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with its ISO 8601 texts as moments, where the API says that the member is one."""
    if not _has_time(answer):
        return answer
    try:
        shape = _model(service).operation_model(operation).output_shape
    except (UnknownServiceError, OperationNotFoundError):
        return answer
    converted: dict[str, Any] = _convert(answer, shape)
    return converted


@cache
def _model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def _has_time(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_time(item) for item in value.values())
    if isinstance(value, list):
        return any(_has_time(item) for item in value)
    return isinstance(value, str) and _TIME.fullmatch(value) is not None


def _convert(value: Any, shape: Any) -> Any:
    kind = getattr(shape, "type_name", None)
    if kind == "structure" and isinstance(value, dict):
        return {key: _convert(item, shape.members.get(key)) for key, item in value.items()}
    if kind == "map" and isinstance(value, dict):
        return {key: _convert(item, shape.value) for key, item in value.items()}
    if kind == "list" and isinstance(value, list):
        return [_convert(item, shape.member) for item in value]
    if kind == "timestamp" and isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return value
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return value
