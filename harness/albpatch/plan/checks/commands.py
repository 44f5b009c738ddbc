"""Do the documents that run on the hosts stay what they are, and nobody else's?"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from albpatch.document.text import Unreadable, parse
from albpatch.findings import Finding
from albpatch.plan.checks.runbook import sharing
from albpatch.plan.model import Call
from albpatch.plan.read import Mark, Resource
from albpatch.plan.rules import finding
from albpatch.plan.sides import Subject

_WORDS = "The text of the document that runs on the hosts"


def check(subject: Subject) -> Iterator[Finding]:
    for before, after in subject.pairs:
        if after is None:
            continue
        olds = {} if before is None else _commands(before)
        for name, resource in _commands(after).items():
            yield from sharing(resource)
            yield from _text(resource, olds.get(name))


def _commands(call: Call) -> dict[Any, Resource]:
    """The Command documents that a call manages, by name."""
    documents = (r for r in call.of_type("aws_ssm_document") if r.managed)
    return {r.values.get("name"): r for r in documents if r.values.get("document_type") == "Command"}


def _text(resource: Resource, before: Resource | None) -> Iterator[Finding]:
    new, old = resource.values.get("content"), None if before is None else before.values.get("content")
    hidden = next((text for text in (new, old) if isinstance(text, Mark)), None)
    if hidden is not None and new != old:
        yield finding("not-shown", resource.address, f"{_WORDS} is {hidden}.")
    elif isinstance(new, str) and isinstance(old, str) and _meaning(new) != _meaning(old):
        lines = list(difflib.ndiff(old.splitlines(), new.splitlines()))
        added, removed = (sum(line.startswith(sign) for line in lines) for sign in ("+ ", "- "))
        yield finding("guard-changed", resource.address, f"{_WORDS} changed: {added} lines added, {removed} removed.")


def _meaning(text: str) -> Any:
    """What it says without the comments and the layout of the file; the text itself where it cannot be read."""
    try:
        return parse(text)
    except Unreadable:
        return text
