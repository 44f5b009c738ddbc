"""Within two minutes: gives the record up and starts the restore runbook, which has hours."""

import json
from contextlib import suppress
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
FOUND = {"LEASED": ("CANCELLED_UNTOUCHED", "untouched"), "HEALING": ("CANCELLED_RETURNED", "registered")}


def handler(event: Any, _context: Any) -> dict[str, str]:
  db, name, me = boto3.client("dynamodb", config=RETRIES), f"INSTANCE#{event['InstanceId']}", event["ExecutionId"]
  key = {"S": name}
  item = db.get_item(TableName=event["Table"], Key={"Id": key}, ConsistentRead=True).get("Item", {})
  record = {name: value.get("S") for name, value in item.items()}
  code, rotation, sentence = "CANCELLED_UNTOUCHED", "untouched", "It held no lease."
  if record.get("PatchedBy") == me:
    code, rotation = FOUND.get(record["LeaseState"], ("CANCELLED_LEFT_OUT", "out"))
    with suppress(ClientError):  # the restore runbook has taken it over, or will once this execution is over
      write(db, event, name, "SET Abandoned = :me", ConditionExpression="LeaseOwner = :me")
    where = ", ".join(group["Arn"] for group in json.loads(record["Record"]) if group["Targets"])
    sentence = f"{recover(event)} It belongs to {where or 'no target group'}."
  write(db, event, f"ROLL#{event['WindowExecutionId'] or me}", "SET Halted = if_not_exists(Halted, :me)")
  result = {"Outcome": "failed", "Code": code, "Sentence": f"Cancelled. {sentence}", "Rotation": rotation}
  known = {name: value for name, value in event.items() if name not in ("Table", "RestoreDocument")}
  entry = {"Source": "alb-patching", "DetailType": "ALB Patching Instance Outcome"}
  detail = json.dumps({**known, **result})
  boto3.client("events", config=RETRIES).put_events(Entries=[{**entry, "Detail": detail}])
  return result


def write(db: Any, event: Any, name: str, change: str, **more: str) -> None:
  key, me = {"S": name}, {"S": event["ExecutionId"]}
  values, table = {":me": me}, event["Table"]
  db.update_item(TableName=table, Key={"Id": key}, UpdateExpression=change, ExpressionAttributeValues=values, **more)


def recover(event: Any) -> str:
  name, given = event["RestoreDocument"], {"InstanceId": [event["InstanceId"]]}
  try:
    answer = boto3.client("ssm", config=RETRIES).start_automation_execution(
      DocumentName=name, ClientToken=event["ExecutionId"], Parameters=given
    )
  except ClientError as error:
    return f"{name} did not start: {error}."
  return f"Execution {answer['AutomationExecutionId']} of {name} sees to it."
