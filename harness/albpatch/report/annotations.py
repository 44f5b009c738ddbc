"""Findings as workflow commands of GitHub Actions, which become annotations of the run.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from albpatch.findings import Finding, Findings, Severity
from albpatch.report.plain import visible

_COMMANDS: dict[Severity, str] = {"error": "error", "warning": "warning", "note": "notice"}


def text(found: Findings) -> str:
    """A line for each finding, nothing where there is none."""
    return "".join(f"{_line(finding)}\n" for finding in found.findings)


def _line(finding: Finding) -> str:
    message = f"{finding.address}: {finding.what} {finding.why} {finding.todo}"
    return f"::{_COMMANDS[finding.severity]} title={_property(finding.id)}::{_data(message)}"


def _data(value: str) -> str:
    return visible(value).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")
