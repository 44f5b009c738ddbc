"""Registered targets, and which of them may get new requests."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from albpatch.region.target_groups import TargetGroupSettings

DESCRIPTIONS = {
    "Elb.RegistrationInProgress": "Target registration is in progress",
    "Elb.InitialHealthChecking": "Initial health checks in progress",
    "Target.DeregistrationInProgress": "Target deregistration is in progress",
    "Target.NotInUse": "Target group is not configured to receive traffic from the load balancer",
    "Target.InvalidState": "Target is in the stopped state",
    "Target.NotRegistered": "Target is not registered to the target group",
}
ROUTABLE = ("initial", "healthy", "unhealthy")


@dataclass(eq=False)
class Target:
    """One registration: an instance on a port of a group. `since` is when its present round of checks began."""

    group: Group
    id: str
    port: int
    key: str
    zone: str
    since: float
    state: str = "absent"
    reason: str = ""
    description: str = ""
    passes: int = 0
    fails: int = 0
    in_flight: int = 0
    end_draining: Callable[[], None] | None = None

    @property
    def undecided(self) -> bool:
        """Whether the next health check can change something even if it finds what the last one found."""
        return (
            self.state == "initial"
            or (self.state == "healthy" and self.fails > 0)
            or (self.state, self.passes > 0) == ("unhealthy", True)
        )


@dataclass(eq=False)
class Group:
    """What the load balancer knows of a target group beyond its settings."""

    arn: str
    identity: int
    in_use: bool
    targets: dict[tuple[str, int], Target] = field(default_factory=dict)
    late: dict[str, Target] = field(default_factory=dict)
    routed: list[str] = field(default_factory=list)
    shown_late: list[str] = field(default_factory=list)
    turn: int = 0


def routable(targets: Iterable[Target], now: TargetGroupSettings) -> list[Target]:
    """The targets that new requests may be sent to, in each zone for itself where cross-zone balancing is off."""
    usable = [t for t in targets if t.state in ROUTABLE]
    if now.cross_zone:
        return _of_pool(usable, now)
    zones = {t.zone for t in usable}
    return [t for zone in zones for t in _of_pool([u for u in usable if u.zone == zone], now)]


def _of_pool(pool: list[Target], now: TargetGroupSettings) -> list[Target]:
    """The healthy ones; all of them when fewer are healthy than unhealthy_state_routing asks for (fail-open)."""
    healthy = [t for t in pool if t.state == "healthy"]
    needed = max(now.minimum_healthy_count, math.ceil(now.minimum_healthy_percentage * len(pool) / 100))
    return healthy if len(healthy) >= needed else pool
