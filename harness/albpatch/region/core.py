"""One AWS region on this machine: a clock, the control plane's state, and one dispatcher for every call."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from albpatch.region.clock import Clock, current_activity
from albpatch.region.faults import Faults
from albpatch.region.journal import Journal
from albpatch.region.operations import OPERATIONS, AwsError, Caller, NotKnownHere

Part = TypeVar("Part")
Authorizer = Callable[[Caller, str, str, dict[str, Any]], None]
Responder = Callable[[Caller, str, str, dict[str, Any]], dict[str, Any]]
Backend = Callable[[str, str, dict[str, Any]], dict[str, Any]]

ACCOUNT_ID = "123456789012"


@dataclass(frozen=True)
class Call:
    """One call as it arrived: seconds since the epoch, who, what, and how it ended (an error code or None)."""

    time: float
    caller: Caller
    service: str
    operation: str
    params: dict[str, Any]
    error: str | None
    labels: dict[str, str]


class Region:
    """Holds what all services share. A service keeps its own state in a part of its own: `region.part(Windows)`.

    Args:
        clock: the time of the region.
        name: the region's name.
        account_id: twelve digits.
        partition: "aws", "aws-cn", ...
        responder: answers every call instead of the registered operations (canned answers); None for the operations.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        name: str = "us-east-1",
        account_id: str = ACCOUNT_ID,
        partition: str = "aws",
        responder: Responder | None = None,
    ) -> None:
        self.clock, self.name, self.account_id, self.partition = clock, name, account_id, partition
        self.journal = Journal(clock.time)
        self.faults = Faults()
        self.calls: list[Call] = []
        self.unanswered: list[tuple[dict[str, str], Exception]] = []  # a script may swallow the exception, not this
        self.authorizer: Authorizer | None = None
        self.backend: Backend = _no_backend
        self._responder = responder
        self._parts: dict[Callable[[Region], Any], Any] = {}
        self._closers: list[Callable[[], None]] = []
        if responder is None:
            load_services()

    @property
    def administrator(self) -> Caller:
        return Caller(f"arn:{self.partition}:iam::{self.account_id}:user/administrator")

    def assumed_role(self, role_name: str, session: str) -> Caller:
        arn = f"arn:{self.partition}:sts::{self.account_id}:assumed-role/{role_name}/{session}"
        return Caller(arn, role_name)

    def part(self, kind: Callable[[Region], Part]) -> Part:
        """The region's one instance of `kind`, made with the region as its argument when first asked for."""
        if kind not in self._parts:
            self._parts[kind] = kind(self)
        return cast(Part, self._parts[kind])

    def call(self, caller: Caller, service: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """Answer one call: faults, then authorisation, then the operation. Raises AwsError or NotKnownHere."""
        with self.clock.lock:
            try:
                answer = self._answer(caller, service, operation, params)
            except AwsError as error:
                self._record(caller, service, operation, params, error.code)
                raise
            except Exception as error:  # not known here, or a fault of the region's own: neither is an answer of AWS
                activity = current_activity()
                self.unanswered.append((dict(activity.labels) if activity is not None else {}, error))
                raise
            self._record(caller, service, operation, params, None)
            return answer

    def called_by_service(self, caller: Caller, service: str, operation: str, params: dict[str, Any]) -> None:
        """A call that an AWS service makes in its caller's name: it can fail, must be allowed, and is recorded.

        The service itself does what the call asks for. Raises AwsError.
        """
        with self.clock.lock:
            try:
                self.faults.raise_for(service, operation, params)
                if self.authorizer is not None and caller.role_name is not None:
                    self.authorizer(caller, service, operation, params)
            except AwsError as error:
                self._record(caller, service, operation, params, error.code)
                raise
            self._record(caller, service, operation, params, None)

    def on_close(self, close: Callable[[], None]) -> None:
        self._closers.append(close)

    def close(self) -> None:
        """End every activity and give back what the region holds (servers, patches). Safe to call twice."""
        self.clock.close()
        while self._closers:
            self._closers.pop()()

    def _answer(self, caller: Caller, service: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        self.faults.raise_for(service, operation, params)
        if self._responder is not None:
            return self._responder(caller, service, operation, params)
        function = OPERATIONS.get((service, operation))
        if function is None:
            raise NotKnownHere(f"{service}:{operation}")
        if self.authorizer is not None and caller.role_name is not None:
            self.authorizer(caller, service, operation, params)
        return function(self, caller, params)

    def _record(self, caller: Caller, service: str, operation: str, params: dict[str, Any], error: str | None) -> None:
        activity = current_activity()
        labels = dict(activity.labels) if activity is not None else {}
        self.calls.append(Call(self.clock.time(), caller, service, operation, params, error, labels))


def _no_backend(service: str, operation: str, _params: dict[str, Any]) -> dict[str, Any]:
    raise NotKnownHere(f"{service}:{operation} (this region has no control plane)")


def load_services() -> None:
    """Import every module that registers operations."""
    for package_name in ("albpatch.region.services", "albpatch.region.automation"):
        package = importlib.import_module(package_name)
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package_name}.{module.name}")
