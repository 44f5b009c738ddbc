"""Small documents as texts."""

from __future__ import annotations

import json
from typing import Any

ROLE = "arn:aws:iam::123456789012:role/runbook"


def text_of(case: dict[str, Any]) -> str:
    """A whole document from its parameters, steps and role."""
    document = {"schemaVersion": "0.3", "assumeRole": case.get("role", ROLE), "mainSteps": case["steps"]}
    return json.dumps({**document, **{key: case[key] for key in ("parameters", "variables") if key in case}})
