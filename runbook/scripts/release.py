"""Makes sure that the instance is registered exactly as before, and still healthy where it was."""

import json
from typing import Any

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})


def handler(event: dict[str, Any], _context: Any) -> None:
    elb = boto3.client("elbv2", config=RETRIES)
    for group in json.loads(event["Registrations"]):
        arn = group["Arn"]
        health = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        own = [d for d in health if d["Target"]["Id"] == event["InstanceId"]]
        ports = sorted(d["Target"]["Port"] for d in own if d["TargetHealth"]["State"] != "draining")
        if ports != sorted(target["Port"] for target in group["Targets"]):
            raise RuntimeError(f"CHANGED_BY_OTHER: In {arn} it is on ports {ports}, which is not as before.")
        healthy = [d["Target"] for d in own if d["TargetHealth"]["State"] == "healthy"]
        if any(target not in healthy for target in group["Healthy"]):
            raise RuntimeError(f"NOT_HEALTHY: In {arn} it was healthy after its return, and is not any more.")
