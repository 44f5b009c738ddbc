"""Waits until no patch command can reboot this host any more. Nothing is registered before that."""

import time
from typing import Any

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
ATTEMPT_SECONDS = 540  # a script may run for 600; then the next attempt goes on
LOOK_SECONDS = 15
SCAN_SECONDS = 120
NEVER_SENT = 600  # seconds after Commit without a trace of the command
IN_FLIGHT = ("Pending", "InProgress", "Delayed", "Cancelling")


def handler(event: Any, _context: Any) -> dict[str, str]:
  ssm, ec2 = boto3.client("ssm", config=RETRIES), boto3.client("ec2", config=RETRIES)
  record = ssm.get_automation_execution(AutomationExecutionId=event["ExecutionId"])["AutomationExecution"]
  install = next(step for step in record["StepExecutions"] if step["StepName"] == "Install")
  # The end of the step Install is the same in every attempt.
  stop, ended = time.time() + ATTEMPT_SECONDS, install["ExecutionEndTime"].timestamp()
  while reason := busy(ssm, ec2, event):
    if time.time() >= ended + int(event["LimitSeconds"]):
      raise RuntimeError(f"HOST_NOT_IDLE: {event['InstanceId']}: {reason}.")
    if time.time() >= stop:
      raise TimeoutError(reason)
    time.sleep(LOOK_SECONDS)
  mark(event, "PATCHED")
  return {"InstallStatus": install["StepStatus"]}


def busy(ssm: Any, ec2: Any, event: Any) -> str:
  """Why the host may not be idle. AWS cannot filter commands by status and instance at once."""
  name = event["InstanceId"]
  pages = ssm.get_paginator("list_command_invocations").paginate(InstanceId=name)
  commands = [i for page in pages for i in page["CommandInvocations"]]
  for command in commands:
    if command["DocumentName"].startswith("AWS-RunPatchBaseline") and command["Status"] in IN_FLIGHT:
      return f"patch command {command['CommandId']} is {command['Status']}"
  own = [command["StatusDetails"] for command in commands if command.get("Comment") == event["InstallComment"]]
  if not own and time.time() < int(event["CommittedAt"]) + NEVER_SENT:
    return "no trace of the Install command yet"
  answer = ec2.describe_instances(Filters=[{"Name": "instance-id", "Values": [name]}])
  state = next((i["State"]["Name"] for r in answer["Reservations"] for i in r["Instances"]), "gone")
  if state != "running":
    return f"the instance is {state}"
  answer = ssm.describe_instance_information(Filters=[{"Key": "InstanceIds", "Values": [name]}])
  ping = next((i["PingStatus"] for i in answer["InstanceInformationList"]), "unknown")
  if ping != "Online":
    return f"its agent is {ping}"
  # The agent's own answer is proof. After a time-out the installation may go on unseen; it holds the patch lock.
  return "" if not own or "Success" in own or "Failed" in own else locked(ssm, event, commands)


def locked(ssm: Any, event: Any, commands: Any) -> str:
  """Asks the host with a scan, which fails while another patch run holds the lock."""
  scans = [command for command in commands if command.get("Comment") == event["IdleComment"]]
  if any(scan["Status"] == "Success" for scan in scans):
    return ""
  if time.time() >= max([scan["RequestedDateTime"].timestamp() for scan in scans], default=0) + SCAN_SECONDS:
    ssm.send_command(
      DocumentName="AWS-RunPatchBaseline",
      InstanceIds=[event["InstanceId"]],
      Comment=event["IdleComment"],
      TimeoutSeconds=60,
      Parameters={"Operation": ["Scan"]},
    )
  return "Install timed out, and no scan has succeeded since"


def mark(event: Any, state: str) -> None:
  """Refused once the record is not its own any more."""
  key, me, new = {"S": f"INSTANCE#{event['InstanceId']}"}, {"S": event["ExecutionId"]}, {"S": state}
  boto3.client("dynamodb", config=RETRIES).update_item(
    TableName=event["Table"],
    Key={"Id": key},
    UpdateExpression="SET LeaseState = :new",
    ConditionExpression="LeaseOwner = :me AND attribute_not_exists(Abandoned)",
    ExpressionAttributeValues={":me": me, ":new": new},
  )
