"""Says how a roll ended: in one word, how many of each outcome, who did not end well and why. Once for each roll."""

import json
import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
RUNNING = ("Pending", "InProgress", "Waiting", "Cancelling", "Scheduled", "RunbookInProgress")
WELL = ("patched", "compliant")
LISTED = 50  # more names than that nobody reads
ADVICE = {
  "done": "Nothing to do.",
  "nothing to do": "Nothing to do.",
  "incomplete": "The next window tries again who was left out; docs/operations.md says what to do about each code.",
  "halted": "Nobody else is taken out. Begin with who failed: albpatch status, then its code in docs/operations.md.",
  "under way": "Follow who is still at work: albpatch watch. Only a failure is told from here on.",
  "skipped": "Nobody was patched. Follow the opening that lasts: albpatch watch.",
}
Turns = dict[str, tuple[str, str, str]]  # instance: fleet, word, why


def handler(event: Any, _context: Any) -> dict[str, str]:
  ssm, turns, halted = boto3.client("ssm", config=RETRIES), Turns(), ""
  opening, outcome = ssm.get_maintenance_window_execution(WindowExecutionId=event["ExecutionId"]), "skipped"
  if opening["Status"] != "SKIPPED_OVERLAPPING":
    turns, halted = turns_of(ssm, event, opening), halted_by(event)
    outcome = judged(turns, halted)
  if not first(event):
    return {"Told": "no: it was told before"}
  numbers = sorted(Counter(word for _, word, _ in turns.values()).items())
  counts = ", ".join(f"{number} {word}" for word, number in numbers) or "nobody had a turn"
  began = opening["StartTime"].astimezone(UTC)
  lines = [
    f"Patching of {event['Name']}: {outcome}. {counts.capitalize()}.",
    f"The window opened at {began:%Y-%m-%d %H:%M} UTC; its status is {opening['Status']}.",
    *([f"The roll was halted: {halted}."] if halted else []),
    *left(turns),
    "",
    ADVICE[outcome],
    f"Roll {event['ExecutionId']}",
  ]
  subject = f"{event['Name']}: patching {outcome}, {counts}"[:99]
  boto3.client("sns", config=RETRIES).publish(TopicArn=event["Topic"], Subject=subject, Message="\n".join(lines))
  return {"Told": "yes"}


def judged(turns: Turns, halted: str) -> str:
  """As albpatch status has it: somebody deferred, skipped or not reached makes it incomplete."""
  words = [word for _, word, _ in turns.values()]
  if "at work" in words:
    return "under way"
  if halted or "failed" in words:
    return "halted"
  if not words or any(word not in WELL for word in words):
    return "incomplete"
  return "done" if "patched" in words else "nothing to do"


def left(turns: Turns) -> list[str]:
  """Who did not end well, failures first."""
  found = sorted((word != "failed", fleet, name, word, why) for name, (fleet, word, why) in turns.items())
  lines = [f"{name} ({fleet}) {word}: {why[:300]}" for _, fleet, name, word, why in found if word not in WELL]
  more = [f"and {len(lines) - LISTED} more: albpatch status"] if len(lines) > LISTED else []
  return ["", *lines[:LISTED], *more] if lines else []


def turns_of(ssm: Any, event: Any, opening: Any) -> Turns:
  """A turn for whoever was meant and whoever had one."""
  fleets, invoked, cut = members(event["Fleets"]), list[Any](), False
  tasks = ssm.get_paginator("describe_maintenance_window_execution_tasks")
  invocations = ssm.get_paginator("describe_maintenance_window_execution_task_invocations")
  for page in tasks.paginate(WindowExecutionId=event["ExecutionId"]):
    for task in page["WindowExecutionTaskIdentities"]:
      if task["TaskArn"].rpartition("/")[2] != event["PatchDocument"]:
        continue
      cut = cut or task["Status"] in ("TIMED_OUT", "CANCELLED")
      which = {"WindowExecutionId": event["ExecutionId"], "TaskId": task["TaskExecutionId"]}
      invoked += [i for p in invocations.paginate(**which) for i in p["WindowExecutionTaskInvocationIdentities"]]
  known = executions(ssm, event["PatchDocument"], opening["StartTime"])
  found = {name: (fleet, "not reached", "nothing was started for it") for name, fleet in fleets.items()}
  for one in invoked:
    name = instance_of(ssm, one)
    found[name] = (fleets.get(name, "no fleet"), *said(one, known.get(one.get("ExecutionId", ""), {})))
  if cut and not all(event["Fleets"].values()):
    found["others"] = ("a resource group", "not reached", "perhaps: their task was cut, and nobody counts them")
  return found


