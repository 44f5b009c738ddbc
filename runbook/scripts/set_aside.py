"""Leaves the instance where it stands, on purpose: marks its record so that only a person ends that, or deletes it."""

import json
from typing import Any

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
MINE = "LeaseOwner = :me"


def handler(event: Any, _context: Any) -> None:
  db, name, table = boto3.client("dynamodb", config=RETRIES), event["InstanceId"], event["Table"]
  item, me, yes = {"S": f"INSTANCE#{name}"}, {"S": event["ExecutionId"]}, {"S": "true"}
  if event["Action"] == "keep-out":
    db.update_item(
      TableName=table,
      Key={"Id": item},
      UpdateExpression="SET KeptOut = :yes",
      ConditionExpression=MINE,
      ExpressionAttributeValues={":me": me, ":yes": yes},
    )
    return
  values = {":me": me}
  delete = {"TableName": table, "Key": {"Id": item}, "ConditionExpression": MINE, "ExpressionAttributeValues": values}
  items: list[Any] = [{"Delete": delete}]
  for group in json.loads(event["Registrations"]):
    if group["Targets"]:
      key, mine = {"S": f"TG#{group['Arn']}"}, {"SS": [f"{name} {len(group['Targets'])}"]}
      update = {"TableName": table, "Key": {"Id": key}, "UpdateExpression": "DELETE Holders :mine"}
      update["ExpressionAttributeValues"] = {":mine": mine}
      items.append({"Update": update})
  db.transact_write_items(TransactItems=items)
