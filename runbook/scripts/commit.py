"""The point of no return: the last look at which putting the instance back costs nothing."""

import json
import time
from typing import Any, TypedDict

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})


class Event(TypedDict):
    InstanceId: str
    Registrations: str


def verdict(outcome: str, code: str, sentence: str) -> dict[str, str]:
    return {"Outcome": outcome, "Code": code, "Sentence": sentence, "CommittedAt": str(int(time.time()))}


def handler(event: Event, _context: Any) -> dict[str, str]:
    elb = boto3.client("elbv2", config=RETRIES)
    for entry in json.loads(event["Registrations"]):
        arn = entry["TargetGroupArn"]
        health = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        own = [d for d in health if d["Target"]["Id"] == event["InstanceId"]]
        if any(d["TargetHealth"]["State"] != "draining" for d in own):
            raise RuntimeError(f"CHANGED_BY_OTHER: Somebody registered it in {arn} while it was draining.")
        if short := below(entry, health, event["InstanceId"]):
            return verdict("deferred", "FLOOR", short)
    return verdict("continue", "OK", "Out of rotation, and every floor holds.")


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
