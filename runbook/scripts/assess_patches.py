"""Is there anything to install? Believes only a patch state that is not older than this execution's scan."""

import time
from typing import Any, TypedDict

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
FRESH_WITHIN = 300  # seconds until the report of a finished scan must be visible
LOCK_HELD = 4  # exit code of AWS-RunPatchBaseline while another patch run holds the lock


class Event(TypedDict):
    InstanceId: str
    Scan: str
    ScanComment: str
    ScanNotBefore: str
    SkipWhenCompliant: str
    RebootOption: str


def verdict(outcome: str, code: str, sentence: str) -> dict[str, str]:
    return {"Outcome": outcome, "Code": code, "Sentence": sentence}


def handler(event: Event, _context: Any) -> dict[str, str]:
    name = event["InstanceId"]
    if event["SkipWhenCompliant"] == "false":
        return verdict("continue", "OK", f"{name} is patched whether or not something is missing.")
    ssm = boto3.client("ssm", config=RETRIES)
    if event["Scan"] == "run" and lock_held(ssm, event):
        return verdict("skipped", "PATCH_LOCK_HELD", f"Another patch run is at work on {name}.")
    state = fresh_state(ssm, name, int(event["ScanNotBefore"]))
    missing, failed = state.get("MissingCount", 0), state.get("FailedCount", 0)
    # With NoReboot, what waits for a reboot would drain the machine every night and never end.
    pending = 0 if event["RebootOption"] == "NoReboot" else state.get("InstalledPendingRebootCount", 0)
    if missing == failed == pending == 0:
        return verdict("compliant", "COMPLIANT", f"{name} has nothing to install.")
    return verdict("continue", "OK", f"{name}: {missing} missing, {failed} failed, {pending} pending a reboot.")


def lock_held(ssm: Any, event: Event) -> bool:
    """Reads each plugin's exit code: the step has no ResponseCode when a document has several steps."""
    pages = ssm.get_paginator("list_command_invocations").paginate(InstanceId=event["InstanceId"], Details=True)
    scans = [i for page in pages for i in page["CommandInvocations"] if i.get("Comment") == event["ScanComment"]]
    if not scans:
        raise RuntimeError("SCAN_FAILED: Run Command did not accept the scan; see the step Scan.")
    scan = max(scans, key=lambda found: found["RequestedDateTime"])
    if scan["Status"] == "Success":
        return False
    codes = {p["ResponseCode"] for p in scan.get("CommandPlugins", []) if p.get("ResponseCode")}
    if LOCK_HELD in codes:
        return True
    raise RuntimeError(
        f"SCAN_FAILED: Command {scan['CommandId']}: {scan['StatusDetails']}, exit codes {sorted(codes)}."
    )


def fresh_state(ssm: Any, name: str, not_before: int) -> dict[str, Any]:
    end = time.time() + FRESH_WITHIN
    while True:
        for state in ssm.describe_instance_patch_states(InstanceIds=[name])["InstancePatchStates"]:
            if state["Operation"] == "Scan" and state["OperationStartTime"].timestamp() >= not_before:
                return dict(state)
        if time.time() >= end:
            raise RuntimeError(f"STATE_STALE: The report of the scan of {name} did not appear.")
        time.sleep(10)
