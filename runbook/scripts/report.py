"""Says what this execution did, as outputs and as an event. Works whatever did or did not run."""

import json
import re
from contextlib import suppress
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
NOT_JUDGED = ("AwaitQuiet", "Report")  # AwaitDelay judges the first
CODE = re.compile(r".*\b([A-Z]+(?:_[A-Z]+)+): (.*)")  # the last one: a traceback may show the raise itself


def handler(event: Any, _context: Any) -> dict[str, str]:
  try:
    found = boto3.client("ssm", config=RETRIES).get_automation_execution(AutomationExecutionId=event["ExecutionId"])
    left = open_record(event)
  except (BotoCoreError, ClientError):
    halt(event, "NO_OUTCOME")  # nobody can say how it ended, so nobody follows
    raise
  steps = {s["StepName"]: s for s in found["AutomationExecution"]["StepExecutions"] if s["StepStatus"] != "Pending"}
  outcome, code, sentence = conclude(steps, left)
  sentence += halt(event, code) if outcome == "failed" else ""
  remember(event, outcome, code, steps)
  result = {"Outcome": outcome, "Code": code, "Sentence": sentence, "Rotation": rotation(steps, left)}
  known = {name: value for name, value in event.items() if name != "Table"}
  return {**result, "EventSent": send({**known, **result})}


def halt(event: Any, code: str) -> str:
  """Stops the roll: no lease and no Commit any more."""
  try:
    note(event, f"ROLL#{event['WindowExecutionId'] or event['ExecutionId']}", "Halted", code)
  except (BotoCoreError, ClientError) as error:
    return f" The roll goes on: {error}"
  return ""


def remember(event: Any, outcome: str, code: str, steps: Any) -> None:
  """Windows leave alone what failed by itself, until it ends well after a start by hand."""
  name = f"FAILED#{event['InstanceId']}"
  key = {"S": name}
  with suppress(BotoCoreError, ClientError):
    if outcome in ("patched", "compliant"):
      change = {"UpdateExpression": "REMOVE Failure", "ConditionExpression": "attribute_exists(Failure)"}
      boto3.client("dynamodb", config=RETRIES).update_item(TableName=event["Table"], Key={"Id": key}, **change)
    elif outcome == "failed" and ("Detach" in steps or code == "SCAN_FAILED"):
      note(event, name, "Failure", f"{code} in {event['ExecutionId']}")


def note(event: Any, key: str, name: str, text: str) -> None:
  item, value = {"S": key}, {"S": text}
  boto3.client("dynamodb", config=RETRIES).update_item(
    TableName=event["Table"],
    Key={"Id": item},
    UpdateExpression=f"SET {name} = if_not_exists({name}, :text)",
    ExpressionAttributeValues={":text": value},
  )


def output(step: Any, name: str) -> str:
  return str(step.get("Outputs", {}).get(name, [""])[0])


def open_record(event: Any) -> dict[str, str]:
  """What this execution wrote and nobody has closed, whoever owns it by now."""
  db, key = boto3.client("dynamodb", config=RETRIES), {"S": f"INSTANCE#{event['InstanceId']}"}
  item = db.get_item(TableName=event["Table"], Key={"Id": key}, ConsistentRead=True).get("Item", {})
  found = {name: str(value.get("S")) for name, value in item.items()}
  return found if found.get("PatchedBy") == event["ExecutionId"] else {}


def conclude(steps: Any, left: dict[str, str]) -> tuple[str, str, str]:
  """The first failure names the code, all of them make the sentence."""
  found, failures = ("failed", "NO_OUTCOME", "No step said what happened."), dict[str, str]()
  advice = ""
  for name, step in steps.items():
    if step["StepStatus"] in ("Failed", "TimedOut", "Cancelled") and name not in NOT_JUDGED:
      code, sentence = failure(name, step)
      words = left.get("Failure", "") if name == "Restore" else assessed(step) if name == "Assess" else ""
      if words:  # the child's own
        code, _, sentence = words.partition(": ")
      failures.setdefault(code, sentence)
    elif output(step, "Outcome") not in ("", "continue"):
      code, _, sentence = output(step, "Sentence").partition(": ")
      found = output(step, "Outcome"), code, sentence
    elif output(step, "State") == "CLOSED":
      found = "deferred", "FREEZE", "A change calendar is closed."
  if left:
    failures = failures or {"LEASE_LOST": "Another execution owns its record."}
    where = "; ".join(f"{g['Targets']} in {g['Arn']}" for g in json.loads(left["Record"]) if g["Targets"])
    advice = f" It is left as it is, with its record. It belongs to {where or 'no target group'}."
  return ("failed", next(iter(failures)), " ".join(failures.values()) + advice) if failures else found


def assessed(step: Any) -> str:
  """What the child that failed says; nothing if there is none, or it never came to its verdict."""
  with suppress(BotoCoreError, ClientError, IndexError, ValueError):
    ssm, child = boto3.client("ssm", config=RETRIES), output(step, "ExecutionId")
    ended = ssm.get_automation_execution(AutomationExecutionId=child)["AutomationExecution"]
    return str(json.loads(ended.get("Outputs", {}).get("Conclude.Verdict", [])[0])["Sentence"])
  return ""


def failure(name: str, step: Any) -> tuple[str, str]:
  """What the script raised, or AwaitDelay -> AWAIT_DELAY_FAILED."""
  message = " ".join(step.get("FailureMessage", "").split()).split(" Please refer to ")[0]
  if name != "Install" and (raised := CODE.match(message)):
    return raised[1], raised[2][:500]
  code = re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper() + "_FAILED"
  return code, f"{name} ended as {step['StepStatus']}. {message[:300]}".strip()


def rotation(steps: Any, left: dict[str, str]) -> str:
  if left:
    return {"LEASED": "untouched", "HEALING": "registered"}.get(left["LeaseState"], "out")
  groups = json.loads(output(steps.get("AcquireLease", {}), "Registrations") or "[]")
  return "returned" if "Detach" in steps and any(group["Targets"] for group in groups) else "untouched"


def send(detail: Any) -> str:
  entry = {"Source": "alb-patching", "DetailType": "ALB Patching Instance Outcome", "Detail": json.dumps(detail)}
  try:
    answer = boto3.client("events", config=RETRIES).put_events(Entries=[entry])
  except (BotoCoreError, ClientError) as error:
    return f"no: {error}"  # the outcome matters more than the news of it
  return f"no: {answer['Entries']}" if answer["FailedEntryCount"] else "yes"
