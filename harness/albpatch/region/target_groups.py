"""What the control plane says about target groups and instances, read from moto's objects at the moment it matters.

The objects are read directly: a Describe call costs 2 ms and would be made for every health check. moto is pinned to an
exact version for such reasons. Nothing is kept here, so a change made over HTTP is seen at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from moto.backends import get_backend

from albpatch.region.core import Region
from albpatch.region.operations import AwsError, NotKnownHere

NETWORK_PROTOCOLS = frozenset({"TCP", "UDP", "TCP_UDP", "TLS", "QUIC", "TCP_QUIC"})
_ARN = re.compile(r"arn:[a-z-]+:elasticloadbalancing:[a-z0-9-]+:\d{12}:targetgroup/[^/]+/[0-9a-f]+")


@dataclass(frozen=True)
class TargetGroupSettings:
    """A target group's settings and attributes. Times in seconds; `identity` tells two groups with one ARN apart."""

    arn: str
    identity: int
    target_type: str
    protocol: str
    port: int
    vpc_id: str | None
    in_use: bool
    check_protocol: str
    check_path: str
    check_port: str
    matcher: str
    interval: float
    timeout: float
    healthy_threshold: int
    unhealthy_threshold: int
    deregistration_delay: float
    cross_zone: bool
    minimum_healthy_count: int
    minimum_healthy_percentage: int

    @property
    def network(self) -> bool:
        """Whether a Network Load Balancer uses such a group."""
        return self.protocol in NETWORK_PROTOCOLS

    @property
    def late_seconds(self) -> float:
        """How long new requests may still arrive after a deregistration, whatever the delay.

        About 17 s for an Application, two minutes for a Network Load Balancer (kubernetes-sigs/
        aws-load-balancer-controller 2366, aws/containers-roadmap 470).
        """
        return 120.0 if self.network else 17.0

    def accepts(self, status: int) -> bool:
        """Whether the health check's matcher ("200", "200-299,301") accepts an HTTP status."""
        for part in self.matcher.split(","):
            low, _, high = part.strip().partition("-")
            if int(low) <= status <= int(high or low):
                return True
        return False


def settings(region: Region, arn: str) -> TargetGroupSettings:
    """The present settings of a target group. Raises AwsError (TargetGroupNotFound, ValidationError)."""
    if not _ARN.fullmatch(arn):
        raise AwsError("ValidationError", f"'{arn}' is not a valid target group ARN")
    elb = get_backend("elbv2")[region.account_id][region.name]
    group = elb.target_groups.get(arn)
    if group is None:
        raise AwsError("TargetGroupNotFound", "One or more target groups not found")
    attributes = {key: str(value) for key, value in group.attributes.items()}
    if int(attributes.get("slow_start.duration_seconds", "0")) > 0:
        raise NotKnownHere("elbv2:slow_start.duration_seconds above 0")
    return TargetGroupSettings(
        arn=arn,
        identity=id(group),
        target_type=group.target_type,
        protocol=group.protocol or "",
        port=int(group.port or 0),
        vpc_id=group.vpc_id,
        in_use=bool(group.load_balancer_arns),
        check_protocol=group.health_check_protocol or "HTTP",
        check_path=group.health_check_path or "/",
        check_port=str(group.health_check_port or "traffic-port"),
        matcher=str((getattr(group, "matcher", None) or {}).get("HttpCode", "200")),
        interval=float(group.health_check_interval_seconds),
        timeout=float(group.health_check_timeout_seconds),
        healthy_threshold=int(group.healthy_threshold_count),
        unhealthy_threshold=int(group.unhealthy_threshold_count),
        deregistration_delay=float(attributes.get("deregistration_delay.timeout_seconds", "300")),
        cross_zone=_cross_zone(elb, group, attributes),
        minimum_healthy_count=int(
            attributes.get("target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "1")
        ),
        minimum_healthy_percentage=_percentage(
            attributes.get("target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage", "off")
        ),
    )


def _percentage(value: str) -> int:
    return 0 if value == "off" else int(value)


def _cross_zone(elb: Any, group: Any, attributes: dict[str, str]) -> bool:
    """Cross-zone balancing: the group's own word, or else the load balancer's (off by default for a network one)."""
    own = attributes.get("load_balancing.cross_zone.enabled", "use_load_balancer_configuration")
    if own != "use_load_balancer_configuration":
        return own == "true"
    if group.protocol not in NETWORK_PROTOCOLS:
        return True
    balancers = [elb.load_balancers[arn] for arn in group.load_balancer_arns if arn in elb.load_balancers]
    return any(str(b.attrs.get("load_balancing.cross_zone.enabled", "false")) == "true" for b in balancers)


@dataclass(frozen=True)
class Instance:
    """What EC2 says about an instance."""

    id: str
    state: str
    zone: str
    vpc_id: str | None
    private_ip: str
    tags: dict[str, str]


class Instances:
    """EC2's instances by id (a region's part)."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self._known: dict[str, Any] = {}

    def get(self, instance_id: str) -> Instance | None:
        """The instance as it is now, or None when EC2 has none of that id."""
        found = self._find(instance_id)
        if found is None:
            return None
        return Instance(
            id=found.id,
            state=found._state.name,
            zone=found.placement.zone,
            vpc_id=found.vpc_id,
            private_ip=found.private_ip or "",
            tags=dict(found.ec2_backend.tags.get(found.id, {})),
        )

    def state(self, instance_id: str) -> str | None:
        """The instance's state name ("running"), or None when there is no such instance."""
        found = self._find(instance_id)
        return None if found is None else str(found._state.name)

    def _find(self, instance_id: str) -> Any:
        if instance_id not in self._known:
            ec2 = get_backend("ec2")[self._region.account_id][self._region.name]
            self._known = {instance.id: instance for instance in ec2.all_instances()}
        return self._known.get(instance_id)
