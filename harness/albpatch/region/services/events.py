"""EventBridge: what is put on the default event bus is journaled, and goes to the rules."""

from __future__ import annotations

import json
import uuid
from typing import Any

from albpatch.region.core import Region
from albpatch.region.event_bus import EventBus
from albpatch.region.operations import AwsError, Caller, NotKnownHere, operation

MAX_ENTRIES = 10
MAX_BYTES = 256 * 1024
_KNOWN = {"Source", "DetailType", "Detail", "EventBusName", "Resources", "Time"}


@operation("events", "PutEvents")
def put_events(region: Region, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """Put events. An entry that is refused is answered with its error code; the call itself succeeds."""
    entries = params["Entries"]
    if not 1 <= len(entries) <= MAX_ENTRIES:
        raise AwsError("ValidationException", f"Entries: 1 to {MAX_ENTRIES} entries")
    if sum(len(str(e.get("Detail", "")).encode()) for e in entries) > MAX_BYTES:
        raise AwsError("ValidationException", "Total size of the entries in the request is over the limit.")
    answers = [_put(region, caller, entry) for entry in entries]
    return {"FailedEntryCount": sum("ErrorCode" in a for a in answers), "Entries": answers}


def _put(region: Region, caller: Caller, entry: dict[str, Any]) -> dict[str, Any]:
    if set(entry) - _KNOWN:
        raise NotKnownHere(f"events:PutEvents entry with {', '.join(sorted(set(entry) - _KNOWN))}")
    bus = entry.get("EventBusName", "default")
    if bus.rpartition("/")[2] != "default":
        raise NotKnownHere(f"events:PutEvents to the event bus {bus}")
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            return _refused("InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument.")
    if entry["Source"].startswith("aws."):
        return _refused("NotAuthorizedForSourceException", "Not authorized for the source.")
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        detail = None
    if not isinstance(detail, dict):
        return _refused("MalformedDetail", "Detail is malformed.")
    event_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"event {len(region.journal.entries)}"))
    region.journal.add(
        "event", entry["Source"], detail_type=entry["DetailType"], detail=detail, by=caller.arn, id=event_id
    )
    region.part(EventBus).put(entry["Source"], entry["DetailType"], detail, list(entry.get("Resources", [])))
    return {"EventId": event_id}


def _refused(code: str, message: str) -> dict[str, Any]:
    return {"ErrorCode": code, "ErrorMessage": message}
