"""Deregisters exactly the recorded targets and makes sure that the load balancer has understood."""

import json
import time
from typing import Any, TypedDict

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
SEEN_WITHIN = 60  # seconds until every target must be shown as draining or gone


class Event(TypedDict):
    Registrations: str


def handler(event: Event, _context: Any) -> dict[str, str]:
    elb = boto3.client("elbv2", config=RETRIES)
    groups = json.loads(event["Registrations"])
    for group in groups:
        elb.deregister_targets(TargetGroupArn=group["TargetGroupArn"], Targets=group["Targets"])
    detached = time.time()
    # DeregisterTargets answers success for a target that it does not know, so look.
    while staying := [group["TargetGroupArn"] for group in groups if registered(elb, group)]:
        if time.time() >= detached + SEEN_WITHIN:
            raise RuntimeError(f"DETACH_FAILED: Still registered after DeregisterTargets in {', '.join(staying)}.")
        time.sleep(5)
    return {"DetachedAt": str(int(detached) + 1)}


def registered(elb: Any, group: dict[str, Any]) -> list[int]:
    """The recorded ports that are neither draining nor absent."""
    health = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
    there = [d["Target"] for d in health if d["TargetHealth"]["State"] != "draining"]
    return [target["Port"] for target in group["Targets"] if target in there]
