"""Did this Install do its work? Reads its own report: an older one, or somebody else's, proves nothing."""

import json
import time
from typing import Any, TypedDict

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
FRESH_WITHIN = 300  # seconds until the report of a finished command must be visible
CLOCK_TOLERANCE = 60  # seconds; patch states carry the instance's own clock


class Event(TypedDict):
    InstanceId: str
    ExecutionId: str
    CommittedAt: str
    RebootOption: str
    Registrations: str


def handler(event: Event, _context: Any) -> dict[str, str]:
    name = event["InstanceId"]
    ssm = boto3.client("ssm", config=RETRIES)
    refuse_failed_install(ssm, event["ExecutionId"])
    refuse_changed(json.loads(event["Registrations"]), name)
    state = fresh_state(ssm, name, int(event["CommittedAt"]) - CLOCK_TOLERANCE)
    failed, pending = state.get("FailedCount", 0), state.get("InstalledPendingRebootCount", 0)
    if failed:
        raise RuntimeError(f"PATCHES_FAILED: {failed} patches failed to install on {name}.")
    if pending and event["RebootOption"] != "NoReboot":
        raise RuntimeError(f"REBOOT_STILL_PENDING: {pending} patches on {name} still wait for a reboot.")
    code = "PATCHED_REBOOT_PENDING" if pending else "PATCHED"
    return {"Outcome": "patched", "Code": code, "Sentence": f"{name} is patched; {pending} patches wait for a reboot."}


def refuse_failed_install(ssm: Any, execution: str) -> None:
    record = ssm.get_automation_execution(AutomationExecutionId=execution)["AutomationExecution"]
    step = next((s for s in record["StepExecutions"] if s["StepName"] == "Install"), {"StepStatus": "missing"})
    if step["StepStatus"] != "Success":
        reason = " ".join(step.get("FailureMessage", "").split())[:300]
        raise RuntimeError(f"INSTALL_FAILED: Install ended as {step['StepStatus']}. {reason}")


def refuse_changed(groups: list[dict[str, Any]], name: str) -> None:
    elb = boto3.client("elbv2", config=RETRIES)
    for arn in [group["TargetGroupArn"] for group in groups]:
        health = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        states = {d["TargetHealth"]["State"] for d in health if d["Target"]["Id"] == name}
        if states - {"draining"}:
            raise RuntimeError(f"CHANGED_BY_OTHER: Somebody registered {name} in {arn} while it was being patched.")


def fresh_state(ssm: Any, name: str, not_before: int) -> dict[str, Any]:
    end = time.time() + FRESH_WITHIN
    while True:
        for state in ssm.describe_instance_patch_states(InstanceIds=[name])["InstancePatchStates"]:
            if state["Operation"] == "Install" and state["OperationStartTime"].timestamp() >= not_before:
                return dict(state)
        if time.time() >= end:
            raise RuntimeError(f"STATE_STALE: The report of the installation on {name} did not appear.")
        time.sleep(10)
