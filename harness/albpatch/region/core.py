"""One AWS region on this machine: a clock, the control plane's state, and one dispatcher for every call."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from albpatch.region.clock import Clock, current_activity
from albpatch.region.faults import Faults
from albpatch.region.journal import Journal
from albpatch.region.operations import OPERATIONS, AwsError, Caller, NotKnownHere

Part = TypeVar("Part")
Answer = TypeVar("Answer")
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
        with self._recorded(caller, service, operation, params):
            return self._under_faults(
                service, operation, params, lambda: self._answer(caller, service, operation, params)
            )

    def called_by_service(self, caller: Caller, service: str, operation: str, params: dict[str, Any]) -> None:
        """A call that an AWS service makes in its caller's name: it can fail, must be allowed, and is recorded.

        The service itself does what the call asks for. Raises AwsError.
        """

        def allowed() -> None:
            if self.authorizer is not None and caller.role_name is not None:
                self.authorizer(caller, service, operation, params)

        with self._recorded(caller, service, operation, params):
            self._under_faults(service, operation, params, allowed)

    def on_close(self, close: Callable[[], None]) -> None:
        self._closers.append(close)

    def close(self) -> None:
        """End every activity and give back what the region holds (servers, patches). Safe to call twice."""
        self.clock.close()
        while self._closers:
            self._closers.pop()()

    def _under_faults(
        self, service: str, operation: str, params: dict[str, Any], answer: Callable[[], Answer]
    ) -> Answer:
        """The answer, or what the faults make of it. Nobody holds the lock while an answer takes its time."""
        fault = self.faults.struck_by(service, operation, params, self._labels())
        if fault is not None and not fault.carried_out:
            fault.happen(self.clock.sleep)
        with self.clock.lock:
            answered = answer()
        if fault is not None and fault.carried_out:
            fault.happen(self.clock.sleep)
        return answered

    def _answer(self, caller: Caller, service: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        if self._responder is not None:
            return self._responder(caller, service, operation, params)
        function = OPERATIONS.get((service, operation))
        if function is None:
            raise NotKnownHere(f"{service}:{operation}")
        if self.authorizer is not None and caller.role_name is not None:
            self.authorizer(caller, service, operation, params)
        return function(self, caller, params)

    @contextmanager
    def _recorded(self, caller: Caller, service: str, operation: str, params: dict[str, Any]) -> Iterator[None]:
        """Keep the call with its end."""

        def keep(error: str | None) -> None:
            with self.clock.lock:
                made = Call(self.clock.time(), caller, service, operation, params, error, self._labels())
                self.calls.append(made)

        try:
            yield
        except AwsError as error:
            keep(error.code)
            raise
        except Exception as error:  # not known here, or a fault of the region's own: neither is an answer of AWS
            self.unanswered.append((self._labels(), error))
            raise
        keep(None)

    @staticmethod
    def _labels() -> dict[str, str]:
        activity = current_activity()
        return dict(activity.labels) if activity is not None else {}


def _no_backend(service: str, operation: str, _params: dict[str, Any]) -> dict[str, Any]:
    raise NotKnownHere(f"{service}:{operation} (this region has no control plane)")


def load_services() -> None:
    """Import every module that registers operations."""
    for package_name in ("albpatch.region.services", "albpatch.region.automation"):
        package = importlib.import_module(package_name)
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package_name}.{module.name}")
