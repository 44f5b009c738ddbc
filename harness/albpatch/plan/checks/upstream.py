"""Has AWS changed the document that a call clones, since the version that is pinned or was cloned before?"""

from __future__ import annotations

from collections.abc import Iterator

from albpatch.findings import Finding
from albpatch.plan.changes import runbooks
from albpatch.plan.model import Call, document
from albpatch.plan.read import Resource
from albpatch.plan.rules import finding
from albpatch.plan.runbook import compare
from albpatch.plan.sides import Subject

_SHOWN = 12  # differences in one finding; the section "Runbook changes" has all of an apply's


def check(subject: Subject) -> Iterator[Finding]:
    for before, after in subject.pairs:
        if after is None or after.get("document", "source") != "aws-owned":
            continue
        found = _pinned(after) or (_followed(before, after) if before is not None else None)
        if found is not None:
            yield finding("upstream-changed", _address(after), found)


def _address(call: Call) -> str:
    return call.document.address if call.document else call.record_address


def _pinned(call: Call) -> str | None:
    """A pinned version beside the default one of the day: what AWS has changed since."""
    cloned, current = _data(call, "aws_owned"), _data(call, "current")
    if cloned is None or current is None:
        return None
    old, new = cloned.values.get("content"), current.values.get("content")
    if not isinstance(old, str) or not isinstance(new, str) or old == new:
        return None
    first, second = document(old)[0], document(new)[0]
    texts = [d.text for d in compare(first, second)] if first is not None and second is not None else []
    versions = (cloned.values.get("document_version"), current.values.get("document_version"))
    return f"Version {versions[0]} is cloned, AWS's default is version {versions[1]} now: {_listed(texts)}."


def _followed(before: Call, after: Call) -> str | None:
    """Nothing is pinned: this apply takes over what AWS has changed since the last one."""
    old, new = before.get("document", "source_sha256"), after.get("document", "source_sha256")
    if not isinstance(old, str) or not isinstance(new, str) or old == new:
        return None
    texts = [d.text for one, _, found in runbooks(before, after) if one.kind == "patching" for d in found]
    versions = [call.get("document", "source_version") for call in (before, after)]
    return f"This apply clones version {versions[1]} in place of version {versions[0]}: {_listed(texts)}."


def _data(call: Call, name: str) -> Resource | None:
    found = (r for r in call.of_type("aws_ssm_document") if not r.managed and r.name == name)
    return next(found, None)


def _listed(texts: list[str]) -> str:
    rest = f"; and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return "; ".join(texts[:_SHOWN]) + rest if texts else "the text differs, what it does has not changed"
