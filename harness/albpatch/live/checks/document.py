"""Is the document the one that was applied?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from albpatch.live.checks.common import compared, listed
from albpatch.live.verdicts import Check, Item, Look, right, wrong


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


def default(look: Look) -> Iterator[Item]:
    """Who starts the runbook by hand starts the version that was applied."""
    wanted = look.deployment.document
    found = look.account.automation.document(wanted.name)
    version = "none" if found is None else found["DocumentVersion"]
    subject, what = f"document {wanted.name}", f"the default version is {version}"
    if version == wanted.version:
        yield right(subject, what, wanted.version)
    else:
        yield wrong("document-not-default", subject, what, wanted.version)


def not_shared(look: Look) -> Iterator[Item]:
    """Nobody else may run or read the document."""
    name = look.deployment.document.name
    if look.account.automation.document(name) is None:
        return
    shared = look.account.automation.shared_with(name)
    if shared:
        yield wrong("document-shared", f"document {name}", f"is shared with {listed(shared)}", "nobody")
    else:
        yield right(f"document {name}", "is shared with nobody", "nobody")


CHECKS = (
    Check("document-as-recorded", "the document is the one that was applied", as_recorded, ("document-changed",)),
    Check("document-default", "the default version is the one that was applied", default, ("document-not-default",)),
    Check("document-not-shared", "the document is shared with nobody", not_shared, ("document-shared",)),
)
