"""Findings as SARIF 2.1.0, for code scanning.

https://docs.github.com/code-security/reference/code-scanning/sarif-support-for-code-scanning
A plan has no source lines: every result lies in the first line of the plan file, and says its address.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import quote

from albpatch import __version__
from albpatch.findings import Finding, Findings, Rule

VERSION = "2.1.0"
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def result(found: Findings) -> dict[str, Any]:
    """The SARIF log as JSON values."""
    index = {rule.id: number for number, rule in enumerate(found.rules)}
    driver = {"name": "albpatch", "version": __version__, "rules": [_rule(rule) for rule in found.rules]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(found, finding, index) for finding in found.findings],
    }
    return {"$schema": _SCHEMA, "version": VERSION, "runs": [run]}


def text(found: Findings) -> str:
    """The log as a JSON text that ends in a newline."""
    return json.dumps(result(found), indent=2) + "\n"


def _rule(rule: Rule) -> dict[str, Any]:
    described: dict[str, Any] = {
        "id": rule.id,
        "shortDescription": {"text": _sentence(rule.title)},
        "defaultConfiguration": {"level": rule.severity},
    }
    why, todo = getattr(rule, "why", ""), getattr(rule, "todo", "")
    if why:
        described["fullDescription"] = {"text": why}
    if todo:
        described["help"] = {"text": todo}
    return described


def _sentence(title: str) -> str:
    return f"{title[:1].upper()}{title[1:]}."


def _result(found: Findings, finding: Finding, index: dict[str, int]) -> dict[str, Any]:
    location = {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(found.subject.replace("\\", "/"), errors="backslashreplace")},
            "region": {"startLine": 1},
        },
        "logicalLocations": [{"fullyQualifiedName": finding.address, "kind": "resource"}],
    }
    made: dict[str, Any] = {
        "ruleId": finding.id,
        "level": finding.severity,
        "message": {"text": f"{finding.address}: {finding.what} {finding.why} {finding.todo}"},
        "locations": [location],
        "partialFingerprints": {"finding/v1": _fingerprint(finding)},
    }
    if finding.id in index:
        made["ruleIndex"] = index[finding.id]
    return made


def _fingerprint(finding: Finding) -> str:
    """The same for the same finding in the next plan."""
    return hashlib.sha256("\0".join((finding.id, finding.address, finding.what)).encode()).hexdigest()
