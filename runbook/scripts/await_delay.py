"""Waits for quiet or for the delay, and never less than the load balancer may go on sending."""

import json
import time
from typing import Any

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
ATTEMPT_SECONDS = 540  # a script may run for 600; then the next attempt goes on
SETTLE_SECONDS = 20  # a deregistration may be shown late
LOOK_SECONDS = 15


def handler(event: Any, _context: Any) -> dict[str, str]:
  elb = boto3.client("elbv2", config=RETRIES)
  groups, detached = json.loads(event["Registrations"]), int(event["DetachedAt"])
  quiet = is_quiet(event)
  deadline = detached + int(event["Look"].split()[-1] if quiet else event["WaitSeconds"])
  stop = time.time() + ATTEMPT_SECONDS
  while (now := time.time()) < deadline:
    for arn in [group["Arn"] for group in groups if registered(elb, group)]:
      # Either somebody registered it again, or DeregisterTargets did nothing, which it does not tell.
      if now >= detached + SETTLE_SECONDS:
        raise RuntimeError(f"CHANGED_BY_OTHER: {now - detached:.0f} s after Detach it is registered in {arn}.")
    if now >= stop:
      raise TimeoutError(f"{deadline - now:.0f} s to go")
    time.sleep(min(LOOK_SECONDS, deadline - now))
  mark(event, "DRAINED")
  return {"Drain": f"{'quiet' if quiet else 'the whole delay'}, {now - detached:.0f} s after Detach"}


def is_quiet(event: Any) -> bool:
  """The look must have said so, not only succeeded: one that is skipped succeeds without a word."""
  if event["Look"] == "none":  # there is none, or the same look saw nobody before Detach
    return False
  ssm = boto3.client("ssm", config=RETRIES)
  record = ssm.get_automation_execution(AutomationExecutionId=event["ExecutionId"])["AutomationExecution"]
  said = "".join(text for step in record["StepExecutions"] for text in step.get("Outputs", {}).get("Output", []))
  return '"mode": "await", "done": true' in said


def registered(elb: Any, group: Any) -> bool:
  health = elb.describe_target_health(TargetGroupArn=group["Arn"])["TargetHealthDescriptions"]
  return any(d["Target"] in group["Targets"] and d["TargetHealth"]["State"] != "draining" for d in health)


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
