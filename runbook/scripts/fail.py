"""Always raises: a failure can never be reported as success."""

from typing import Any


def handler(event: Any, _context: Any) -> None:
  raise RuntimeError(f"{event['Code']}: {event['Sentence']}")
