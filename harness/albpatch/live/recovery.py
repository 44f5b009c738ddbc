"""What starts the restore runbook by itself: event rules with their targets, and the queue of what did not start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from albpatch.live.calls import Calls

_GONE = ("ResourceNotFoundException",)
_NO_QUEUE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
_WAITING = "ApproximateNumberOfMessages"


class Recovery:
    """The event rules and queues of the region."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def rule(self, name: str) -> Mapping[str, Any] | None:
        """DescribeRule's members."""
        found: Mapping[str, Any] | None = self._calls.ask("events", "describe_rule", _GONE, Name=name)
        return found

    def targets(self, rule: str) -> list[Mapping[str, Any]]:
        """The targets of a rule that exists."""
        return self._calls.pages("events", "list_targets_by_rule", "Targets", Rule=rule)

    def waiting(self, queue: str) -> int | None:
        """About how many messages lie in a queue; None if there is no queue."""
        found = self._calls.ask("sqs", "get_queue_url", _NO_QUEUE, QueueName=queue)
        if found is None:
            return None
        asked = {"QueueUrl": found["QueueUrl"], "AttributeNames": [_WAITING]}
        return int(self._calls.ask("sqs", "get_queue_attributes", **asked)["Attributes"][_WAITING])
