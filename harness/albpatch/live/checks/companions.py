"""Are the other documents of a night, beside the one that patches, the ones that were applied?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from albpatch.live.checks.common import compared
from albpatch.live.verdicts import Check, Item, Look, wrong


def as_recorded(look: Look) -> Iterator[Item]:
    """The default version of each, which is the one that is started by name, has the recorded text."""
    for name, sha256 in sorted((look.deployment.companions or {}).items()):
        subject, found = f"document {name}", look.account.automation.document(name)
        if found is None:
            yield wrong("document-changed", subject, "does not exist", "a document that the runbook starts or sends")
            continue
        yield from compared(
            "document-changed",
            subject,
            {"status": "Active", "owner": look.deployment.account_id, "sha256": sha256},
            {
                "status": found["Status"],
                "owner": found["Owner"],
                "sha256": hashlib.sha256(found["Content"].encode()).hexdigest(),
            },
        )


CHECKS = (
    Check(
        "companions-as-recorded",
        "the documents that the runbook starts or sends are the ones that were applied",
        as_recorded,
        ("document-changed",),
    ),
)
