"""What happened in the region, in order: the raw material of timelines and verdicts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Entry:
    """One thing that happened: `time` in seconds since the epoch, `kind` and `subject` as the service names them."""

    time: float
    kind: str
    subject: str
    detail: dict[str, Any] = field(default_factory=dict)


class Journal:
    """An append-only list with listeners."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.entries: list[Entry] = []
        self.listeners: list[Callable[[Entry], None]] = []

    def add(self, kind: str, subject: str, **detail: Any) -> Entry:
        entry = Entry(self._now(), kind, subject, detail)
        self.entries.append(entry)
        for listen in self.listeners:
            listen(entry)
        return entry

    def of(self, kind: str, subject: str | None = None) -> list[Entry]:
        """The entries of one kind, of one subject if given, oldest first."""
        return [e for e in self.entries if e.kind == kind and subject in (None, e.subject)]
