"""Takes a record over from who is over, gave it up, or started this one. Who is alive keeps it, however long."""

import json
import time
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
OVER = ("Success", "Failed", "TimedOut", "Cancelled", "Rejected", "Exited", "CompletedWithFailure")
OUTPUTS = ("InstanceId", "State", "Registrations", "PutBack", "ClaimedAt", "CommittedAt", "InstallComment", "Parent")
CANCEL_SECONDS = 180  # a cancellation workflow has two minutes
LOOK_SECONDS = 15


def handler(event: Any, _context: Any) -> dict[str, str]:
  if not event["InstanceId"] and not event["ExecutionId"]:
    if event["Action"] != "restore":
      raise RuntimeError("NO_TARGET: Give an InstanceId or an ExecutionId.")
    return nothing("", "sweep")
  ssm, db = boto3.client("ssm", config=RETRIES), boto3.client("dynamodb", config=RETRIES)
  name = event["InstanceId"] or told(ssm, db, event)
  key = {"S": f"INSTANCE#{name}"}
  item = db.get_item(TableName=event["Table"], Key={"Id": key}, ConsistentRead=True).get("Item", {}) if name else {}
  record = {attribute: value.get("S", "") for attribute, value in item.items()}
  if not record:
    return nothing("NO_RECORD: Nothing is open.")
  owner, end = record["LeaseOwner"], time.time() + CANCEL_SECONDS
  if event["ExecutionId"] not in ("", owner):
    return nothing(f"TAKEN_OVER: The record of {name} belongs to {owner}.")
  if "KeptOut" in record and event["ExecutionId"]:  # only a person names the instance alone
    return nothing(f"KEPT_OUT: {name} is kept out on purpose.")
  handed = owner == read(ssm, event["Me"]).get("ParentAutomationExecutionId")
  while not handed and "Abandoned" not in record and (status := status_of(ssm, owner)) not in OVER:
    if status != "Cancelling" or time.time() >= end:
      return nothing(f"OWNER_ALIVE: {owner} is {status} and works on {name}.")
    time.sleep(LOOK_SECONDS)
  if not taken(db, event, key, record):
    return nothing(f"TAKEN_OVER: Somebody else took the record of {name} over.")
  if not handed:
    halt(db, event, record["Roll"], owner)
  found = {**claimed(name, record), "Parent": owner if handed else ""}
  return found if event["Action"] == "restore" else {**found, "Next": "set-aside"}


def nothing(sentence: str, follows: str = "nothing") -> dict[str, str]:
  return {"Next": follows, "Sentence": sentence, **dict.fromkeys(OUTPUTS, "")}


def claimed(name: str, record: dict[str, str]) -> dict[str, str]:
  state, groups, put_back = record["LeaseState"], json.loads(record["Record"]), record["Record"]
  if state == "LEASED":  # nothing was touched: neither health nor absence is our doing
    groups, put_back = [{**group, "Healthy": []} for group in groups], "[]"
  if state == "HEALING":  # all was registered again: who took something out since then had a reason
    put_back = "[]"
  follows = {"LEASED": "release", "HEALING": "heal"}.get(state, "wait")
  found = {"InstanceId": name, "State": state, "Registrations": json.dumps(groups), "PutBack": put_back}
  since = {"ClaimedAt": str(int(time.time())), "CommittedAt": record.get("CommittedAt", "0")}
  comment = f"alb-patching Install {record['PatchedBy']}"
  sentence = f"Left by {record['LeaseOwner']} in state {state}."
  return {"Next": follows, "Sentence": sentence, "InstallComment": comment, **found, **since}


def told(ssm: Any, db: Any, event: Any) -> str:
  """The instance of an execution; empty for the parent of a rate control, and for one that AWS has forgotten.

  It may have died before it had a record, or before it could say that it failed: its roll goes no further either.
  """
  found = read(ssm, event["ExecutionId"])
  given = {name: values[0] for name, values in found.get("Parameters", {}).items() if values}
  status, name = found.get("AutomationExecutionStatus", "Success"), str(given.get("InstanceId", ""))
  if name and status in OVER and status != "Success" and found["DocumentName"] == event["PatchDocument"]:
    halt(db, event, given.get("WindowExecutionId") or event["ExecutionId"], event["ExecutionId"])
  return name


def status_of(ssm: Any, execution: str) -> str:
  return str(read(ssm, execution).get("AutomationExecutionStatus", "Exited"))


def read(ssm: Any, execution: str) -> dict[str, Any]:
  """Empty once AWS has forgotten it: executions are kept for 30 days."""
  try:
    return dict(ssm.get_automation_execution(AutomationExecutionId=execution)["AutomationExecution"])
  except ClientError as error:
    if error.response["Error"]["Code"] != "AutomationExecutionNotFoundException":
      raise
    return {}


def taken(db: Any, event: Any, key: dict[str, str], record: dict[str, str]) -> bool:
  values = {":me": event["Me"], ":old": record["LeaseOwner"], ":token": record["LeaseToken"]}
  values[":next"] = str(int(record["LeaseToken"]) + 1)
  try:
    db.update_item(
      TableName=event["Table"],
      Key={"Id": key},
      UpdateExpression="SET LeaseOwner = :me, LeaseToken = :next REMOVE Abandoned, KeptOut",
      ConditionExpression="LeaseOwner = :old AND LeaseToken = :token",
      ExpressionAttributeValues={name: {"S": value} for name, value in values.items()},
    )
  except ClientError as error:
    if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
      raise
    # It may have been refused because a first try, whose answer was lost, was carried out.
    item = db.get_item(TableName=event["Table"], Key={"Id": key}, ConsistentRead=True).get("Item", {})
    return bool(item.get("LeaseOwner") == {"S": event["Me"]})
  return True


def halt(db: Any, event: Any, roll: str, by: str) -> None:
  """An execution that left its instance behind has failed, whatever it could still say."""
  key, why = {"S": f"ROLL#{roll}"}, {"S": by}
  change = {"UpdateExpression": "SET Halted = if_not_exists(Halted, :why)"}
  try:
    db.update_item(TableName=event["Table"], Key={"Id": key}, ExpressionAttributeValues={":why": why}, **change)
  except db.exceptions.TransactionConflictException:  # with one that looks whether the roll goes on
    time.sleep(1)
    halt(db, event, roll, by)
