"""Canned answers of AWS: a list for each `service.Operation`, consumed in order, the last one repeats."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from typing import Any

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
        items = self._lists.get((service, operation))
        if items is None:
            raise NoAnswer(f"no canned answer for {service}.{operation}{self._hint(service, operation)}")
        item = items.pop(0) if len(items) > 1 else items[0]
        if "error" in item:
            raise AwsError(item["error"], str(item.get("message", "canned error")))
        return item

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
