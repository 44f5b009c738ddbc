"""The point of no return: the last look at which putting the instance back costs nothing."""

import json
import time
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})


def handler(event: Any, _context: Any) -> dict[str, str]:
  elb, db = boto3.client("elbv2", config=RETRIES), boto3.client("dynamodb", config=RETRIES)
  now = str(int(time.time()))
  for entry in json.loads(event["Registrations"]):
    arn = entry["Arn"]
    holders = read(db, event, f"TG#{arn}").get("Holders", {}).get("SS", [])
    health = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    own = [d for d in health if d["Target"]["Id"] == event["InstanceId"]]
    if any(d["TargetHealth"]["State"] != "draining" for d in own):
      raise RuntimeError(f"CHANGED_BY_OTHER: It is registered again in {arn}.")
    if short := below({**entry, "Holders": holders}, health, event["InstanceId"]):
      return {"Outcome": "deferred", "Sentence": f"FLOOR: {short}", "CommittedAt": now}
  if refusal := stopped(db, event) or fence(db, event, now):
    return {"Outcome": "deferred", "Sentence": refusal, "CommittedAt": now}
  return {"Outcome": "continue", "Sentence": "Out of rotation, and every floor holds.", "CommittedAt": now}


def typed(**values: str) -> dict[str, Any]:
  return {name: {"S": value} for name, value in values.items()}


def read(db: Any, event: Any, key: str) -> dict[str, Any]:
  return dict(db.get_item(TableName=event["Table"], Key=typed(Id=key), ConsistentRead=True).get("Item", {}))


def stopped(db: Any, event: Any, wait: int = 0) -> str:
  """Why nobody of this roll may go on now; nothing if all may."""
  if "Halted" in read(db, event, f"ROLL#{event['Roll']}"):
    return "ROLL_HALTED: An instance of this roll failed."
  if read(db, event, "PAUSE"):
    return "PAUSED: Somebody paused all rolls."
  late = 0 < int(event["CommitBefore"]) < time.time() + wait
  return "WINDOW_CLOSING: It might not be back before the window ends." if late else ""


def fence(db: Any, event: Any, now: str) -> str:
  """DRAINED -> INSTALLING, only while the record is this execution's and the roll goes on."""
  table, roll = {"TableName": event["Table"]}, f"ROLL#{event['Roll']}"
  values = {f":{key}": value for key, value in typed(me=event["ExecutionId"], now=now).items()}
  states = {f":{state.lower()}": {"S": state} for state in ("DRAINED", "INSTALLING")}
  update = {**table, "Key": typed(Id=f"INSTANCE#{event['InstanceId']}")}
  update["UpdateExpression"] = "SET LeaseState = :installing, CommittedAt = :now"
  update["ConditionExpression"] = "LeaseOwner = :me AND LeaseState = :drained AND attribute_not_exists(Abandoned)"
  update["ExpressionAttributeValues"] = {**values, **states}
  check = {**table, "Key": typed(Id=roll), "ConditionExpression": "attribute_not_exists(Halted)"}
  try:
    db.transact_write_items(TransactItems=[{"ConditionCheck": check}, {"Update": update}])
  except ClientError as error:
    if error.response["Error"]["Code"] != "TransactionCanceledException":
      raise
    if why := stopped(db, event):
      return why
    raise RuntimeError("LEASE_LOST: The record is not this execution's any more.") from None
  return ""


def serves(d: Any) -> bool:
  shifted = d.get("AdministrativeOverride", {}).get("State") == "zonal_shift_active"
  return d["TargetHealth"]["State"] == "healthy" and not shifted


def below(entry: Any, health: Any, name: str) -> str:
  """The first scope below its floor without this instance and the others with a lease."""
  out = {name, *(holder.split()[0] for holder in entry["Holders"])}
  left = [d["Target"]["Id"] for d in health if d["Target"]["Id"] not in out and serves(d)]
  for scope, floor in entry["Floor"].items():
    count = sum(scope in ("*", entry["Zones"].get(target, "unknown")) for target in left)
    if count < floor:
      return f"{count} healthy targets left in {entry['Arn']} (scope {scope}), floor {floor}."
  return ""
