"""Waits until the load balancer has stopped sending and requests in flight are over: never less than the delay."""

import json
import time
from typing import Any, TypedDict

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
ATTEMPT_SECONDS = 540  # a script may run for 600 s; the step's next attempt goes on
LOOK_SECONDS = 15


class NotYet(Exception):
    """Not an error: the wait goes on in the step's next attempt."""


class Event(TypedDict):
    Registrations: str
    DetachedAt: str
    WaitSeconds: str


def handler(event: Event, _context: Any) -> None:
    elb = boto3.client("elbv2", config=RETRIES)
    groups = json.loads(event["Registrations"])
    deadline, stop = int(event["DetachedAt"]) + int(event["WaitSeconds"]), time.time() + ATTEMPT_SECONDS
    while (now := time.time()) < deadline:
        for group in groups:
            if ports := registered(elb, group):
                where = f"ports {ports} in {group['TargetGroupArn']}"
                raise RuntimeError(f"CHANGED_BY_OTHER: Somebody registered {where} while it was draining.")
        if now >= stop:
            raise NotYet(f"{deadline - now:.0f} s to go")
        time.sleep(min(LOOK_SECONDS, deadline - now))


def registered(elb: Any, group: dict[str, Any]) -> list[int]:
    """The recorded ports that are neither draining nor absent."""
    health = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
    there = [d["Target"] for d in health if d["TargetHealth"]["State"] != "draining"]
    return [target["Port"] for target in group["Targets"] if target in there]
