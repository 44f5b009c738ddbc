"""DynamoDB: the control plane's own state. moto evaluates conditions and transactions as DynamoDB does.

API reference, TransactWriteItems: a ClientRequestToken, which every SDK draws by itself, makes the call idempotent for
ten minutes. moto does not look at it.
"""

from __future__ import annotations

from typing import Any

from albpatch.region.core import Region
from albpatch.region.operations import AwsError, Caller, answered_by_backend, operation

TOKEN_SECONDS = 600.0

answered_by_backend("dynamodb", "DeleteItem", "GetItem", "Scan", "UpdateItem")
answered_by_backend("dynamodb", "DescribeContinuousBackups", "DescribeTable", "DescribeTimeToLive")


class Tokens:
    """The client request tokens of transactions that were carried out (a region's part): until when, and for what."""

    def __init__(self, _region: Region) -> None:
        self.known: dict[str, tuple[float, dict[str, Any]]] = {}


@operation("dynamodb", "TransactWriteItems")
def transact_write_items(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """Write all or nothing, once for each token. Raises AwsError."""
    asked = {name: value for name, value in params.items() if name != "ClientRequestToken"}
    token, now, tokens = params.get("ClientRequestToken"), region.clock.time(), region.part(Tokens)
    until, before = tokens.known.get(str(token), (0.0, {}))
    if token is not None and now < until:
        if before != asked:
            raise AwsError("IdempotentParameterMismatchException", "The token was used with other parameters.")
        return {}
    answer = region.backend("dynamodb", "TransactWriteItems", asked)
    if token is not None:
        tokens.known[str(token)] = (now + TOKEN_SECONDS, asked)
    return answer
