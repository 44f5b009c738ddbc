"""Is there anything to install? Believes only a patch state that is not older than this execution's scan."""

import time
from typing import Any

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
FRESH_WITHIN = 300  # seconds until the report of a finished scan must be visible
LOCK_HELD = 4  # exit code of AWS-RunPatchBaseline while another patch run holds the lock


def handler(event: Any, _context: Any) -> dict[str, str]:
  ssm, name = boto3.client("ssm", config=RETRIES), event["InstanceId"]
  if event["Scan"] == "run" and lock_held(ssm, event):
    return {"Outcome": "skipped", "Sentence": f"PATCH_LOCK_HELD: Another patch run is at work on {name}."}
  state = fresh_state(ssm, name, int(event["ScanNotBefore"]))
  missing, failed = state.get("MissingCount", 0), state.get("FailedCount", 0)
  # With NoReboot, what waits for a reboot would drain the machine every night and never end.
  pending = 0 if event["RebootOption"] == "NoReboot" else state.get("InstalledPendingRebootCount", 0)
  if missing == failed == pending == 0:
    return {"Outcome": "compliant", "Sentence": f"COMPLIANT: {name} has nothing to install."}
  return {"Outcome": "continue", "Sentence": f"{missing} missing, {failed} failed, {pending} pending a reboot."}


def lock_held(ssm: Any, event: Any) -> bool:
  """By the plugins' exit codes: a step has no ResponseCode when its document has several steps."""
  pages = ssm.get_paginator("list_command_invocations").paginate(InstanceId=event["InstanceId"], Details=True)
  scans = [i for page in pages for i in page["CommandInvocations"] if i.get("Comment") == event["ScanComment"]]
  if not scans:
    raise RuntimeError("SCAN_FAILED: Run Command did not accept the scan; see the step Scan.")
  scan = max(scans, key=lambda found: found["RequestedDateTime"])
  codes = [p["ResponseCode"] for p in scan.get("CommandPlugins", []) if p.get("ResponseCode")]
  if scan["Status"] != "Success" and LOCK_HELD not in codes:
    raise RuntimeError(f"SCAN_FAILED: {scan['CommandId']} is {scan['StatusDetails']}, exit codes {codes}.")
  return scan["Status"] != "Success"


def fresh_state(ssm: Any, name: str, not_before: int) -> dict[str, Any]:
  end = time.time() + FRESH_WITHIN
  while True:
    for state in ssm.describe_instance_patch_states(InstanceIds=[name])["InstancePatchStates"]:
      if state["Operation"] == "Scan" and state["OperationStartTime"].timestamp() >= not_before:
        return state
    if time.time() >= end:
      raise RuntimeError(f"STATE_STALE: The report of the scan of {name} did not appear.")
    time.sleep(10)
