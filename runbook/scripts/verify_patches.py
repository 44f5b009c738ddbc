"""Did this Install do its work? Only its own report proves it."""

import json
import time
from typing import Any

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
FRESH_WITHIN = 300  # seconds until the report of a finished command must be visible
CLOCK_TOLERANCE = 60  # seconds; patch states carry the instance's own clock


def handler(event: Any, _context: Any) -> dict[str, str]:
  name = event["InstanceId"]
  if event["InstallStatus"] != "Success":
    raise RuntimeError(f"INSTALL_FAILED: Install ended as {event['InstallStatus']}.")
  elb = boto3.client("elbv2", config=RETRIES)
  for group in json.loads(event["Registrations"]):
    health = elb.describe_target_health(TargetGroupArn=group["Arn"])["TargetHealthDescriptions"]
    if any(d["Target"]["Id"] == name and d["TargetHealth"]["State"] != "draining" for d in health):
      raise RuntimeError(f"CHANGED_BY_OTHER: Somebody registered it in {group['Arn']} while it was patched.")
  state = fresh_state(name, int(event["CommittedAt"]) - CLOCK_TOLERANCE)
  failed, pending = state.get("FailedCount", 0), state.get("InstalledPendingRebootCount", 0)
  if failed:
    raise RuntimeError(f"PATCHES_FAILED: {failed} patches failed to install on {name}.")
  if pending and event["RebootOption"] != "NoReboot":
    raise RuntimeError(f"REBOOT_STILL_PENDING: {pending} patches on {name} still wait for a reboot.")
  code = "PATCHED_REBOOT_PENDING" if pending else "PATCHED"
  return {"Outcome": "patched", "Sentence": f"{code}: {name} is patched; {pending} patches wait for a reboot."}


def fresh_state(name: str, not_before: int) -> dict[str, Any]:
  ssm, end = boto3.client("ssm", config=RETRIES), time.time() + FRESH_WITHIN
  while True:
    for state in ssm.describe_instance_patch_states(InstanceIds=[name])["InstancePatchStates"]:
      if state["Operation"] == "Install" and state["OperationStartTime"].timestamp() >= not_before:
        return state
    if time.time() >= end:
      raise RuntimeError(f"STATE_STALE: The report of the installation on {name} did not appear.")
    time.sleep(10)
