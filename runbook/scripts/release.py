"""Gives record and leases back, once the instance is registered exactly as before and still healthy where it was."""

import json
import time
from typing import Any

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})


def handler(event: Any, _context: Any) -> None:
  elb, name, table = boto3.client("elbv2", config=RETRIES), event["InstanceId"], {"TableName": event["Table"]}
  key, me = {"S": f"INSTANCE#{name}"}, {"S": event["ExecutionId"]}
  delete = {**table, "Key": {"Id": key}, "ConditionExpression": "LeaseOwner = :me"}
  delete["ExpressionAttributeValues"] = {":me": me}
  items: list[Any] = [{"Delete": delete}]
  for group in json.loads(event["Registrations"]):
    arn = group["Arn"]
    health = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    own = [d for d in health if d["Target"]["Id"] == name]
    ports = sorted(d["Target"]["Port"] for d in own if d["TargetHealth"]["State"] != "draining")
    if ports != sorted(target["Port"] for target in group["Targets"]):
      raise RuntimeError(f"CHANGED_BY_OTHER: In {arn} it is on ports {ports}, which is not as before.")
    healthy = [d["Target"] for d in own if d["TargetHealth"]["State"] == "healthy"]
    if any(target not in healthy for target in group["Healthy"]):
      raise RuntimeError(f"NOT_HEALTHY: In {arn} it was healthy after its return, and is not any more.")
    if group["Targets"]:
      key, mine = {"S": f"TG#{arn}"}, {"SS": [f"{name} {len(group['Targets'])}"]}
      update = {**table, "Key": {"Id": key}, "UpdateExpression": "DELETE Holders :mine"}
      update["ExpressionAttributeValues"] = {":mine": mine}
      items.append({"Update": update})
  close(boto3.client("dynamodb", config=RETRIES), items)


def close(db: Any, items: Any) -> None:
  try:
    db.transact_write_items(TransactItems=items)
  except db.exceptions.TransactionCanceledException as error:
    if "ConditionalCheckFailed" in str(error):
      raise
    time.sleep(1)  # a conflict with another transaction, which takes or gives a lease of the same group
    close(db, items)
