"""Leaves the instance as it is and says what a person has to do. Its record and its leases stay."""

import json
from typing import Any


def handler(event: dict[str, Any], _context: Any) -> dict[str, str]:
    groups = [group for group in json.loads(event["Registrations"]) if group["Targets"]]
    where = "; ".join(f"{group['Targets']} in {group['Arn']}" for group in groups)
    return {"Sentence": f"It is left as it is, with its record. It belongs to {where or 'no target group'}."}
