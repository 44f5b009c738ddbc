"""What somebody else did to the registrations during a night: it is theirs, and nobody undoes it."""

from __future__ import annotations

from collections.abc import Iterator

from albpatch.region.journal import Entry
from albpatch.rehearsal.evidence import Evidence


def moved(e: Evidence, until: float | None = None) -> set[str]:
    """The targets (`target group|instance|port`) that somebody else registered or deregistered last."""
    entries = [entry for entry in _registrations(e) if until is None or entry.time <= until]
    theirs = {entry.subject: not e.is_ours(entry) for entry in entries}  # the last one counts
    return {key for key, is_theirs in theirs.items() if is_theirs}


def meddled(e: Evidence, action: str | None = None) -> set[str]:
    """The instances that somebody else registered or deregistered."""
    theirs = (entry for entry in _registrations(e) if not e.is_ours(entry))
    return {entry.subject.rsplit("|", 2)[1] for entry in theirs if action in (None, entry.detail["action"])}


def undone(e: Evidence) -> Iterator[Entry]:
    """Every registration of ours of a target that somebody else had taken out."""
    theirs = set[str]()
    for entry in _registrations(e):
        if entry.detail["action"] == "deregister" and not e.is_ours(entry):
            theirs.add(entry.subject)
        elif entry.detail["action"] == "register" and e.is_ours(entry) and entry.subject in theirs:
            yield entry
        else:
            theirs.discard(entry.subject)


def _registrations(e: Evidence) -> Iterator[Entry]:
    return (entry for entry in e.night if entry.kind == "registration")
