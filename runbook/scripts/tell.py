"""Says how the restoring ended: as outputs, in the record that stays, and as an event unless the parent sends one."""

import json
import re
from contextlib import suppress
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
DONE = {"restore": "RESTORED", "keep-out": "KEPT_OUT", "forget": "FORGOTTEN"}
CODE = re.compile(r".*\b([A-Z]+(?:_[A-Z]+)+): (.*)")  # the last one: a traceback may show the raise itself


def handler(event: Any, _context: Any) -> dict[str, str]:
  ssm = boto3.client("ssm", config=RETRIES)
  record = ssm.get_automation_execution(AutomationExecutionId=event["ExecutionId"])["AutomationExecution"]
  bad = [s for s in record["StepExecutions"] if s["StepStatus"] in ("Failed", "TimedOut", "Cancelled")]
  code = DONE[event["Action"]]
  result = {"Outcome": code.lower().replace("_", "-"), "Code": code, "Sentence": event["Sentence"]}
  if bad:
    message = " ".join(bad[0].get("FailureMessage", "").split()).split(" Please refer to ")[0]
    raised = CODE.match(message)
    code = raised[1] if raised else "RESTORE_FAILED"
    sentence = f"{event['Sentence']} {raised[2][:500] if raised else message[:500]} Its record stays."
    result = {"Outcome": "failed", "Code": code, "Sentence": sentence}
    note(event, f"{code}: {sentence}")
  if event["Parent"] and status_of(ssm, event["Parent"]) == "InProgress":
    return {**result, "EventSent": "no: its parent reports"}
  entry = {"Source": "alb-patching", "DetailType": "ALB Patching Restore Outcome"}
  known = {name: value for name, value in event.items() if name != "Table"}
  entry["Detail"] = json.dumps({**known, **result})
  try:
    answer = boto3.client("events", config=RETRIES).put_events(Entries=[entry])
  except (BotoCoreError, ClientError) as error:
    return {**result, "EventSent": f"no: {error}"}  # the outcome matters more than the news of it
  return {**result, "EventSent": "no" if answer["FailedEntryCount"] else "yes"}


def note(event: Any, failure: str) -> None:
  """In the record, for who looks at it later."""
  key, me, why = {"S": f"INSTANCE#{event['InstanceId']}"}, {"S": event["ExecutionId"]}, {"S": failure}
  with suppress(BotoCoreError, ClientError):  # the outputs say it too
    boto3.client("dynamodb", config=RETRIES).update_item(
      TableName=event["Table"],
      Key={"Id": key},
      UpdateExpression="SET Failure = :why",
      ConditionExpression="LeaseOwner = :me",
      ExpressionAttributeValues={":me": me, ":why": why},
    )


def status_of(ssm: Any, execution: str) -> str:
  found = ssm.get_automation_execution(AutomationExecutionId=execution)["AutomationExecution"]
  return str(found["AutomationExecutionStatus"])
