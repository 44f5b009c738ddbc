"""boto3 clients whose calls end in the region's dispatcher, without a socket.

botocore validates and serializes the request as always; its `before-call` event hands the parameters to the region
(0.15 ms). A call with an armed fault takes the long way, through `before-send`, so that botocore's own retries see it.
"""

from __future__ import annotations

import threading
import time as wall
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.endpoint
import botocore.loaders
import botocore.session
import botocore.waiter
from botocore.awsrequest import AWSResponse
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ClientError

from albpatch.region.clock import current_activity
from albpatch.region.core import Region
from albpatch.region.operations import AwsError, Caller, NotKnownHere

_EMPTY_BODY = {
    "json": "{{}}",
    "rest-json": "{{}}",
    "query": "<{name}Response><{name}Result/></{name}Response>",
    "ec2": "<{name}Response/>",
}
_ERROR_BODY = {
    "json": '{{"__type":"{code}","message":"{message}"}}',
    "rest-json": '{{"__type":"{code}","message":"{message}"}}',
    "query": "<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>",
    "ec2": "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors></Response>",
}


class _ClockAwareTime:
    """Stands for the module `time` inside botocore's endpoint and waiters: an activity waits in its clock's time."""

    def __getattr__(self, name: str) -> Any:
        return getattr(wall, name)

    @staticmethod
    def sleep(seconds: float) -> None:
        activity = current_activity()
        if activity is None:
            wall.sleep(seconds)
        else:
            activity.clock.sleep(seconds)


botocore.endpoint.time = botocore.waiter.time = _ClockAwareTime()  # botocore offers no other seam


_NOBODY = SimpleNamespace(to_string=lambda: "albpatch")


class _RawBody:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> Any:
        yield self._body


_LOADER = botocore.loaders.create_loader()  # keeps the service models it has read: 0.1 s each


def _session(region_name: str) -> boto3.Session:
    session = botocore.session.Session()
    session.register_component("data_loader", _LOADER)
    return boto3.Session("local", "local", region_name=region_name, botocore_session=session)


class Clients:
    """Makes and keeps the in-process clients of one region (a region's part)."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self._session = _session(region.name)
        self._made: dict[tuple[str, int, str], tuple[BaseClient, _Hooks]] = {}
        self._lock = threading.Lock()

    def client(self, caller: Caller, service: str, config: Config | None = None) -> BaseClient:
        """A boto3 client of `service` whose calls are made by `caller`."""
        retries = getattr(config, "retries", None) or {}
        attempts = retries.get("total_max_attempts") or retries.get("max_attempts", 4) + 1
        mode = retries.get("mode", "legacy")
        if mode == "standard" and "max_attempts" in retries and "total_max_attempts" not in retries:
            attempts = retries["max_attempts"] + 1
        key = (service, attempts, mode)
        with self._lock:
            if key not in self._made:
                self._made[key] = self._make(service, {"total_max_attempts": attempts, "mode": mode})
            shared, hooks = self._made[key]
        return hooks.bound(shared, caller)

    def _make(self, service: str, retries: dict[str, Any]) -> tuple[BaseClient, _Hooks]:
        endpoint = f"https://{service}.{self._region.name}.local"
        client = self._session.client(service, config=Config(retries=retries), endpoint_url=endpoint)
        client._user_agent_creator = _NOBODY  # nobody reads either, and they take as long as the rest of a request
        client._resolve_endpoint_ruleset = lambda *_, **__: (endpoint, None, None)
        return client, _Hooks(self._region, service, client)


class _Hooks:
    """What happens to the calls of one client. Callers share it: making a client costs 50 ms and a megabyte."""

    def __init__(self, region: Region, service: str, client: BaseClient) -> None:
        self._region, self._service = region, service
        self._protocol = client.meta.service_model.resolved_protocol  # the one of several that botocore speaks
        events = client.meta.events
        events.register("provide-client-params", self._keep_parameters)
        events.register_first("before-call", self._before_call)
        events.register_first("before-send", self._before_send)
        events.register_last("after-call", self._after_call)
        self._sending = threading.local()

    def bound(self, shared: BaseClient, caller: Caller) -> BaseClient:
        """The client as `caller` has it: its methods, paginators and waiters all end in `_make_api_call`."""
        mine = object.__new__(type(shared))
        mine.__dict__.update(shared.__dict__)
        make = shared._make_api_call

        def make_as_caller(operation_name: str, api_params: dict[str, Any]) -> Any:
            before = getattr(self._sending, "caller", None)
            self._sending.caller = caller
            try:
                return make(operation_name, api_params)
            finally:
                self._sending.caller = before

        mine._make_api_call = make_as_caller
        return mine

    def _keep_parameters(self, params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["region_params"] = params

    def _before_call(self, model: Any, context: dict[str, Any], **_: Any) -> Any:
        params = context["region_params"]
        if self._region.faults.concern(self._service, model.name):
            self._sending.operation, self._sending.params = model.name, params
            return None
        status, answer = self._answer(model.name, params)
        return SimpleNamespace(status_code=status, headers={}), answer

    def _answer(self, name: str, params: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        metadata = {"HTTPStatusCode": 200, "HTTPHeaders": {}, "RetryAttempts": 0, "RequestId": "local"}
        try:
            answer = self._region.call(self._sending.caller, self._service, name, params)
        except AwsError as error:
            metadata["HTTPStatusCode"] = error.status
            return error.status, {
                "Error": {"Code": error.code, "Message": error.message},
                "ResponseMetadata": metadata,
            }
        return 200, {**answer, "ResponseMetadata": metadata}

    def _before_send(self, request: Any, **_: Any) -> AWSResponse:
        """One attempt of a call with an armed fault: an error body below the retries, or a success to be filled in."""
        if self._protocol not in _EMPTY_BODY:
            raise NotKnownHere(f"faults of {self._service} (protocol {self._protocol})")
        status, answer = self._answer(self._sending.operation, self._sending.params)
        self._sending.answer = answer
        body = _EMPTY_BODY[self._protocol].format(name=self._sending.operation)
        if status >= 300:
            error = answer["Error"]
            body = _ERROR_BODY[self._protocol].format(code=error["Code"], message=error["Message"])
        return AWSResponse(request.url, status, {}, _RawBody(body.encode()))

    def _after_call(self, parsed: dict[str, Any], **_: Any) -> None:
        answer = getattr(self._sending, "answer", None)
        if answer is None:
            return
        self._sending.answer = None
        if "Error" in answer and "Error" not in parsed:
            raise ClientError(answer, self._sending.operation)
        parsed.update({k: v for k, v in answer.items() if k != "ResponseMetadata"})


def client(region: Region, caller: Caller, service: str, config: Config | None = None) -> BaseClient:
    """A boto3 client of `service` in `region` whose calls are made by `caller`."""
    return region.part(Clients).client(caller, service, config)
