"""The lease tables of an account: how they are made, and what they hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from albpatch import leases
from albpatch.live.calls import Calls

_GONE = ("ResourceNotFoundException", "TableNotFoundException")


class Leases:
    """The lease tables of the region."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def table(self, name: str) -> Mapping[str, Any] | None:
        """DescribeTable's members."""
        answer = self._calls.ask("dynamodb", "describe_table", _GONE, TableName=name)
        return None if answer is None else answer["Table"]

    def recoverable(self, name: str) -> bool:
        """Whether the table can be brought back to an earlier moment."""
        answer = self._calls.ask("dynamodb", "describe_continuous_backups", _GONE, TableName=name) or {}
        found = answer.get("ContinuousBackupsDescription", {}).get("PointInTimeRecoveryDescription", {})
        return bool(found.get("PointInTimeRecoveryStatus") == "ENABLED")

    def expires(self, name: str) -> bool:
        """Whether items are deleted when their time is over."""
        answer = self._calls.ask("dynamodb", "describe_time_to_live", _GONE, TableName=name) or {}
        return answer.get("TimeToLiveDescription", {}).get("TimeToLiveStatus") in ("ENABLED", "ENABLING")

    def contents(self, name: str) -> leases.Contents:
        """Every item of a table that exists."""
        return leases.read(self._calls.pages("dynamodb", "scan", "Items", TableName=name, ConsistentRead=True))
