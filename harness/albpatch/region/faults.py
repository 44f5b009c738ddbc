"""Faults as input: which API call fails, how, how often; which event is lost.

A fault is raised below botocore's retries, where AWS would raise it, so a throttled call is retried as on AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from albpatch.region.operations import AwsError


@dataclass
class CallFault:
    """Something goes wrong with calls of `service`.`operation` number `first` to `first + times - 1` that match.

    Attributes:
        code: the error that the caller sees; None: the answer is the operation's own.
        where: request members that must be equal for a call to match.
        labels: labels of the activity that makes the call (step, execution, targets) that must be equal.
        times: None means for ever.
        carried_out: the operation does its work first, and only then the rest happens: the answer is lost.
        seconds: how long the answer takes.
        act: what else happens at that moment, once for every call that is struck.
    """

    service: str
    operation: str
    code: str | None
    message: str = "injected fault"
    status: int = 400
    first: int = 1
    times: int | None = 1
    where: dict[str, Any] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    carried_out: bool = False
    seconds: float = 0.0
    act: Callable[[], None] | None = None
    seen: int = 0

    def strikes(self, params: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
        """Count a matching attempt and tell whether this one is struck."""
        if any(params.get(k) != v for k, v in self.where.items()):
            return False
        if any(labels.get(k) != v for k, v in self.labels.items()):
            return False
        self.seen += 1
        return self.seen >= self.first and (self.times is None or self.seen < self.first + self.times)

    def happen(self, sleep: Callable[[float], None]) -> None:
        """Do what the fault does besides the operation. Raises AwsError where it has a code."""
        if self.seconds:
            sleep(self.seconds)
        if self.act is not None:
            self.act()
        if self.code is not None:
            raise AwsError(self.code, self.message, self.status)


@dataclass
class EventFault:
    """Events number `first` to `first + times - 1` that match are lost on their way; `times` None means for ever.

    `detail` holds members of the event's detail that must be equal for it to match.
    """

    detail_type: str
    detail: dict[str, Any] = field(default_factory=dict)
    first: int = 1
    times: int | None = 1
    seen: int = 0

    def strikes(self, event: dict[str, Any]) -> bool:
        """Count a matching event and tell whether it is lost."""
        wanted = self.detail.items()
        if event["detail-type"] != self.detail_type or any(event["detail"].get(k) != v for k, v in wanted):
            return False
        self.seen += 1
        return self.seen >= self.first and (self.times is None or self.seen < self.first + self.times)


class Faults:
    """The armed faults of a region."""

    def __init__(self) -> None:
        self.calls: list[CallFault] = []
        self.events: list[EventFault] = []

    def loses(self, event: dict[str, Any]) -> bool:
        """Whether an event does not arrive. Delivery of AWS's own events is best effort."""
        return any(fault.strikes(event) for fault in self.events)

    def concern(self, service: str, operation: str) -> bool:
        return any((f.service, f.operation) == (service, operation) for f in self.calls)

    def struck_by(
        self, service: str, operation: str, params: Mapping[str, Any], labels: Mapping[str, str]
    ) -> CallFault | None:
        """The first armed fault that strikes this attempt."""
        for fault in self.calls:
            if (fault.service, fault.operation) == (service, operation) and fault.strikes(params, labels):
                return fault
        return None
