"""Real HTTP requests at a steady rate: one thread, one connection a request, some of them slow.

A request is lost when it does not end in a complete 2xx answer: refused, cut, timed out, or an error status.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from albpatch.region.clock import Clock
from albpatch.rehearsal import scenario

LEAST_TIMEOUT = 10.0  # real seconds: a busy machine must not look like a lost request
STOP_SECONDS = 15.0
IN_FLIGHT_LIMIT = 400


@dataclass(frozen=True)
class Request:
    """One request: when it began and ended (the region's seconds since the epoch) and how. `fault` "" is a full 2xx."""

    target_group: str
    began: float
    ended: float
    slow: bool
    status: int
    fault: str
    host: str = ""

    @property
    def lost(self) -> bool:
        return bool(self.fault)


class Traffic:
    """Requests to each URL, from `start` to `stop`.

    Args:
        clock: the region's scaled clock.
        urls: where each target group's load balancer listens, by target group ARN.
        settings: rate and slow requests, in the region's seconds.
        factor: region seconds in a real second.
    """

    def __init__(self, clock: Clock, urls: Mapping[str, str], settings: scenario.Traffic, factor: float) -> None:
        self._clock, self._urls, self._settings, self._factor = clock, dict(urls), settings, factor
        self.requests: list[Request] = []
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._main, name="traffic", daemon=True)

    @property
    def sent(self) -> int:
        return len(self.requests)

    @property
    def lost(self) -> int:
        return sum(r.lost for r in self.requests)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Send no more, wait for the answers that are under way. Safe to call twice."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(STOP_SECONDS)
        if self._failure is not None:
            raise self._failure

    def _main(self) -> None:
        try:
            asyncio.run(self._send_all())
        except BaseException as error:
            self._failure = error

    async def _send_all(self) -> None:
        await asyncio.gather(*(self._send_to(arn, url) for arn, url in self._urls.items()))

    async def _send_to(self, arn: str, url: str) -> None:
        """Requests at fixed moments; a late one is not sent twice as fast, it is sent late."""
        pause = 1 / (self._settings.requests_per_second * self._factor)
        loop, under_way, slow_due = asyncio.get_running_loop(), set[asyncio.Task[None]](), 0.0
        due = loop.time()
        while not self._stop.is_set():
            slow_due += self._settings.slow_share
            slow = slow_due >= 1
            slow_due -= slow
            if len(under_way) < IN_FLIGHT_LIMIT:
                task = asyncio.create_task(self._one(arn, url, slow))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
            due = max(due + pause, loop.time())
            await asyncio.sleep(due - loop.time())
        if under_way:
            await asyncio.wait(under_way, timeout=STOP_SECONDS / 2)

    async def _one(self, arn: str, url: str, slow: bool) -> None:
        place = urlsplit(url)
        path = f"/slow?seconds={self._settings.slow_seconds:g}" if slow else "/"
        began, status, fault, host = self._clock.time(), 0, "", ""
        try:
            async with asyncio.timeout(max(LEAST_TIMEOUT, self._settings.timeout / self._factor)):
                status, host, fault = await _get(place.hostname or "127.0.0.1", place.port or 80, path)
        except TimeoutError:
            fault = "no answer in time"
        except OSError as error:
            fault = f"connection failed: {error.strerror or type(error).__name__}"
        if not fault and not 200 <= status <= 299:
            fault = f"status {status}"
        self.requests.append(Request(arn, began, self._clock.time(), slow, status, fault, host))


async def _get(host: str, port: int, path: str) -> tuple[int, str, str]:
    """One GET: (status, header X-Served-By, what was wrong with the answer or "")."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        answer = await reader.read(-1)
    finally:
        writer.close()
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found:
        return 0, "", "cut before an answer"
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    status = int(first.split(" ")[1])
    if "content-length" in headers and len(body) < int(headers["content-length"]):
        return status, headers.get("x-served-by", ""), "answer cut"
    return status, headers.get("x-served-by", ""), ""
