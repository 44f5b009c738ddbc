"""Can every target group spare this instance? Fixes the record that Detach and Restore work with."""

import json
import math
import time
from typing import Any, TypedDict

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
WAIT_SECONDS = 300
LOOK_SECONDS = 15
DELAY_MARGIN = 5
NETWORK_PROPAGATION = 120  # a Network Load Balancer goes on sending for two minutes, whatever the delay


class Event(TypedDict):
    InstanceId: str
    Registrations: str
    MinHealthyCount: str
    MinHealthyPercent: str
    PropagationSeconds: int


def verdict(outcome: str, code: str, sentence: str, record: Any = (), wait: int = 0) -> dict[str, str]:
    found = {"Registrations": json.dumps(list(record), separators=(",", ":")), "WaitSeconds": str(wait)}
    return {"Outcome": outcome, "Code": code, "Sentence": sentence, **found}


def handler(event: Event, _context: Any) -> dict[str, str]:
    elb, ec2 = boto3.client("elbv2", config=RETRIES), boto3.client("ec2", config=RETRIES)
    groups = json.loads(event["Registrations"])
    for group in groups:
        pairs = elb.describe_target_group_attributes(TargetGroupArn=group["TargetGroupArn"])["Attributes"]
        group["Attributes"] = {pair["Key"]: pair["Value"] for pair in pairs}
    end = time.time() + WAIT_SECONDS
    while True:
        record, short = [], ""
        for group in groups:
            arn = group["TargetGroupArn"]
            health = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
            own = [d for d in health if d["Target"]["Id"] == event["InstanceId"]]
            if [d["Target"] for d in own if d["TargetHealth"]["State"] != "draining"] != group["Targets"]:
                return verdict("deferred", "REGISTRATION_CHANGED", f"Somebody else changes its registration in {arn}.")
            entry = lease(event, group, health, zones_of(ec2, health) if per_zone(group) else {})
            short = short or below(entry, health, event["InstanceId"])
            record.append(entry)
        if not short:
            wait = max((wait_for(group, int(event["PropagationSeconds"])) for group in groups), default=0)
            return verdict("continue", "OK", f"{len(record)} target groups can spare it.", record, wait)
        if time.time() >= end:
            return verdict("deferred", "FLOOR", short)
        time.sleep(LOOK_SECONDS)


def lease(event: Event, group: dict[str, Any], health: list[Any], zones: dict[str, str]) -> dict[str, Any]:
    """One group's record: the targets, those to be healthy again, the floor by scope ("*": the group, or a zone)."""
    own = [d for d in health if d["Target"]["Id"] == event["InstanceId"]]
    floor: dict[str, int] = {}
    if any(serves(d) for d in own):
        scopes = ["*"] * len(health) + [zones.get(d["Target"]["Id"], "unknown") for d in health if zones]
        floor = {scope: floor_of(event, group["Attributes"], scopes.count(scope)) for scope in dict.fromkeys(scopes)}
    elif any(d["TargetHealth"]["State"] != "unused" for d in own):
        floor = {"*": 1}  # costs no capacity; but a group without a healthy target sends to all of them
    healthy = [d["Target"] for d in own if d["TargetHealth"]["State"] == "healthy"]
    found = {"Targets": group["Targets"], "Healthy": healthy, "Floor": floor, "Zones": zones}
    return {"TargetGroupArn": group["TargetGroupArn"], **found}


def floor_of(event: Event, attributes: dict[str, str], registered: int) -> int:
    counts, percents = [int(event["MinHealthyCount"])], [int(event["MinHealthyPercent"])]
    for what in ("dns_failover", "unhealthy_state_routing"):
        key = f"target_group_health.{what}.minimum_healthy_targets"
        counts += [int(value) for value in [attributes.get(f"{key}.count", "off")] if value != "off"]
        percents += [int(value) for value in [attributes.get(f"{key}.percentage", "off")] if value != "off"]
    return max(*counts, math.ceil(max(percents) * registered / 100))


def per_zone(group: dict[str, Any]) -> bool:
    """An Application Load Balancer balances across zones unless the group says no, others only if it says yes."""
    value = group["Attributes"].get("load_balancing.cross_zone.enabled")
    return bool(value == "false" or (value != "true" and group["Protocol"] not in ("HTTP", "HTTPS")))


def wait_for(group: dict[str, Any], propagation: int) -> int:
    least = propagation if group["Protocol"] in ("HTTP", "HTTPS") else max(propagation, NETWORK_PROPAGATION)
    return max(least, int(group["Attributes"]["deregistration_delay.timeout_seconds"]) + DELAY_MARGIN)


def zones_of(ec2: Any, health: list[Any]) -> dict[str, str]:
    """Zones come from EC2: DescribeTargetHealth does not name them for targets of type instance."""
    ids, found = sorted({d["Target"]["Id"] for d in health}), {}
    for at in range(0, len(ids), 200):
        wanted = [{"Name": "instance-id", "Values": ids[at : at + 200]}]
        for page in ec2.get_paginator("describe_instances").paginate(Filters=wanted):
            for instance in (i for r in page["Reservations"] for i in r["Instances"]):
                found[instance["InstanceId"]] = instance["Placement"]["AvailabilityZone"]
    return found


def serves(d: dict[str, Any]) -> bool:
    shifted = d.get("AdministrativeOverride", {}).get("State") == "zonal_shift_active"
    return d["TargetHealth"]["State"] == "healthy" and not shifted


def below(entry: dict[str, Any], health: list[Any], name: str) -> str:
    """The first scope that falls below its floor without this instance, as a sentence; empty if none does."""
    left = [d["Target"]["Id"] for d in health if d["Target"]["Id"] != name and serves(d)]
    for scope, floor in entry["Floor"].items():
        count = sum(scope in ("*", entry["Zones"].get(target, "unknown")) for target in left)
        if count < floor:
            return f"{count} healthy targets left in {entry['TargetGroupArn']} (scope {scope}), floor {floor}."
    return ""
