"""Says that a restoring failed, and what is true of the instance now. Once for each record and code: who knows
of it need not hear of every try."""

import json
import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
CODE = re.compile(r".*\b([A-Z]+(?:_[A-Z]+)+): (.*)")  # the last one: a traceback may show the raise itself
STANDS = {"LEASED": "was not touched and serves", "HEALING": "is registered again and may get no requests"}


def handler(event: Any, _context: Any) -> dict[str, str]:
  me, name = event["ExecutionId"], event["Name"]
  ssm = boto3.client("ssm", config=RETRIES)
  found = ssm.get_automation_execution(AutomationExecutionId=me)["AutomationExecution"]
  parent = found.get("ParentAutomationExecutionId")
  if parent:  # it tells; if it is dead or cancelled, what its end starts has no parent
    return {"Told": f"no: {parent} tells"}
  steps = {step["StepName"]: step.get("Outputs", {}) for step in found["StepExecutions"]}
  instance = output(steps, "Claim", "InstanceId") or found.get("Parameters", {}).get("InstanceId", [""])[0]
  code, sentence = why(found, steps)
  lines = [f"An execution of {found['DocumentName']} failed: {code}. It was for no single instance."]
  if instance:
    record = record_of(event, instance)
    if by := known(ssm, event, instance, record, code):
      return {"Told": f"no: {by} told it"}
    lines = about(instance, record, code)
  lines += ["", sentence, "", f"Look first: albpatch status. What to do: docs/operations.md, code {code}."]
  lines += [f"Try again: albpatch repair {instance or '--all'}. Execution {me} ({found['DocumentName']})"]
  subject = f"{name}: {instance or 'the sweep'} {code}"[:99]
  boto3.client("sns", config=RETRIES).publish(TopicArn=event["Topic"], Subject=subject, Message="\n".join(lines))
  return {"Told": "yes"}


def output(steps: Any, step: str, name: str) -> str:
  """Empty for a step that did not run: its outputs are placeholders."""
  value = str(steps.get(step, {}).get(name, [""])[0])
  return "" if value.startswith(("{", "No output available")) else value


def why(found: Any, steps: Any) -> tuple[str, str]:
  code = output(steps, "Tell", "Code")
  if code:
    return code, output(steps, "Tell", "Sentence")
  message = " ".join(found.get("FailureMessage", "").split()).split(" Please refer to ")[0]
  raised = CODE.match(message)
  if raised:
    return raised[1], raised[2][:800]
  return "RESTORE_FAILED", f"It ended as {found['AutomationExecutionStatus']} and said nothing. {message[:800]}".strip()


def record_of(event: Any, instance: str) -> dict[str, str]:
  key = {"S": f"INSTANCE#{instance}"}
  db = boto3.client("dynamodb", config=RETRIES)
  item = db.get_item(TableName=event["Table"], Key={"Id": key}, ConsistentRead=True).get("Item", {})
  return {name: value.get("S", "") for name, value in item.items()} if "LeaseOwner" in item else {}


def known(ssm: Any, event: Any, instance: str, record: dict[str, str], code: str) -> str:
  """Who told it before: the execution that left the record, in its own report, or one like this."""
  if not record:
    return ""
  if record.get("ToldCode") == code:
    return "another one"
  key, told = {"S": f"INSTANCE#{instance}"}, {"S": code}
  with suppress(ClientError):  # closed meanwhile: never write it anew. Refused: rather twice than never
    boto3.client("dynamodb", config=RETRIES).update_item(
      TableName=event["Table"],
      Key={"Id": key},
      UpdateExpression="SET ToldCode = :told",
      ConditionExpression="attribute_exists(LeaseOwner)",
      ExpressionAttributeValues={":told": told},
    )
  try:
    patched = ssm.get_automation_execution(AutomationExecutionId=record["PatchedBy"])["AutomationExecution"]
  except ClientError:  # AWS forgets them after 30 days
    return ""
  return record["PatchedBy"] if patched.get("Outputs", {}).get("Report.Code") == [code] else ""


def about(instance: str, record: dict[str, str], code: str) -> list[str]:
  if not record:
    return [f"Restoring {instance} failed: {code}. It has no open record, so nothing of ours keeps it out."]
  since = datetime.fromtimestamp(int(record.get("Since", "0")), UTC)
  stands = STANDS.get(record["LeaseState"], "is OUT of its target groups, wholly or in part")
  groups = [group for group in json.loads(record["Record"]) if group["Targets"]]
  return [
    f"{instance} was not put back: {code}.",
    f"It {stands}. Its record stays (state {record['LeaseState']}, since {since:%Y-%m-%d %H:%M} UTC).",
    *(f"It belongs to {group['Arn']}, port {ports(group)}." for group in groups),
  ]


def ports(group: Any) -> str:
  return ", ".join(str(target.get("Port", "of the group")) for target in group["Targets"])
