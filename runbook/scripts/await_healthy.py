"""Waits until the instance serves again wherever it served before: several healthy looks in a row."""

import json
import time
from typing import Any, TypedDict

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
ATTEMPT_SECONDS = 540  # a script may run for 600 s; the step's next attempt counts anew
SETTLE_SECONDS = 60  # a registration may be shown late


class NotYet(Exception):
    """Not an error: the wait goes on in the step's next attempt."""


class Event(TypedDict):
    Registrations: str
    RestoredAt: str
    ConsecutiveLooks: int
    IntervalSeconds: int
    TimeoutSeconds: int


def handler(event: Event, _context: Any) -> None:
    elb = boto3.client("elbv2", config=RETRIES)
    groups = json.loads(event["Registrations"])
    needed, interval = int(event["ConsecutiveLooks"]), int(event["IntervalSeconds"])
    stop, since, streak = time.time() + ATTEMPT_SECONDS, int(event["RestoredAt"]), 0
    while any(group["Healthy"] for group in groups):
        states = {state for group in groups for state in states_of(elb, group)}
        streak = streak + 1 if states == {"healthy"} else 0
        if streak >= needed:
            return
        now = time.time()
        if now >= since + SETTLE_SECONDS and states & {"absent", "draining"}:
            raise RuntimeError("CHANGED_BY_OTHER: Somebody deregistered it before it was healthy again.")
        if now >= since + int(event["TimeoutSeconds"]):
            raise RuntimeError(f"NOT_HEALTHY: {now - since:.0f} s after its registration it is {sorted(states)}.")
        if now + (needed - streak) * interval >= stop:
            raise NotYet(f"{streak} of {needed} looks, {sorted(states)}")
        time.sleep(interval)


def states_of(elb: Any, group: dict[str, Any]) -> list[str]:
    health = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
    now = {(d["Target"]["Id"], d["Target"]["Port"]): d["TargetHealth"]["State"] for d in health}
    return [now.get((target["Id"], target["Port"]), "absent") for target in group["Healthy"]]
