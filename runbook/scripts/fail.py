"""Ends a failed execution. It always raises, so that a failure can never be reported as success."""

from typing import Any


def handler(event: Any, _context: Any) -> None:
  raise RuntimeError(f"{event['Code']}: {event['Sentence']}")
