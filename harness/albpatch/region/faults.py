"""Faults of API calls as input: which call fails, how, how often.

A fault is raised below botocore's retries, where AWS would raise it, so a throttled call is retried as on AWS.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from albpatch.region.operations import AwsError


@dataclass
class CallFault:
    """Calls of `service`.`operation` number `first` to `first + times - 1` that match end in error `code`.

    `where` holds request members that must be equal for a call to match; `times` None means for ever.
    """

    service: str
    operation: str
    code: str
    message: str = "injected fault"
    status: int = 400
    first: int = 1
    times: int | None = 1
    where: dict[str, Any] = field(default_factory=dict)
    seen: int = 0

    def strikes(self, params: dict[str, Any]) -> bool:
        """Count a matching attempt and tell whether this one fails."""
        if any(params.get(k) != v for k, v in self.where.items()):
            return False
        self.seen += 1
        return self.seen >= self.first and (self.times is None or self.seen < self.first + self.times)


class Faults:
    """The armed faults of a region."""

    def __init__(self) -> None:
        self.calls: list[CallFault] = []

    def concern(self, service: str, operation: str) -> bool:
        return any((f.service, f.operation) == (service, operation) for f in self.calls)

    def raise_for(self, service: str, operation: str, params: dict[str, Any]) -> None:
        """Raise the `AwsError` of the first armed fault that strikes this attempt."""
        for fault in self.calls:
            if (fault.service, fault.operation) == (service, operation) and fault.strikes(params):
                raise AwsError(fault.code, fault.message, fault.status)
