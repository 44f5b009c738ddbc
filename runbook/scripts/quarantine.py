"""Leaves the instance as it is and says how a person puts it back."""

import json
from typing import Any, TypedDict


class Event(TypedDict):
    InstanceId: str
    Registrations: str


def handler(event: Event, _context: Any) -> dict[str, str]:
    commands = []
    for group in json.loads(event["Registrations"]):
        targets = " ".join(f"Id={target['Id']},Port={target['Port']}" for target in group["Targets"])
        commands.append(f"aws elbv2 register-targets --target-group-arn {group['TargetGroupArn']} --targets {targets}")
    advice = f"{event['InstanceId']} is left as it is. When it is well and no patch command runs on it:"
    return {"Sentence": f"{advice} {'; '.join(commands)}"}
