"""Are the documents the ones that were applied?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from albpatch.document.model import Refused
from albpatch.document.read import load
from albpatch.live.checks.common import compared, listed
from albpatch.live.verdicts import Check, Item, Look, right, wrong
from albpatch.settings import Role


def as_recorded(look: Look) -> Iterator[Item]:
    """The recorded version is there, active, with the recorded text and parameters."""
    wanted = look.deployment.document
    found = look.account.automation.document(wanted.name, wanted.version)
    if found is None:
        yield wrong("document-changed", f"document {wanted.name}", f"has no version {wanted.version}", wanted.version)
        return
    yield from compared(
        "document-changed",
        f"document {wanted.name} version {wanted.version}",
        {"status": "Active", "type": "Automation", "owner": look.deployment.account_id, "sha256": wanted.content_sha256}
        | {"parameters": sorted(wanted.parameter_names)},
        {
            "status": found["Status"],
            "type": found["DocumentType"],
            "owner": found["Owner"],
            "sha256": hashlib.sha256(found["Content"].encode()).hexdigest(),
            "parameters": sorted(parameter["Name"] for parameter in found.get("Parameters", [])),
        },
    )


def children(look: Look) -> Iterator[Item]:
    """The assess and the restore runbook are there, active, and assume the recorded roles."""
    for name, role in look.children.items():
        yield from _child(look, name, role)


def _child(look: Look, name: str, wanted: Role) -> Iterator[Item]:
    subject, found = f"document {name}", look.account.automation.document(name)
    if found is None:
        yield wrong("document-changed", subject, "does not exist", "the runbook that every execution starts")
        return
    try:
        role = load(found["Content"]).assume_role
    except Refused as error:
        yield wrong("document-changed", subject, " ".join(str(error).split()), "an Automation document")
        return
    yield from compared(
        "document-changed",
        subject,
        {"status": "Active", "type": "Automation", "owner": look.deployment.account_id, "role": wanted.arn},
        {"status": found["Status"], "type": found["DocumentType"], "owner": found["Owner"], "role": role},
    )


def default(look: Look) -> Iterator[Item]:
    """Who starts a runbook by its name starts the version that was applied: of what is not recorded, the latest."""
    document = look.deployment.document
    for name, recorded in [(document.name, document.version), *((name, None) for name in look.children)]:
        found = look.account.automation.document(name)
        version = "none" if found is None else found["DocumentVersion"]
        wanted = recorded or ("one" if found is None else found["LatestVersion"])
        subject, what = f"document {name}", f"the default version is {version}"
        if version == wanted:
            yield right(subject, what, wanted)
        else:
            yield wrong("document-not-default", subject, what, wanted)


def not_shared(look: Look) -> Iterator[Item]:
    """Nobody else may run or read the documents."""
    for name in look.documents:
        if look.account.automation.document(name) is None:
            continue
        shared = look.account.automation.shared_with(name)
        if shared:
            yield wrong("document-shared", f"document {name}", f"is shared with {listed(shared)}", "nobody")
        else:
            yield right(f"document {name}", "is shared with nobody", "nobody")


CHECKS = (
    Check("document-as-recorded", "the document is the one that was applied", as_recorded, ("document-changed",)),
    Check(
        "child-documents-as-recorded",
        "the assess and the restore runbook are there and assume their roles",
        children,
        ("document-changed",),
    ),
    Check(
        "document-default", "the default versions are the ones that were applied", default, ("document-not-default",)
    ),
    Check("document-not-shared", "the documents are shared with nobody", not_shared, ("document-shared",)),
)
