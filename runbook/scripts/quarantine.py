"""Leaves the instance as it is and says what a person has to do."""

import json
from typing import Any


def handler(event: dict[str, Any], _context: Any) -> dict[str, str]:
    groups = [group for group in json.loads(event["Registrations"]) if group["Targets"]]
    where = "; ".join(f"{group['Targets']} in {group['Arn']}" for group in groups)
    return {"Sentence": f"It is left as it is. Once it is well and no patch command runs on it, register {where}."}
