"""Is the document one that may be run, and does it guard as much as before?"""

from __future__ import annotations

from collections.abc import Iterator

from albpatch.findings import Finding
from albpatch.plan.changes import runbook
from albpatch.plan.model import Call, document
from albpatch.plan.read import Mark
from albpatch.plan.rules import finding
from albpatch.plan.sides import Subject

_EVERYBODY = "all"


def check(subject: Subject) -> Iterator[Finding]:
    for before, after in subject.pairs:
        if after is not None:
            yield from _document(after)
        if before is not None and after is not None:
            yield from _guards(before, after)


def _document(call: Call) -> Iterator[Finding]:
    resource = call.document
    if resource is None:
        return
    yield from _sharing(call)
    if isinstance(call.content, Mark):
        yield finding("not-shown", resource.address, f"The text of the document is {call.content}.")
        return
    for defect in document(call.content)[1]:
        if defect.at == "creation":
            yield finding("document-refused", resource.address, f"{defect}.")


def _sharing(call: Call) -> Iterator[Finding]:
    resource = call.document
    given = resource.values.get("permissions") if resource else None
    if resource is None or not given:
        return
    if isinstance(given, Mark):
        yield finding("not-shown", resource.address, f"Whom the document is shared with is {given}.")
        return
    accounts = str(given.get("account_ids", "")) if isinstance(given, dict) else ""
    if any(one.strip().lower() == _EVERYBODY for one in accounts.split(",")):
        yield finding("document-public", resource.address, "The document is shared with all accounts.")
    elif accounts:
        yield finding("document-shared", resource.address, f"The document is shared with {accounts}.")


def _guards(before: Call, after: Call) -> Iterator[Finding]:
    address = after.document.address if after.document else after.record_address
    differences = runbook(before, after)
    if before.content != after.content and not differences and before.document and after.document:
        hidden = [call.content for call in (before, after) if isinstance(call.content, Mark)]
        if hidden:
            yield finding("not-shown", address, f"The runbook changes, and on one side its text is {hidden[0]}.")
    for difference in differences:
        if difference.effect == "weakened":
            yield finding("guard-weakened", address, f"{difference.text}.")
        elif difference.effect == "changed":
            yield finding("guard-changed", address, f"{difference.text}.")
