"""Lambda's operation Invoke, for the functions that the region has a model of."""

from __future__ import annotations

import io
import json
from typing import Any

from albpatch.region.core import Region
from albpatch.region.functions import Functions
from albpatch.region.operations import AwsError, Caller, NotKnownHere, operation


@operation("lambda", "Invoke")
def invoke(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """Call a function and wait for its answer (InvocationType RequestResponse)."""
    strange = sorted(set(params) - {"FunctionName", "Payload", "InvocationType"})
    if strange:
        raise NotKnownHere(f"lambda:Invoke {strange[0]}")
    if params.get("InvocationType", "RequestResponse") != "RequestResponse":
        raise NotKnownHere(f"lambda:Invoke InvocationType {params['InvocationType']}")
    answer, error = region.part(Functions).invoke(params["FunctionName"], _event(params.get("Payload", b"{}")))
    failed = {} if error is None else {"FunctionError": error}
    return {
        "StatusCode": 200,
        "ExecutedVersion": "$LATEST",
        "Payload": io.BytesIO(json.dumps(answer, separators=(",", ":")).encode()),
        **failed,
    }


def _event(payload: bytes | str) -> dict[str, Any]:
    try:
        event = json.loads(payload)
    except ValueError as error:
        raise AwsError("InvalidRequestContentException", f"Could not parse request body into json: {error}") from None
    if not isinstance(event, dict):
        raise NotKnownHere("lambda:Invoke with a payload that is no object")
    return event
