"""Waits until the instance serves again wherever it served before: several healthy looks in a row."""

import json
import time
from typing import Any

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
ATTEMPT_SECONDS = 540  # a script may run for 600; then the next attempt goes on
SETTLE_SECONDS = 60  # a registration may be shown late


def handler(event: Any, _context: Any) -> None:
  elb = boto3.client("elbv2", config=RETRIES)
  groups, needed = json.loads(event["Registrations"]), int(event["ConsecutiveLooks"])
  interval, stop, streak = int(event["IntervalSeconds"]), time.time() + ATTEMPT_SECONDS, 0
  while states := {state for group in groups for state in states_of(elb, group)}:
    streak = streak + 1 if states == {"healthy"} else 0
    if streak >= needed:
      return
    now = time.time()
    age = now - int(event["RestoredAt"])
    if age >= SETTLE_SECONDS and states & {"absent", "draining"}:
      raise RuntimeError("CHANGED_BY_OTHER: Somebody deregistered it before it was healthy again.")
    if age >= int(event["TimeoutSeconds"]):
      raise RuntimeError(f"NOT_HEALTHY: {age:.0f} s after its registration it is {sorted(states)}.")
    if now + (needed - streak) * interval >= stop:
      raise TimeoutError(f"{streak} of {needed} looks, {sorted(states)}")
    time.sleep(interval)


def states_of(elb: Any, group: Any) -> list[str]:
  health = elb.describe_target_health(TargetGroupArn=group["Arn"])["TargetHealthDescriptions"]
  states = [d["TargetHealth"]["State"] for d in health if d["Target"] in group["Healthy"]]
  return states + ["absent"] * (len(group["Healthy"]) - len(states))
