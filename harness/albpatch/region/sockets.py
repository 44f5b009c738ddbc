"""Scaled time: every host a real HTTP server on loopback, and a load balancer of sockets in front of them.

Ports are chosen free at run time. A host that reboots closes its port and cuts what is open; one whose application is
not up refuses. The load balancer answers as an Application Load Balancer does: 502 when the target refuses or cuts the
connection, 503 when there is no target, 504 when the target does not answer within the idle timeout
("Troubleshoot your Application Load Balancers").
"""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any
from urllib.parse import parse_qs, urlsplit

from albpatch.region.clock import ScaledClock
from albpatch.region.core import Region
from albpatch.region.health_checks import SICK_STATUS
from albpatch.region.hosts import Host, Hosts
from albpatch.region.listener import LOOPBACK, Answers, Listener, shut
from albpatch.region.load_balancer import LoadBalancing, Target
from albpatch.region.socket_checks import BROKEN, GRACE, SocketChecks

IDLE_TIMEOUT = 60.0


class Sockets:
    """Real hosts and load balancers for a region in scaled time (a region's part)."""

    def __init__(self, region: Region) -> None:
        if not isinstance(region.clock, ScaledClock):
            raise TypeError("sockets need scaled time")
        self.region, self.clock = region, region.clock
        self.balancing = region.part(LoadBalancing)
        self._hosts = region.part(Hosts)
        self._applications: dict[str, Listener] = {}
        self._edges: dict[str, Listener] = {}
        self._going: dict[Target, set[http.client.HTTPConnection]] = {}
        self._refusing = socket.socket()
        self._refusing.bind((LOOPBACK, 0))  # bound, never listening: a port that refuses, kept from everybody else
        region.on_close(self.close)
        with self.clock.lock:
            self._hosts.listeners.append(self._follow)
            self.balancing.removal_listeners.append(self._cut_removed)
            for host in self._hosts.all():
                self._follow(host)
            self.balancing.use_checks(SocketChecks(self.clock, self.balancing, self.port))

    def url(self, target_group_arn: str) -> str:
        """Where the load balancer of a target group takes requests."""
        with self.clock.lock:
            if target_group_arn not in self._edges:
                self.balancing.group(target_group_arn)

                def handle(connection: socket.socket, address: Any, listener: Any) -> None:
                    _Edge(connection, address, listener, self, target_group_arn)

                self._edges[target_group_arn] = Listener("load balancer", handle)
            return f"http://{LOOPBACK}:{self._edges[target_group_arn].port}"

    def port(self, instance_id: str) -> int:
        """The port on which the instance's application answers, or one that refuses."""
        application = self._applications.get(instance_id)
        return self._refusing.getsockname()[1] if application is None else application.port

    def wall_seconds(self, seconds: float) -> float:
        return seconds / self.clock.factor

    def send(self, target: Target, method: str, path: str, body: bytes, kind: str | None) -> tuple[int, bytes, str]:
        """Send one request to a target; returns status, body and content type as a client gets them."""
        connection = http.client.HTTPConnection(
            LOOPBACK, self.port(target.id), timeout=self.wall_seconds(IDLE_TIMEOUT) + GRACE
        )
        with self.clock.lock:
            target.in_flight += 1
            self._going.setdefault(target, set()).add(connection)
        try:
            connection.request(method, path, body or None, {"Content-Type": kind} if kind else {})
            response = connection.getresponse()
            return response.status, response.read(), response.headers.get("Content-Type", "application/octet-stream")
        except TimeoutError:
            return 504, b"", "text/plain"
        except (*BROKEN, OSError):
            return 502, b"", "text/plain"
        finally:
            with self.clock.lock:
                target.in_flight -= 1
                self._going[target].discard(connection)
            connection.close()

    def close(self) -> None:
        """Close every port and end every thread."""
        listeners = [*self._edges.values(), *self._applications.values()]
        for listener in listeners:
            listener.close()
        for listener in listeners:
            listener.join()
        self._refusing.close()

    def _follow(self, host: Host) -> None:
        """Open or close the host's port as its state says."""
        answers = host.state in ("serving", "sick")
        if answers and host.id not in self._applications:

            def handle(connection: socket.socket, address: Any, listener: Any) -> None:
                _Application(connection, address, listener, self, host)

            self._applications[host.id] = Listener(host.id, handle)
        elif not answers and host.id in self._applications:
            self._applications.pop(host.id).close()

    def _cut_removed(self, target: Target) -> None:
        """The deregistration delay is over: what is still in flight is cut."""
        for connection in self._going.get(target, ()):
            if connection.sock is not None:
                shut(connection.sock)


class _Application(Answers):
    """A host's application: /slow?seconds=8 answers after 8 s of the region's time, everything else at once."""

    def __init__(
        self, connection: socket.socket, address: Any, listener: Listener, sockets: Sockets, host: Host
    ) -> None:
        self._listener, self._sockets, self._host = listener, sockets, host
        super().__init__(connection, address, listener)  # type: ignore[arg-type]  # it only keeps the server

    def answer(self, body: bytes) -> None:
        asked = urlsplit(self.path)
        seconds = self._host.profile.answer_seconds
        if asked.path == "/slow":
            try:
                seconds = float(parse_qs(asked.query).get("seconds", ["0"])[0])
            except ValueError:
                self.reply(400, b'{"error": "seconds is not a number"}')
                return
        if self._listener.cut.wait(self._sockets.wall_seconds(seconds)):
            return
        status = SICK_STATUS if self._host.sick else 200
        self.reply(status, json.dumps({"instance": self._host.id, "received": len(body)}).encode())


class _Edge(Answers):
    """A load balancer's listener that forwards to one target group."""

    def __init__(self, connection: socket.socket, address: Any, listener: Listener, sockets: Sockets, arn: str) -> None:
        self._sockets, self._arn = sockets, arn
        super().__init__(connection, address, listener)  # type: ignore[arg-type]  # it only keeps the server

    def answer(self, body: bytes) -> None:
        target = self._sockets.balancing.pick(self._arn)
        if target is None:
            self.reply(503, b"", "text/plain")
            return
        status, answer, kind = self._sockets.send(
            target, self.command, self.path, body, self.headers.get("Content-Type")
        )
        self.reply(status, answer, kind)
