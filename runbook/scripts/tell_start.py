"""Says that a roll began: for whom, until when, and whether a pause holds everybody back. Once for each roll."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})


def handler(event: Any, _context: Any) -> dict[str, str]:
  db, roll = boto3.client("dynamodb", config=RETRIES), event["ExecutionId"]
  opening = boto3.client("ssm", config=RETRIES).get_maintenance_window_execution(WindowExecutionId=roll)
  if not first(db, event):
    return {"Told": "no: it was told before"}
  began = opening["StartTime"].astimezone(UTC)
  closes = began + timedelta(seconds=event["WindowSeconds"])
  last = closes - timedelta(seconds=event["CutoffSeconds"])
  lines = [
    f"The window of {event['Name']} opened at {shown(began)}. Fleets: {', '.join(event['Fleets'])}.",
    f"Nothing new is started after {shown(last)}; the window closes at {shown(closes)}.",
    *paused(db, event["Table"]),
    "",
    "Follow it: albpatch watch. Let it take out nobody else: albpatch stop.",
    f"Roll {roll}",
  ]
  subject = f"{event['Name']}: patching began"
  boto3.client("sns", config=RETRIES).publish(TopicArn=event["Topic"], Subject=subject, Message="\n".join(lines))
  return {"Told": "yes"}


def first(db: Any, event: Any) -> bool:
  """Whether nobody has told it yet: an event may come twice."""
  roll, now = {"S": f"ROLL#{event['ExecutionId']}"}, {"S": str(int(time.time()))}
  try:
    db.update_item(
      TableName=event["Table"],
      Key={"Id": roll},
      UpdateExpression="SET ToldStart = :now",
      ConditionExpression="attribute_not_exists(ToldStart)",
      ExpressionAttributeValues={":now": now},
    )
  except ClientError as error:
    if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
      raise
    return False
  return True


def paused(db: Any, table: str) -> list[str]:
  pause = {"S": "PAUSE"}
  item = db.get_item(TableName=table, Key={"Id": pause}, ConsistentRead=True).get("Item", {})
  if not item:
    return []
  reason = item.get("Reason", {}).get("S", "")
  return [f"ALL ROLLS ARE PAUSED{': ' if reason else ''}{reason}. Nobody will be taken out until the pause is ended."]


def shown(moment: datetime) -> str:
  return f"{moment:%Y-%m-%d %H:%M} UTC"
