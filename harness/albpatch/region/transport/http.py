"""The region behind a URL: Terraform, boto3 and the command line reach it through AWS_ENDPOINT_URL alone.

A moto server in this process shares the state of the region's control plane. Requests for an operation that is
registered here go to the region's dispatcher, as the administrator; every other request is moto's own. What neither
knows is an error answer with the code `NotKnownHere`, and is kept in `Server.unknown`.
"""

from __future__ import annotations

import importlib
import json
import logging
import threading
from typing import Any
from xml.sax.saxutils import escape

from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import get_service_model
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from werkzeug.exceptions import HTTPException

from albpatch.region.core import Region
from albpatch.region.operations import FROM_BACKEND, OPERATIONS, AwsError, NotKnownHere

LOOPBACK = "127.0.0.1"
# Only documents call these, in process: moto's side of them needs packages that nothing else here does.
IN_PROCESS_ONLY = ("cloudformation", "lambda")
_HOOK = "_dispatch"  # every service of moto goes through this one method
_own_dispatch = getattr(BaseResponse, _HOOK)
_one_at_a_time = threading.Lock()


class Server:
    """The listening server of one region. `url` is what AWS_ENDPOINT_URL takes. Made with `serve(region)`.

    `asked` names, as "service:Operation", everything that was asked for; `unknown` what of it is not known here;
    `failures` holds errors of the region itself. These two are answered with status 400, which no client retries.
    """

    def __init__(self, region: Region) -> None:
        self._region = region
        self.asked: set[str] = set()
        self.unknown: list[str] = []
        self.failures: list[BaseException] = []
        if not _one_at_a_time.acquire(blocking=False):
            raise RuntimeError("another region of this process is served already: moto keeps one state per process")
        logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it would write a line for every request
        server = self

        def dispatch(response: BaseResponse, request: Any, *args: Any, **kwargs: Any) -> Any:
            if not request.from_wsgi_server:  # the region's own call to its control plane
                return _own_dispatch(response, request, *args, **kwargs)
            return server._dispatch(response, request, *args, **kwargs)

        setattr(BaseResponse, _HOOK, dispatch)
        self._routes = _add_routes()
        self._server = ThreadedMotoServer(LOOPBACK, port=0, verbose=False)
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.url = f"http://{host}:{port}"
        self._open = True

    def close(self) -> None:
        """Stop listening and give moto its classes back. Safe to call twice."""
        if self._open:
            self._open = False
            self._server.stop()
            if self._server._server is not None:
                self._server._server.server_close()
            setattr(BaseResponse, _HOOK, _own_dispatch)
            for paths, path in self._routes:
                del paths[path]
            _one_at_a_time.release()

    def _dispatch(self, response: BaseResponse, request: Any, *args: Any, **kwargs: Any) -> Any:
        with self._region.clock.lock:
            response.setup_class(request, *args, **kwargs)
            service, operation = response.boto3_service_name, response._get_action() or "?"
            self.asked.add(f"{service}:{operation}")
            try:
                if (service, operation) in OPERATIONS and (service, operation) not in FROM_BACKEND:
                    return self._answer(response, service, operation)
                return response.call_action()
            except AwsError as error:
                return _error(response, error.code, error.message, error.status)
            except NotKnownHere as error:
                return self._not_known(response, f"{service}:{operation}", str(error))
            except NotImplementedError:
                return self._not_known(response, f"{service}:{operation}", f"not known here: {service}:{operation}")
            except HTTPException:
                raise
            except Exception as error:
                self.failures.append(error)
                return _error(response, "RegionFailure", f"{type(error).__name__}: {error}", 400)

    def _answer(self, response: BaseResponse, service: str, operation: str) -> Any:
        response.PROTOCOL_PARSER_MAP_TYPE = dict
        response.RESPONSE_KEY_PATH_TO_TRANSFORMER = {}  # moto's own finishing touches are for moto's answers
        response.parse_parameters(response.normalized_request)
        answer = self._region.call(self._region.administrator, service, operation, dict(response.params))
        return response.serialized(ActionResult(answer))

    def _not_known(self, response: BaseResponse, what: str, message: str) -> Any:
        self.unknown.append(what)
        return _error(response, "NotKnownHere", message, 400)


def _error(response: BaseResponse, code: str, message: str, status: int) -> Any:
    """An error answer in the protocol of the service: (status, headers, body)."""
    protocol = get_service_model(response.boto3_service_name).protocol
    if protocol in ("json", "rest-json"):
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amzn-Errortype": code}
        return status, headers, json.dumps({"__type": code, "message": message})
    error = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    if protocol == "ec2":
        return status, {"Content-Type": "text/xml"}, f"<Response><Errors>{error}</Errors></Response>"
    return status, {"Content-Type": "text/xml"}, f"<ErrorResponse>{error}</ErrorResponse>"


def _add_routes() -> list[tuple[dict[str, Any], str]]:
    """Let moto route the registered operations of services whose requests differ by path. What was added where."""
    added = []
    for service, operation in sorted(OPERATIONS):
        if service in IN_PROCESS_ONLY:
            continue
        model = get_service_model(service)
        if model.protocol not in ("rest-json", "rest-xml"):
            continue
        paths = importlib.import_module(f"moto.{service.replace('-', '')}.urls").url_paths
        path = "{0}" + model.operation_model(operation).http["requestUri"] + "$"
        if path not in paths:
            paths[path] = next(iter(paths.values()))
            added.append((paths, path))
    return added


def serve(region: Region) -> Server:
    """Let the region, which has its control plane attached, be reached over HTTP until it is closed."""
    server = Server(region)
    region.on_close(server.close)
    return server
