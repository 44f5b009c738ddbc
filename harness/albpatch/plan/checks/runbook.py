"""Is the document one that may be run, and does it guard as much as before?"""

from __future__ import annotations

from collections.abc import Iterator

from albpatch.findings import Finding
from albpatch.plan.changes import runbooks
from albpatch.plan.model import Call, Runbook, document
from albpatch.plan.read import Mark, Resource
from albpatch.plan.rules import finding
from albpatch.plan.sides import Subject

_EVERYBODY = "all"


def check(subject: Subject) -> Iterator[Finding]:
    for before, after in subject.pairs:
        for runbook in after.runbooks if after is not None else ():
            yield from _document(runbook)
        if before is not None and after is not None:
            yield from _guards(before, after)


def _document(runbook: Runbook) -> Iterator[Finding]:
    yield from sharing(runbook.resource)
    if isinstance(runbook.content, Mark):
        yield finding("not-shown", runbook.resource.address, f"The text of the document is {runbook.content}.")
        return
    for defect in document(runbook.content)[1]:
        if defect.at == "creation":
            yield finding("document-refused", runbook.resource.address, f"{defect}.")


def sharing(resource: Resource) -> Iterator[Finding]:
    given = resource.values.get("permissions")
    if not given:
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
    for old, new, differences in runbooks(before, after):
        address = new.resource.address
        hidden = [runbook.content for runbook in (old, new) if isinstance(runbook.content, Mark)]
        if old.content != new.content and not differences and hidden:
            yield finding("not-shown", address, f"The runbook changes, and on one side its text is {hidden[0]}.")
        for difference in differences:
            if difference.effect == "weakened":
                yield finding("guard-weakened", address, f"{difference.text}.")
            elif difference.effect == "changed":
                yield finding("guard-changed", address, f"{difference.text}.")
