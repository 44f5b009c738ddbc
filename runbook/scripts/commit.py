"""The point of no return: the last look at which putting the instance back costs nothing."""

import json
import time
from typing import Any

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})


def handler(event: Any, _context: Any) -> dict[str, str]:
  elb, db = boto3.client("elbv2", config=RETRIES), boto3.client("dynamodb", config=RETRIES)
  now, refusal = str(int(time.time())), ""
  for entry in json.loads(event["Registrations"]):
    arn = entry["Arn"]
    holders = read(db, event, f"TG#{arn}").get("Holders", {}).get("SS", [])
    health = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    own = [d for d in health if d["Target"]["Id"] == event["InstanceId"]]
    if any(d["TargetHealth"]["State"] != "draining" for d in own):
      raise RuntimeError(f"CHANGED_BY_OTHER: It is registered again in {arn}.")
    refusal = refusal or below({**entry, "Holders": holders}, health, event["InstanceId"])
  if refusal := refusal or stopped(db, event) or fence(db, event, now):
    return {"Outcome": "deferred", "Sentence": refusal, "CommittedAt": now}
  return {"Outcome": "continue", "Sentence": "Out of rotation, and every floor holds.", "CommittedAt": now}


def typed(**values: str) -> dict[str, Any]:
  return {name: {"S": value} for name, value in values.items()}


def read(db: Any, event: Any, key: str) -> dict[str, Any]:
  return dict(db.get_item(TableName=event["Table"], Key=typed(Id=key), ConsistentRead=True).get("Item", {}))


def stopped(db: Any, event: Any, wait: int = 0) -> str:
  """Why nobody of this roll may go on now; nothing if all may."""
  if halted := read(db, event, f"ROLL#{event['Roll']}").get("Halted"):
    return f"ROLL_HALTED: This roll was stopped: {halted['S']}."
  if read(db, event, "PAUSE"):
    return "PAUSED: Somebody paused all rolls."
  late = 0 < int(event["CommitBefore"]) < time.time() + wait
  return "WINDOW_CLOSING: It might not be back before the window ends." if late else ""


def fence(db: Any, event: Any, now: str) -> str:
  """DRAINED -> INSTALLING, while the record is this execution's and nobody stopped it."""
  table, free = {"TableName": event["Table"]}, "attribute_not_exists"
  update = {**table, "Key": typed(Id=f"INSTANCE#{event['InstanceId']}")}
  update["UpdateExpression"] = "SET LeaseState = :next, CommittedAt = :now"
  update["ConditionExpression"] = f"LeaseOwner = :me AND LeaseState = :old AND {free}(Abandoned)"
  values = typed(me=event["ExecutionId"], now=now, old="DRAINED", next="INSTALLING")
  update["ExpressionAttributeValues"] = {f":{key}": value for key, value in values.items()}
  roll = {**table, "Key": typed(Id=f"ROLL#{event['Roll']}"), "ConditionExpression": f"{free}(Halted)"}
  pause = {**table, "Key": typed(Id="PAUSE"), "ConditionExpression": f"{free}(Id)"}
  try:
    db.transact_write_items(TransactItems=[{"ConditionCheck": roll}, {"ConditionCheck": pause}, {"Update": update}])
  except db.exceptions.TransactionCanceledException as error:
    if why := stopped(db, event):
      return why
    if "ConditionalCheckFailed" in str(error):
      raise RuntimeError("LEASE_LOST: The record is not this execution's any more.") from None
    time.sleep(1)  # a transaction conflict
    return fence(db, event, now)
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
      return f"FLOOR: {count} healthy targets left in {entry['Arn']} (scope {scope}), floor {floor}."
  return ""
