"""Runs on cancellation: puts the instance back at once, unless a patch command may still reboot it."""

import json
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})


def handler(event: dict[str, Any], _context: Any) -> dict[str, str]:
    ssm = boto3.client("ssm", config=RETRIES)
    record = ssm.get_automation_execution(AutomationExecutionId=event["ExecutionId"])["AutomationExecution"]
    steps = {s["StepName"]: s for s in record["StepExecutions"] if s["StepStatus"] != "Pending"}
    code, sentence, rotation = settle(steps)
    result = {"Outcome": "failed", "Code": code, "Sentence": f"Cancelled. {sentence}", "Rotation": rotation}
    entry = {"Source": "alb-patching", "DetailType": "ALB Patching Instance Outcome"}
    detail = json.dumps({**event, **result})
    boto3.client("events", config=RETRIES).put_events(Entries=[{**entry, "Detail": detail}])
    return result


def settle(steps: dict[str, Any]) -> tuple[str, str, str]:
    record = steps.get("AcquireLease", {}).get("Outputs", {}).get("Registrations", ["[]"])
    groups = [group for group in json.loads(record[0]) if group["Targets"]]
    if "Detach" not in steps or not groups:
        return "CANCELLED_UNTOUCHED", "Nothing was deregistered.", "untouched"
    done = [name for name, step in steps.items() if step["StepStatus"] == "Success"]
    if "Restore" in done:
        return "CANCELLED_RETURNED", "It was registered again already; watch its health.", "registered"
    if "Install" in steps and "AwaitHostIdle" not in done:
        where = ", ".join(group["Arn"] for group in groups)
        return "CANCELLED_LEFT_OUT", f"A patch command may still reboot it: it stays out of {where}.", "out"
    elb, problems = boto3.client("elbv2", config=RETRIES), []
    for group in groups:
        try:  # one that refuses must not keep the others waiting
            put_back(elb, group)
        except ClientError as error:
            problems.append(f"{group['Arn']}: {error}")
    if problems:
        return "CANCELLED_LEFT_OUT", f"It was not registered again: {'; '.join(problems)}", "out"
    return "CANCELLED_RETURNED", "It is registered again; watch its health.", "registered"


def put_back(elb: Any, group: dict[str, Any]) -> None:
    arn = group["Arn"]
    health = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    there = [d["Target"] for d in health if d["TargetHealth"]["State"] != "draining"]
    if missing := [target for target in group["Targets"] if target not in there]:
        elb.register_targets(TargetGroupArn=arn, Targets=missing)
