"""What several services need to put an answer into AWS's form."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from albpatch.region.operations import AwsError


def moment(seconds: float) -> datetime:
    """Seconds since the epoch as botocore parses a timestamp of the API: aware, to the millisecond."""
    return datetime.fromtimestamp(round(seconds, 3), UTC)


def page(items: list[Any], params: dict[str, Any], most: int, key: str) -> dict[str, Any]:
    """One page of `items` under `key`, with NextToken when there are more. Raises AwsError InvalidNextToken."""
    token = params.get("NextToken") or "0"
    if not token.isdigit() or int(token) > len(items):
        raise AwsError("InvalidNextToken", "The specified token is not valid.")
    first = int(token)
    size = min(params.get("MaxResults") or most, most)
    answer: dict[str, Any] = {key: items[first : first + size]}
    if first + size < len(items):
        answer["NextToken"] = str(first + size)
    return answer
