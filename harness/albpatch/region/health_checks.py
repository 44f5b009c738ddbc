"""Health checks in virtual time: what a check of a target finds, worked out from its host instead of asked for.

Checks come every interval, at a phase that belongs to the target. While nothing can change a target's state no check is
simulated: a fleet of a thousand steady targets costs nothing.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from albpatch.region.core import Region
from albpatch.region.hosts import Hosts
from albpatch.region.target_groups import TargetGroupSettings
from albpatch.region.targets import Group, Target

SICK_STATUS = 503


@dataclass(frozen=True)
class Probe:
    """What one health check found. `seconds` is how long it took to find out."""

    passed: bool
    reason: str = ""
    description: str = ""
    seconds: float = 0.0


TIMED_OUT = ("Target.Timeout", "Request timed out")
REFUSED = ("Target.FailedHealthChecks", "Health checks failed")


def mismatch(status: int) -> tuple[str, str]:
    """Reason and description of a check whose answer the matcher does not accept."""
    return "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{status}]"


class HealthChecks(Protocol):
    """Who makes the checks. Reports what it finds through `LoadBalancing.checked`."""

    def watch(self, target: Target) -> None:
        """Begin to check a target that has just become `initial`."""

    def unwatch(self, target: Target) -> None:
        """Check it no more."""

    def disturbed(self, target: Target) -> None:
        """The target's host has changed: the next check may find something else."""


def phase(target: Target, interval: float) -> float:
    """Seconds from the registration to the first check: 1 to `interval`, always the same for the same target."""
    return 1.0 + zlib.crc32(target.key.encode()) % max(1, int(interval))


class VirtualChecks:
    """Timers on the region's clock, only while the next checks can change something.

    Args:
        settings: the present settings of a group, None when it has been deleted.
        report: told what each check found.
    """

    def __init__(
        self,
        region: Region,
        settings: Callable[[Group], TargetGroupSettings | None],
        report: Callable[[Target, Probe], None],
    ) -> None:
        self._clock, self._hosts = region.clock, region.part(Hosts)
        self._settings, self._report = settings, report
        self._next: dict[Target, Callable[[], None]] = {}

    def watch(self, target: Target) -> None:
        self.unwatch(target)
        now = self._settings(target.group)
        if now is not None:
            self._at(target.since + phase(target, now.interval), target, lambda: self._check(target))

    def unwatch(self, target: Target) -> None:
        cancel = self._next.pop(target, None)
        if cancel is not None:
            cancel()

    def disturbed(self, target: Target) -> None:
        now = self._settings(target.group)
        if now is None or target in self._next:
            return  # a check that is due already will see it
        first = target.since + phase(target, now.interval)
        behind = max(0.0, self._clock.time() - first + 0.001)  # floats: never the same check twice
        due = first + (behind // now.interval + 1) * now.interval
        self._at(due, target, lambda: self._check(target))

    def probe(self, target: Target, settings: TargetGroupSettings) -> Probe:
        """What a check finds now. An instance without a host of its own is taken to answer."""
        host = self._hosts.get(target.id)
        if host is None:
            return Probe(True)
        state = host.state
        if state not in ("serving", "sick"):
            return Probe(False, *REFUSED)
        if host.profile.answer_seconds > settings.timeout:
            return Probe(False, *TIMED_OUT, seconds=settings.timeout)
        status = SICK_STATUS if state == "sick" else 200
        if settings.check_protocol in ("HTTP", "HTTPS") and not settings.accepts(status):
            return Probe(False, *mismatch(status), seconds=host.profile.answer_seconds)
        return Probe(True, seconds=host.profile.answer_seconds)

    def _check(self, target: Target) -> None:
        self._next.pop(target, None)
        now = self._settings(target.group)
        if now is not None:
            found = self.probe(target, now)
            self._at(self._clock.time() + found.seconds, target, lambda: self._found(target, found))

    def _found(self, target: Target, found: Probe) -> None:
        self._next.pop(target, None)
        self._report(target, found)
        now = self._settings(target.group)
        if now is not None and (target.undecided or self.probe(target, now).passed != (target.state == "healthy")):
            self.disturbed(target)

    def _at(self, when: float, target: Target, work: Callable[[], None]) -> None:
        self._next[target] = self._clock.call_at(when, work)
