"""Can every target group spare this instance? Fixes the record that Detach and Restore work with."""

import json
import math
import time
from typing import Any

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
WAIT_SECONDS = 300
LOOK_SECONDS = 15
DELAY_MARGIN = 5
NETWORK_PROPAGATION = 120  # a Network Load Balancer goes on sending for two minutes, whatever the delay


def verdict(outcome: str, sentence: str, record: list[Any], wait: int = 0) -> dict[str, str]:
    found = {"Registrations": json.dumps(record), "WaitSeconds": str(wait)}
    return {"Outcome": outcome, "Sentence": sentence, **found}


def handler(event: dict[str, Any], _context: Any) -> dict[str, str]:
    elb, ec2 = boto3.client("elbv2", config=RETRIES), boto3.client("ec2", config=RETRIES)
    groups, end = json.loads(event["Registrations"]), time.time() + WAIT_SECONDS
    for group in groups:
        pairs = elb.describe_target_group_attributes(TargetGroupArn=group["Arn"])["Attributes"]
        group["Attributes"] = {pair["Key"]: pair["Value"] for pair in pairs}
    while True:
        record, short = [], ""
        for group in groups:
            arn = group["Arn"]
            health = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
            own = [d for d in health if d["Target"]["Id"] == event["InstanceId"]]
            ports = sorted(d["Target"]["Port"] for d in own if d["TargetHealth"]["State"] != "draining")
            if ports != sorted(target["Port"] for target in group["Targets"]):
                return verdict("deferred", f"REGISTRATION_CHANGED: Somebody else changes it in {arn}.", [])
            zones = zones_of(ec2, health) if per_zone(group) else {}
            healthy = [d["Target"] for d in own if d["TargetHealth"]["State"] == "healthy"]
            entry = {"Arn": arn, "Targets": group["Targets"], "Healthy": healthy, "Zones": zones}
            entry["Floor"] = floors(event, group["Attributes"], health, zones)
            short = short or below(entry, health, event["InstanceId"])
            record.append(entry)
        if not short:
            waits = [wait_for(group, int(event["PropagationSeconds"])) for group in groups if group["Targets"]]
            return verdict("continue", f"{len(waits)} target groups can spare it.", record, max(waits, default=0))
        if time.time() >= end:
            return verdict("deferred", f"FLOOR: {short}", [])
        time.sleep(LOOK_SECONDS)


def floors(
    event: dict[str, Any], attributes: dict[str, str], health: list[Any], zones: dict[str, str]
) -> dict[str, int]:
    """The floor by scope: "*" is the whole group, the others are zones."""
    own = [d for d in health if d["Target"]["Id"] == event["InstanceId"]]
    if not any(serves(d) for d in own):
        # It costs no capacity, but a group in use without a healthy target sends to all of them.
        return {"*": 1} if any(d["TargetHealth"]["State"] != "unused" for d in own) else {}
    counts, percents = [int(event["MinHealthyCount"])], [int(event["MinHealthyPercent"])]
    for what in ("dns_failover", "unhealthy_state_routing"):
        for unit, limits in (("count", counts), ("percentage", percents)):
            value = attributes.get(f"target_group_health.{what}.minimum_healthy_targets.{unit}", "off")
            limits.append(0 if value in ("off", "1") else int(value))  # 1 is ELB's default, nobody's wish
    scopes = ["*"] * len(health) + [zones.get(d["Target"]["Id"], "unknown") for d in health if zones]
    return {s: max(*counts, math.ceil(max(percents) * scopes.count(s) / 100)) for s in dict.fromkeys(scopes)}


def per_zone(group: dict[str, Any]) -> bool:
    """Application Load Balancers balance across zones unless the group says no, others only if it says yes."""
    value = group["Attributes"].get("load_balancing.cross_zone.enabled")
    return value == "false" or (value != "true" and group["Protocol"] not in ("HTTP", "HTTPS"))


def wait_for(group: dict[str, Any], propagation: int) -> int:
    least = propagation if group["Protocol"] in ("HTTP", "HTTPS") else max(propagation, NETWORK_PROPAGATION)
    return max(least, int(group["Attributes"].get("deregistration_delay.timeout_seconds", "300")) + DELAY_MARGIN)


def zones_of(ec2: Any, health: list[Any]) -> dict[str, str]:
    """From EC2: DescribeTargetHealth does not name the zones of instances."""
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
    """The first scope that is below its floor without this instance; empty if none is."""
    left = [d["Target"]["Id"] for d in health if d["Target"]["Id"] != name and serves(d)]
    for scope, floor in entry["Floor"].items():
        count = sum(scope in ("*", entry["Zones"].get(target, "unknown")) for target in left)
        if count < floor:
            return f"{count} healthy targets left in {entry['Arn']} (scope {scope}), floor {floor}."
    return ""
