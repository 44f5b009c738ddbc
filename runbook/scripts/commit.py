"""The point of no return: the last look at which putting the instance back costs nothing."""

import json
import time
from typing import Any

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})


def handler(event: dict[str, Any], _context: Any) -> dict[str, str]:
    elb, now = boto3.client("elbv2", config=RETRIES), str(int(time.time()))
    for entry in json.loads(event["Registrations"]):
        arn = entry["Arn"]
        health = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        own = [d for d in health if d["Target"]["Id"] == event["InstanceId"]]
        if any(d["TargetHealth"]["State"] != "draining" for d in own):
            raise RuntimeError(f"CHANGED_BY_OTHER: It is registered again in {arn}.")
        if short := below(entry, health, event["InstanceId"]):
            return {"Outcome": "deferred", "Sentence": f"FLOOR: {short}", "CommittedAt": now}
    return {"Outcome": "continue", "Sentence": "Out of rotation, and every floor holds.", "CommittedAt": now}


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
