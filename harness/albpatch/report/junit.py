"""Findings as JUnit XML: every rule that was looked at is a test case, each finding one of its own.

A finding below the threshold is a test that passes, with what was found in its output.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

from albpatch.findings import Finding, Findings, Severity, at_least
from albpatch.report.plain import visible


def text(found: Findings, fail_on: Severity = "error") -> str:
    """The XML document. fail_on: from which severity on a finding is a failure."""
    cases = list(_cases(found, fail_on))
    failures = sum(case.find("failure") is not None for case in cases)
    counts = {"tests": str(len(cases)), "failures": str(failures), "errors": "0", "skipped": "0"}
    suites = ElementTree.Element("testsuites", {"name": f"albpatch {found.verb}", **counts})
    suite = ElementTree.SubElement(suites, "testsuite", {"name": _clean(found.subject), "time": "0", **counts})
    suite.extend(cases)
    ElementTree.indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(suites, encoding="unicode") + "\n"


def _cases(found: Findings, fail_on: Severity) -> Iterator[ElementTree.Element]:
    seen = {finding.id for finding in found.findings}
    for finding in found.findings:
        yield _finding(finding, fail_on, found.verb)
    for rule in found.rules:
        if rule.id not in seen:
            yield ElementTree.Element("testcase", {"classname": found.verb, "name": rule.id, "time": "0"})


def _finding(finding: Finding, fail_on: Severity, verb: str) -> ElementTree.Element:
    name = f"{finding.id} {_clean(finding.address)}"
    case = ElementTree.Element("testcase", {"classname": f"{verb}.{finding.severity}", "name": name, "time": "0"})
    words = "\n".join(_clean(line) for line in (finding.what, finding.why, finding.todo))
    if at_least(finding.severity, fail_on):
        attributes = {"type": finding.severity, "message": _clean(finding.what)}
        ElementTree.SubElement(case, "failure", attributes).text = words
    else:
        ElementTree.SubElement(case, "system-out").text = words
    return case


def _clean(value: str) -> str:
    """XML 1.0 has no place for most control characters, nor for two code points of the basic plane."""
    return visible(value).replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")
