"""Target groups and their targets. https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from albpatch.live.calls import Calls

_CROSS_ZONE = "load_balancing.cross_zone.enabled"
_REACTIONS = ("dns_failover", "unhealthy_state_routing")
_GONE = ("TargetGroupNotFound", "TargetGroupNotFoundException")


@dataclass(frozen=True)
class Target:
    """One registered target as DescribeTargetHealth answers it. target: the structure that registers it again."""

    id: str
    port: int
    state: str
    reason: str
    target: tuple[tuple[str, Any], ...]
    shifted: bool = False

    @property
    def words(self) -> str:
        return f"{self.id}:{self.port} is {self.state}{f' ({self.reason})' if self.reason else ''}"

    @property
    def serves(self) -> bool:
        """Whether it counts for the floor: not in a zone that is shifted away from."""
        return self.state == "healthy" and not self.shifted


@dataclass(frozen=True)
class TargetGroup:
    """A target group. kind: its target type."""

    arn: str
    name: str
    kind: str
    protocol: str
    vpc: str
    load_balancers: tuple[str, ...]


class Balancing:
    """What the load balancers of the region know."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def target_group(self, arn: str) -> TargetGroup | None:
        found = self._calls.ask("elbv2", "describe_target_groups", _GONE, TargetGroupArns=[arn])
        return None if found is None else _group(found["TargetGroups"][0])

    def target_groups(self) -> list[TargetGroup]:
        """Every target group of the region."""
        return [_group(g) for g in self._calls.pages("elbv2", "describe_target_groups", "TargetGroups")]

    def targets(self, arn: str) -> list[Target] | None:
        answer = self._calls.ask("elbv2", "describe_target_health", _GONE, TargetGroupArn=arn)
        return None if answer is None else [_target(found) for found in answer["TargetHealthDescriptions"]]

    def delay(self, arn: str) -> int:
        """The deregistration delay in seconds."""
        return int(self._attributes(arn).get("deregistration_delay.timeout_seconds", "300"))

    def minima(self, arn: str) -> tuple[int, int]:
        """The healthy targets, as a number and as a percentage, below which the load balancer changes its behaviour.

        1 is the default of ELB and nobody's wish.
        https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html
        """
        found = self._attributes(arn)
        names = [f"target_group_health.{what}.minimum_healthy_targets" for what in _REACTIONS]
        limits = [[found.get(f"{name}.{unit}", "off") for name in names] for unit in ("count", "percentage")]
        counts, percents = ([0 if value in ("off", "1") else int(value) for value in values] for values in limits)
        return max(counts), max(percents)

    def per_zone(self, group: TargetGroup) -> bool:
        """Whether each zone has to serve for itself: cross-zone balancing is off for this group.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html
        """
        value = self._attributes(group.arn).get(_CROSS_ZONE, "use_load_balancer_configuration")
        if value != "use_load_balancer_configuration":
            return value == "false"
        if group.protocol in ("HTTP", "HTTPS"):
            return False
        return any(self._balancer_attributes(arn).get(_CROSS_ZONE) != "true" for arn in group.load_balancers)

    def classic(self) -> dict[str, set[str]]:
        """Classic load balancer -> ids of the instances behind it."""
        found = self._calls.pages("elb", "describe_load_balancers", "LoadBalancerDescriptions")
        return {b["LoadBalancerName"]: {i["InstanceId"] for i in b["Instances"]} for b in found}

    def _attributes(self, arn: str) -> dict[str, str]:
        answer = self._calls.ask("elbv2", "describe_target_group_attributes", _GONE, TargetGroupArn=arn)
        return {} if answer is None else {pair["Key"]: pair["Value"] for pair in answer["Attributes"]}

    def _balancer_attributes(self, arn: str) -> dict[str, str]:
        answer = self._calls.ask("elbv2", "describe_load_balancer_attributes", LoadBalancerArn=arn)
        return {pair["Key"]: pair["Value"] for pair in answer["Attributes"]}


def _group(found: dict[str, Any]) -> TargetGroup:
    return TargetGroup(
        found["TargetGroupArn"],
        found["TargetGroupName"],
        found.get("TargetType", "instance"),
        found.get("Protocol", ""),
        found.get("VpcId", ""),
        tuple(found.get("LoadBalancerArns", [])),
    )


def _target(found: dict[str, Any]) -> Target:
    target, health = found["Target"], found["TargetHealth"]
    return Target(
        target["Id"],
        target.get("Port", 0),
        health["State"],
        health.get("Reason", ""),
        tuple(sorted(target.items())),
        found.get("AdministrativeOverride", {}).get("State") == "zonal_shift_active",
    )
