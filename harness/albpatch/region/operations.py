"""The registry of AWS operations that the region knows: (service, operation) -> function(region, caller, parameters).

A service is named as boto3 names its client ("elbv2"), an operation as the API does ("DeregisterTargets"). What is not
here is an error: an operation enters the region only with the document, verb or case that needs it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from albpatch.region.core import Region


class AwsError(Exception):
    """An error answer of an AWS operation, as a caller of the API sees it."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


class NotKnownHere(Exception):
    """The local region does not know this. Never swallowed: an unknown answer is not an answer."""

    def __init__(self, what: str) -> None:
        super().__init__(f"not known here: {what}")


@dataclass(frozen=True)
class Caller:
    """Who makes a call. `role_name` is None for the administrator, whom nothing is refused."""

    arn: str
    role_name: str | None = None


Operation = Callable[["Region", Caller, dict[str, Any]], dict[str, Any]]

OPERATIONS: dict[tuple[str, str], Operation] = {}
FROM_BACKEND: set[tuple[str, str]] = set()


def operation(service: str, name: str) -> Callable[[Operation], Operation]:
    """Register the function that answers this operation."""

    def keep(function: Operation) -> Operation:
        if (service, name) in OPERATIONS:
            raise ValueError(f"{service}:{name} is registered twice")
        OPERATIONS[service, name] = function
        return function

    return keep


def answered_by_backend(service: str, *names: str) -> None:
    """Register operations that the control plane's own state (moto) answers as AWS does."""
    for name in names:

        def ask(
            region: Region, _caller: Caller, params: dict[str, Any], service: str = service, name: str = name
        ) -> dict[str, Any]:
            return region.backend(service, name, params)

        operation(service, name)(ask)
        FROM_BACKEND.add((service, name))
