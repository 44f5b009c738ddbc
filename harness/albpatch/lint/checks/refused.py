"""Would CreateDocument refuse the document?"""

from __future__ import annotations

import json
from collections.abc import Iterator

from albpatch.document.read import SIZE_LIMIT
from albpatch.findings import Finding
from albpatch.lint.rules import finding
from albpatch.lint.subject import Subject

# Runtimes that AWS has ended; documents that have them keep them.
_RETIRED = ("python3.6", "python3.7", "python3.8", "python3.9", "PowerShell Core 6.0", "PowerShell 7.0")
_WHOLE = "the document"


def _fits(text: str) -> bool:
    """Whether JSON is below the limit without its white space."""
    try:
        return len(json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False).encode()) <= SIZE_LIMIT
    except ValueError:
        return False


def check(subject: Subject) -> Iterator[Finding]:
    retired = {
        f"{step.where}.inputs.Runtime": step.inputs["Runtime"]
        for step in subject.steps
        if step.inputs.get("Runtime") in _RETIRED
    }
    for defect in subject.defects:
        if defect.where in retired:
            text = f"The runtime is {retired[defect.where]}"
            yield finding("runtime-retired", defect.where, text)
        elif defect.where == "" and "the limit is" in defect.text and _fits(subject.text):
            yield finding("document-large", _WHOLE, defect.text)
        elif defect.at == "creation":
            yield finding("document-refused", defect.where or _WHOLE, f"{defect.where or _WHOLE}: {defect.text}")