def members(fleets: Any) -> dict[str, str]:
  """Instance -> its fleet. Who belongs to a resource group is not looked up."""
  states = {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}
  ec2, found = boto3.client("ec2", config=RETRIES), dict[str, str]()
  for fleet, filters in [one for one in fleets.items() if one[1]]:
    for page in ec2.get_paginator("describe_instances").paginate(Filters=[*filters, states]):
      found |= {i["InstanceId"]: fleet for r in page["Reservations"] for i in r["Instances"]}
  return found


def executions(ssm: Any, document: str, since: datetime) -> dict[str, Any]:
  """All at once: one by one a thousand would take longer than a script may."""
  after = f"{since.astimezone(UTC) - timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}"
  filters = [{"Key": "DocumentNamePrefix", "Values": [document]}, {"Key": "StartTimeAfter", "Values": [after]}]
  pages = ssm.get_paginator("describe_automation_executions").paginate(Filters=filters)
  return {e["AutomationExecutionId"]: e for page in pages for e in page["AutomationExecutionMetadataList"]}


def instance_of(ssm: Any, invocation: Any) -> str:
  """Out of what the invocation was started with, a JSON text; where it is not there, out of the execution."""
  with suppress(ValueError, KeyError, IndexError, TypeError):
    return str(json.loads(invocation["Parameters"])["parameters"]["InstanceId"][0])
  with suppress(KeyError, IndexError, ClientError):
    found = ssm.get_automation_execution(AutomationExecutionId=invocation["ExecutionId"])
    return str(found["AutomationExecution"]["Parameters"]["InstanceId"][0])
  return "an instance that AWS does not name"


def said(invocation: Any, execution: Any) -> tuple[str, str]:
  """The word for its turn and why, in its own words where it has some."""
  if not execution:
    return "failed", f"no execution was started: {invocation.get('StatusDetails') or invocation['Status']}"
  status = execution["AutomationExecutionStatus"]
  if status in RUNNING:
    return "at work", f"still at {execution.get('CurrentStepName', 'a step')}"
  why = ": ".join(filter(None, (output(execution, "Code"), output(execution, "Sentence"))))
  if status != "Success":
    return "failed", why or execution.get("FailureMessage") or f"it ended as {status}"
  return output(execution, "Outcome") or "patched", why


def output(execution: Any, name: str) -> str:
  """Of whichever step reports. One that did not run leaves a placeholder, or the reference as it stands."""
  found = [values[0] for key, values in execution.get("Outputs", {}).items() if key.endswith(f".{name}") and values]
  return str(next((value for value in found if not value.startswith(("{", "No output available"))), ""))


def halted_by(event: Any) -> str:
  roll, db = {"S": f"ROLL#{event['ExecutionId']}"}, boto3.client("dynamodb", config=RETRIES)
  item = db.get_item(TableName=event["Table"], Key={"Id": roll}, ConsistentRead=True).get("Item", {})
  return str(item.get("Halted", {}).get("S", ""))


def first(event: Any) -> bool:
  """Whether nobody has told it yet: an event may come twice."""
  roll, now = {"S": f"ROLL#{event['ExecutionId']}"}, {"S": str(int(time.time()))}
  try:
    boto3.client("dynamodb", config=RETRIES).update_item(
      TableName=event["Table"],
      Key={"Id": roll},
      UpdateExpression="SET ToldEnd = :now",
      ConditionExpression="attribute_not_exists(ToldEnd)",
      ExpressionAttributeValues={":now": now},
    )
  except ClientError as error:
    if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
      raise
    return False
  return True
