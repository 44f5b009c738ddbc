"""Ends a failed execution. It always raises, so that a failure can never be reported as success."""

from typing import Any, TypedDict


class Event(TypedDict):
    Code: str
    Sentence: str


def handler(event: Event, _context: Any) -> None:
    raise RuntimeError(f"{event['Code']}: {event['Sentence']}")
