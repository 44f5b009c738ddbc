"""A document's text -> findings."""

from __future__ import annotations

from collections.abc import Mapping

from albpatch.document.model import Defect, Document
from albpatch.document.read import read
from albpatch.document.text import Unreadable, parse
from albpatch.errors import InputError
from albpatch.findings import Block, Finding, Findings, Section, ordered
from albpatch.lint import checks
from albpatch.lint.rules import RULES, finding
from albpatch.lint.subject import Subject

# UG "Schemas, features, and examples"
_OTHER_KINDS = {"1.0": "Session", "1.2": "Command", "2.0": "Command or Policy", "2.2": "Command or Policy"}


def document_of(text: str, where: str = "document") -> tuple[Document | None, list[Defect]]:
    """The document, None where there is too little to make one of, and its defects.

    Raises:
        InputError: the text is no Automation document at all.
    """
    try:
        raw = parse(text)
    except Unreadable as error:
        raise InputError(f"{where}: {error}") from None
    if not isinstance(raw, dict):
        raise InputError(f"{where}: is no Automation document")
    version = str(raw.get("schemaVersion"))
    if kind := _OTHER_KINDS.get(version):
        what = f"is a {kind} document (schemaVersion {version})"
        raise InputError(f"{where}: {what}; what is judged here are Automation documents (0.3)")
    if "executableRunBooks" in raw or "templateInformation" in raw:
        raise InputError(f"{where}: is a change template of Change Manager, no runbook")
    return read(text)


def lint(text: str, subject: str = "document", undo: Mapping[str, str] | None = None) -> Findings:
    """Everything that is wrong with a document.

    Args:
        subject: what the document is called in reports.
        undo: what takes out of service -> what gives back, both as "service:Operation"; None: the usual ones.

    Raises:
        InputError: the text is no Automation document at all.
    """
    document, defects = document_of(text, subject)
    if document is None or not document.steps:
        found = ordered(finding("document-refused", one.where or "the document", str(one)) for one in defects)
        return _findings(subject, "a document that cannot be read further", (), found)
    looked_at = Subject(document, defects, undo, text)
    found = ordered(one for check in checks.ALL for one in check(looked_at))
    section = Section(subject, _status(looked_at), (_block(looked_at, text),))
    return _findings(subject, _headline(looked_at), (section,), found)


def _findings(subject: str, headline: str, sections: tuple[Section, ...], found: tuple[Finding, ...]) -> Findings:
    return Findings(subject, headline, sections, found, tuple(RULES.values()), "lint", "Automation document")


def _headline(subject: Subject) -> str:
    steps, calls = len(subject.flow.steps), len(_calls(subject))
    return f"{steps} step{'s' if steps != 1 else ''}, {calls} operation{'s' if calls != 1 else ''} of AWS"


def _status(subject: Subject) -> str:
    refused = any(defect.at == "creation" for defect in subject.defects)
    return "refused" if refused else "accepted"


def _calls(subject: Subject) -> list[str]:
    return sorted({call.name for made in subject.made.values() for call in made.calls})


def _block(subject: Subject, text: str) -> Block:
    facts = (
        ("size", f"{len(text.encode())} of 65536 bytes"),
        ("parameters", ", ".join(subject.document.parameters) or "none"),
        ("operations", ", ".join(_calls(subject)) or "none"),
    )
    return Block("Document", facts)
