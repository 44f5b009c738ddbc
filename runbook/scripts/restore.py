"""Registers exactly the recorded targets that are absent or draining. Safe to repeat; leaves every other alone."""

import json
import time
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})


def handler(event: Any, _context: Any) -> dict[str, str]:
  elb = boto3.client("elbv2", config=RETRIES)
  problems = []
  mark(event, "RESTORING")
  for group in json.loads(event["Registrations"]):
    try:  # one that refuses must not keep the others waiting
      put_back(elb, group)
    except ClientError as error:
      problems.append(f"{group['Arn']}: {error}")
  if problems:
    raise RuntimeError(f"RESTORE_FAILED: {'; '.join(problems)}")
  mark(event, "HEALING")
  return {"RestoredAt": str(int(time.time()))}


def put_back(elb: Any, group: Any) -> None:
  arn = group["Arn"]
  health = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
  there = [d["Target"] for d in health if d["TargetHealth"]["State"] != "draining"]
  if missing := [target for target in group["Targets"] if target not in there]:
    elb.register_targets(TargetGroupArn=arn, Targets=missing)


def mark(event: Any, state: str) -> None:
  """Written before the act that it names; refused once another execution owns the record."""
  key, me, new = {"S": f"INSTANCE#{event['InstanceId']}"}, {"S": event["ExecutionId"]}, {"S": state}
  boto3.client("dynamodb", config=RETRIES).update_item(
    TableName=event["Table"],
    Key={"Id": key},
    UpdateExpression="SET LeaseState = :new",
    ConditionExpression="LeaseOwner = :me",
    ExpressionAttributeValues={":me": me, ":new": new},
  )
