"""Findings as JSON: stable keys, one schema name."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from albpatch.findings import SEVERITIES, Findings

SCHEMA = "alb-patching/findings/1"


def result(found: Findings) -> dict[str, Any]:
    """The findings as JSON values."""
    return {
        "schema": SCHEMA,
        "subject": found.subject,
        "headline": found.headline,
        "counts": {severity: found.count(severity) for severity in SEVERITIES},
        "findings": [asdict(finding) for finding in found.findings],
        "sections": [
            {
                "title": section.title,
                "status": section.status,
                "blocks": [
                    {
                        "title": block.title,
                        "facts": [{"label": label, "text": text} for label, text in block.facts],
                        "lines": list(block.lines),
                    }
                    for block in section.blocks
                ],
            }
            for section in found.sections
        ],
    }


def text(found: Findings) -> str:
    """The result as a JSON text that ends in a newline."""
    return json.dumps(result(found), indent=2) + "\n"
