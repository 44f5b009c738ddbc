"""SNS: what is published to a topic is journaled.

https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from __future__ import annotations

from typing import Any

from albpatch.region.core import Region
from albpatch.region.operations import AwsError, Caller, NotKnownHere, operation

SUBJECT_LENGTH = 99  # less than 100 characters
MESSAGE_BYTES = 256 * 1024


@operation("sns", "Publish")
def publish(region: Region, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """Publish a message to a topic that exists."""
    if set(params) - {"TopicArn", "Message", "Subject"}:
        more = ", ".join(sorted(set(params) - {"TopicArn", "Message", "Subject"}))
        raise NotKnownHere(f"sns:Publish with {more}")
    topic, subject, message = params.get("TopicArn", ""), params.get("Subject"), params["Message"]
    if not message:
        raise AwsError("InvalidParameter", "Invalid parameter: Empty message")
    if len(message.encode()) > MESSAGE_BYTES:
        raise AwsError("InvalidParameter", "Invalid parameter: Message too long")
    if subject is not None and not _is_subject(subject):
        raise AwsError("InvalidParameter", "Invalid parameter: Subject")
    answer = region.backend("sns", "Publish", params)
    region.journal.add("notification", topic, title=subject or "", message=message, by=caller.arn)
    return answer


def _is_subject(text: str) -> bool:
    """ASCII text that begins with a letter, number or punctuation mark, in one line."""
    printable = text.isascii() and text.isprintable() and not text.startswith(" ")
    return printable and 0 < len(text) <= SUBJECT_LENGTH
