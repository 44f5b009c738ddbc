"""Calls of AWS that only read, each made once a look, and what it means when one is not answered."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from albpatch.iam.calls import UnknownCall, actions

READS = ("describe_", "get_", "list_", "scan")  # of DynamoDB
_CONFIG = Config(retries={"mode": "standard", "max_attempts": 8}, connect_timeout=5)
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError")
_THROTTLED = ("Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException")
_PREFIXES = {"elbv2": "elasticloadbalancing", "elb": "elasticloadbalancing"}


class Unanswered(Exception):
    """AWS did not answer a call: denied, throttled, or failed in another way. service: boto3's name of the client."""

    def __init__(self, service: str, operation: str, code: str, message: str) -> None:
        super().__init__(f"{service}:{operation}: {code}: {message}")
        self.service, self.operation, self.code, self.message = service, operation, code, message

    @property
    def denied(self) -> bool:
        return self.code in _DENIED

    @property
    def throttled(self) -> bool:
        return self.code in _THROTTLED

    @property
    def action(self) -> str:
        """The IAM action that the call needs."""
        try:
            return ", ".join(actions(self.service, self.operation))
        except UnknownCall:
            return f"{_PREFIXES.get(self.service, self.service)}:{self.operation}"


class Calls:
    """The caller's own session in one region. An answer is kept until `forget`, a refusal as well."""

    def __init__(self, region: str, session: boto3.Session | None = None) -> None:
        self._region, self._session = region, session or boto3.Session()
        self._clients: dict[str, Any] = {}
        self._kept: dict[tuple[str, str, str], Any] = {}

    def forget(self) -> None:
        """Look anew from here on."""
        self._kept.clear()

    def ask(self, service: str, method: str, missing: tuple[str, ...] = (), **params: Any) -> Any:
        """One answer; None where AWS answers with one of the error codes `missing`. Raises Unanswered."""
        return self._once(service, method, params, missing, lambda: getattr(self._client(service), method)(**params))

    def pages(self, service: str, method: str, key: str, **params: Any) -> list[Any]:
        """The entries under `key` of all pages. Raises Unanswered."""

        def read() -> list[Any]:
            found = self._client(service).get_paginator(method).paginate(**params)
            return [entry for page in found for entry in page[key]]

        answer: list[Any] = self._once(service, method, params, (), read)
        return answer

    def _once(
        self, service: str, method: str, params: dict[str, Any], missing: tuple[str, ...], read: Callable[[], Any]
    ) -> Any:
        if not method.startswith(READS):
            raise ValueError(f"{service} {method} may change something: the checks only read")
        which = (service, method, json.dumps(params, sort_keys=True))
        if which not in self._kept:
            self._kept[which] = self._answer(service, missing, method, read)
        kept = self._kept[which]
        if isinstance(kept, Unanswered):
            raise kept
        return kept

    def _answer(self, service: str, missing: tuple[str, ...], method: str, read: Callable[[], Any]) -> Any:
        operation = "".join(part.capitalize() for part in method.split("_"))
        try:
            return read()
        except ClientError as error:
            told = error.response["Error"]
            if told["Code"] in missing:
                return None
            return Unanswered(service, operation, told["Code"], told.get("Message", ""))
        except BotoCoreError as error:
            return Unanswered(service, operation, type(error).__name__, str(error))

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._session.client(service, region_name=self._region, config=_CONFIG)
        return self._clients[service]
