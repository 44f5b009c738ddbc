"""Health checks by real requests, in scaled time."""

from __future__ import annotations

import http.client
import socket
import time as wall
from collections.abc import Callable

from albpatch.region.clock import Activity, ScaledClock
from albpatch.region.health_checks import REFUSED, TIMED_OUT, Probe, mismatch, phase
from albpatch.region.listener import LOOPBACK
from albpatch.region.load_balancer import LoadBalancing, Target
from albpatch.region.target_groups import TargetGroupSettings

GRACE = 1.0  # real seconds on top of every scaled time-out: this machine is slower than the network it stands for
BROKEN = (ConnectionError, http.client.HTTPException)


class SocketChecks:
    """Health checks by real requests, every interval of the region's time."""

    def __init__(self, clock: ScaledClock, balancing: LoadBalancing, port: Callable[[str], int]) -> None:
        self._clock, self._balancing, self._port = clock, balancing, port
        self._activities: dict[Target, Activity] = {}

    def watch(self, target: Target) -> None:
        self.unwatch(target)
        self._activities[target] = self._clock.spawn(f"checks of {target.key}", self._check, target, daemon=True)

    def unwatch(self, target: Target) -> None:
        activity = self._activities.pop(target, None)
        if activity is not None:
            self._clock.kill(activity)

    def disturbed(self, target: Target) -> None:
        """Nothing to do: the checks come anyway."""

    def _check(self, target: Target) -> None:
        me = self._clock.current()
        me.labels.clear()
        settings = self._balancing.current(target.group)
        due = target.since + (0.0 if settings is None else phase(target, settings.interval))
        while settings is not None:
            self._clock.sleep(due - self._clock.time())
            found = self._probe(target, settings)
            with self._clock.lock:
                if self._activities.get(target) is not me:
                    return
                self._balancing.checked(target, found)
                due = max(due + settings.interval, self._clock.time())
                settings = self._balancing.current(target.group)

    def _probe(self, target: Target, settings: TargetGroupSettings) -> Probe:
        port, timeout = self._port(target.id), settings.timeout / self._clock.factor + GRACE
        started = wall.monotonic()
        try:
            if settings.check_protocol not in ("HTTP", "HTTPS"):
                socket.create_connection((LOOPBACK, port), timeout).close()
                return Probe(True)
            status = _get(port, settings.check_path, timeout)
        except TimeoutError:
            return Probe(False, *TIMED_OUT, seconds=wall.monotonic() - started)
        except (*BROKEN, OSError):
            return Probe(False, *REFUSED)
        return Probe(True) if settings.accepts(status) else Probe(False, *mismatch(status))


def _get(port: int, path: str, timeout: float) -> int:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"User-Agent": "ELB-HealthChecker/2.0"})
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()
