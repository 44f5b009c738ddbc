"""Deregisters exactly the recorded targets. AwaitDelay sees whether the load balancer has understood."""

import json
import time
from typing import Any

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})


def handler(event: dict[str, Any], _context: Any) -> dict[str, str]:
    elb = boto3.client("elbv2", config=RETRIES)
    for group in [group for group in json.loads(event["Registrations"]) if group["Targets"]]:
        elb.deregister_targets(TargetGroupArn=group["Arn"], Targets=group["Targets"])
    return {"DetachedAt": str(int(time.time()) + 1)}
