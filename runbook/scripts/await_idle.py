"""Waits until nothing can reboot the host any more. Sends nothing: the role of the restore runbook may not."""

import time
from typing import Any

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
ATTEMPT_SECONDS = 540  # a script may run for 600; then the next attempt goes on
LOOK_SECONDS = 15
NEVER_SENT = 600  # seconds after Commit without a trace of the command, and after which it must be on the host
IN_FLIGHT = ("Pending", "InProgress", "Delayed", "Cancelling")


def handler(event: Any, _context: Any) -> None:
  ssm, ec2 = boto3.client("ssm", config=RETRIES), boto3.client("ec2", config=RETRIES)
  stop, end = time.time() + ATTEMPT_SECONDS, int(event["ClaimedAt"]) + int(event["LimitSeconds"])
  over = list[float]()  # when this attempt first saw that no command is in flight
  while reason := busy(ssm, ec2, event, over):
    if time.time() >= end:
      raise RuntimeError(f"HOST_NOT_IDLE: {event['InstanceId']}: {reason}.")
    if time.time() >= stop:
      raise TimeoutError(reason)
    time.sleep(LOOK_SECONDS)


def busy(ssm: Any, ec2: Any, event: Any, over: list[float]) -> str:
  """Why the host may not be idle. AWS cannot filter commands by status and instance at once."""
  name = event["InstanceId"]
  pages = ssm.get_paginator("list_command_invocations").paginate(InstanceId=name, Details=True)
  commands = [i for page in pages for i in page["CommandInvocations"]]
  for command in commands:
    if command["DocumentName"].startswith("AWS-RunPatchBaseline") and command["Status"] in IN_FLIGHT:
      return f"patch command {command['CommandId']} is {command['Status']}"
  over.append(time.time())
  own = [command for command in commands if command.get("Comment") == event["InstallComment"]]
  installing = event["State"] == "INSTALLING"
  if installing and not own and time.time() < int(event["CommittedAt"]) + NEVER_SENT:
    return "no trace of the Install command yet"
  answer = ec2.describe_instances(Filters=[{"Name": "instance-id", "Values": [name]}])
  state = next((i["State"]["Name"] for r in answer["Reservations"] for i in r["Instances"]), "gone")
  if state != "running":
    return f"the instance is {state}"
  answer = ssm.describe_instance_information(Filters=[{"Key": "InstanceIds", "Values": [name]}])
  node: Any = next(iter(answer["InstanceInformationList"]), {"PingStatus": "unknown"})
  if node["PingStatus"] != "Online" and event["State"] not in ("DETACHING", "DRAINED"):
    return f"its agent is {node['PingStatus']}"  # of no command of ours it has to come back in those two
  # Online may be a word from before the reboot. PATCHED was written by who had seen to the host already.
  plugins = [plugin for command in own for plugin in command.get("CommandPlugins", ())]
  ended = [p["ResponseFinishDateTime"].timestamp() for p in plugins if "ResponseFinishDateTime" in p]
  # The host's clock wrote that, and may be ahead.
  if installing and ended and node["LastPingDateTime"].timestamp() < min(over[0], max(ended)):
    return "its agent has not answered since Install ended"
  if not installing or not own or any(command["StatusDetails"] in ("Success", "Failed") for command in own):
    return ""  # the agent's own answer is proof
  # A command that timed out may go on unseen. It holds the patch lock: a scan that gets that later is proof.
  later = max(command["RequestedDateTime"].timestamp() for command in own) + NEVER_SENT
  proof = [c for c in commands if c["DocumentName"].startswith("AWS-RunPatchBaseline") and c["Status"] == "Success"]
  if any(command["RequestedDateTime"].timestamp() >= later for command in proof):
    return ""
  return f"Install ended as {own[0]['StatusDetails']}: nobody saw it end on the host, and no scan has succeeded since"
