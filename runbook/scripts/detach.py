"""Deregisters exactly the recorded targets, unless somebody else was faster: then they are not ours to put back."""

import json
import time
from typing import Any

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})


def handler(event: Any, _context: Any) -> dict[str, str]:
  elb = boto3.client("elbv2", config=RETRIES)
  groups = [group for group in json.loads(event["Registrations"]) if group["Targets"]]
  for group in groups:
    health = elb.describe_target_health(TargetGroupArn=group["Arn"])["TargetHealthDescriptions"]
    there = [d["Target"] for d in health if d["TargetHealth"]["State"] != "draining"]
    if any(target not in there for target in group["Targets"]):
      raise RuntimeError(f"CHANGED_BY_OTHER: Somebody else has taken it out of {group['Arn']}.")
  mark(event, "DETACHING")
  for group in groups:
    elb.deregister_targets(TargetGroupArn=group["Arn"], Targets=group["Targets"])
  return {"DetachedAt": str(int(time.time()) + 1)}


def mark(event: Any, state: str) -> None:
  """Refused once the record is not its own any more."""
  key, me, new = {"S": f"INSTANCE#{event['InstanceId']}"}, {"S": event["ExecutionId"]}, {"S": state}
  boto3.client("dynamodb", config=RETRIES).update_item(
    TableName=event["Table"],
    Key={"Id": key},
    UpdateExpression="SET LeaseState = :new",
    ConditionExpression="LeaseOwner = :me AND attribute_not_exists(Abandoned)",
    ExpressionAttributeValues={":me": me, ":new": new},
  )
