"""How long may the drain take, and what does each target group itself ask for? Changes nothing."""

import json
from typing import Any

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
DELAY_MARGIN = 5
NETWORK_PROPAGATION = 120  # a Network Load Balancer goes on sending for two minutes, whatever the delay


def handler(event: Any, _context: Any) -> dict[str, str]:
  elb, planned = boto3.client("elbv2", config=RETRIES), []
  for group in json.loads(event["Registrations"]):
    pairs = elb.describe_target_group_attributes(TargetGroupArn=group["Arn"])["Attributes"]
    attributes = {pair["Key"]: pair["Value"] for pair in pairs}
    wait = wait_for(group, attributes, int(event["PropagationSeconds"])) if group["Targets"] else 0
    entry = {"Arn": group["Arn"], "Targets": group["Targets"], "Wait": wait, "PerZone": per_zone(group, attributes)}
    planned.append({**entry, **minima(attributes)})
  longest = max((entry["Wait"] for entry in planned), default=0)
  sentence = f"The drain takes at most {longest} s."
  return {"Outcome": "continue", "Sentence": sentence, "Registrations": json.dumps(planned)}


def wait_for(group: Any, attributes: dict[str, str], propagation: int) -> int:
  least = propagation if group["Protocol"] in ("HTTP", "HTTPS") else max(propagation, NETWORK_PROPAGATION)
  return max(least, int(attributes.get("deregistration_delay.timeout_seconds", "300")) + DELAY_MARGIN)


def per_zone(group: Any, attributes: dict[str, str]) -> bool:
  """Application Load Balancers balance across zones unless the group says no, others only if it says yes."""
  value = attributes.get("load_balancing.cross_zone.enabled")
  return value == "false" or (value != "true" and group["Protocol"] not in ("HTTP", "HTTPS"))


def minima(attributes: dict[str, str]) -> dict[str, int]:
  """What the load balancer itself would react to; 1 is its default, nobody's wish."""
  found = {}
  for unit in ("count", "percentage"):
    names = [
      f"target_group_health.{what}.minimum_healthy_targets.{unit}"
      for what in ("dns_failover", "unhealthy_state_routing")
    ]
    values = [attributes.get(name, "off") for name in names]
    found[unit.title()] = max(0 if value in ("off", "1") else int(value) for value in values)
  return found
