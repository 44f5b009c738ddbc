"""Elastic Load Balancing's operations on targets."""

from __future__ import annotations

from typing import Any

from albpatch.region.core import Region
from albpatch.region.load_balancer import LoadBalancing
from albpatch.region.operations import Caller, NotKnownHere, answered_by_backend, operation
from albpatch.region.target_groups import TargetGroupSettings
from albpatch.region.targets import DESCRIPTIONS, Target

answered_by_backend("elbv2", "DescribeTargetGroups", "DescribeTargetGroupAttributes")


@operation("elbv2", "RegisterTargets")
def register_targets(region: Region, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """Register targets; those that are registered already stay as they are."""
    region.part(LoadBalancing).register(caller, params["TargetGroupArn"], params["Targets"])
    return {}


@operation("elbv2", "DeregisterTargets")
def deregister_targets(region: Region, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """Deregister targets. One without a port means the group's own port; what is not registered is no error."""
    region.part(LoadBalancing).deregister(caller, params["TargetGroupArn"], params["Targets"])
    return {}


@operation("elbv2", "DescribeTargetHealth")
def describe_target_health(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """The health of all targets of a group, or of those asked for."""
    if params.get("Include"):
        raise NotKnownHere("elbv2:DescribeTargetHealth Include")
    balancing, arn = region.part(LoadBalancing), params["TargetGroupArn"]
    group, settings = balancing.group(arn), balancing.settings(arn)
    if not params.get("Targets"):
        return {"TargetHealthDescriptions": [_description(t, settings) for t in group.targets.values()]}
    answers = []
    for asked in params["Targets"]:
        port = asked.get("Port", settings.port)
        target = group.targets.get((asked["Id"], port))
        answers.append(_not_registered(asked["Id"], port) if target is None else _description(target, settings))
    return {"TargetHealthDescriptions": answers}


def _description(target: Target, settings: TargetGroupSettings) -> dict[str, Any]:
    health = {"State": target.state}
    if target.reason:
        health |= {"Reason": target.reason, "Description": target.description}
    port = str(target.port) if settings.check_port == "traffic-port" else settings.check_port
    return {"Target": {"Id": target.id, "Port": target.port}, "HealthCheckPort": port, "TargetHealth": health}


def _not_registered(target_id: str, port: int) -> dict[str, Any]:
    reason = "Target.NotRegistered"
    health = {"State": "unused", "Reason": reason, "Description": DESCRIPTIONS[reason]}
    return {"Target": {"Id": target_id, "Port": port}, "TargetHealth": health}
