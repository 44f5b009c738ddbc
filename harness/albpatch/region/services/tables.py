"""DynamoDB: the control plane's own state. moto evaluates conditions and transactions as DynamoDB does.

API reference, TransactWriteItems: a ClientRequestToken, which every SDK draws by itself, makes the call idempotent for
ten minutes. moto does not look at it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from moto.core.exceptions import _RESTError
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler

from albpatch.region.core import Region
from albpatch.region.dynamodb_expressions import read_once
from albpatch.region.operations import AwsError, Caller, answered_by_backend, operation

TOKEN_SECONDS = 600.0
read_once()

answered_by_backend("dynamodb", "DeleteItem", "Scan")
answered_by_backend("dynamodb", "DescribeContinuousBackups", "DescribeTable", "DescribeTimeToLive")


class Tokens:
    """The client request tokens of transactions that were carried out (a region's part): until when, and for what."""

    def __init__(self, _region: Region) -> None:
        self.known: dict[str, tuple[float, dict[str, Any]]] = {}


@operation("dynamodb", "GetItem")
def get_item(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    return _asked(region, "get_item", params)


@operation("dynamodb", "UpdateItem")
def update_item(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    return _asked(region, "update_item", params)


def _asked(region: Region, method: str, params: dict[str, Any]) -> dict[str, Any]:
    """What moto answers, without the way through HTTP texts: a night makes twenty of these calls an instance.

    Raises AwsError.
    """
    handler = DynamoHandler()
    handler.current_account, handler.region, handler.body = region.account_id, region.name, params
    try:
        answer = getattr(handler, method)().result
    except _RESTError as error:
        raise AwsError(error.relative_error_type, error.message) from None
    return copy.deepcopy(dict(answer))


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
    with _copying_only(_hash_keys(asked["TransactItems"])):
        answer = _asked(region, "transact_write_items", asked)
    if token is not None:
        tokens.known[str(token)] = (now + TOKEN_SECONDS, asked)
    return answer


# For its rollback moto copies the whole table once for every item of a transaction: 4 ms for a hundred items, growing
# with the table. The items that the transaction does not name cannot change, so the copy may share them.
_named: ContextVar[frozenset[str] | None] = ContextVar("named", default=None)


def _hash_keys(items: list[dict[str, dict[str, Any]]]) -> frozenset[str]:
    """Every value of a key or of a member of an item that is put: more than the hash keys, which does no harm."""
    acts = [act for item in items for act in item.values()]
    given = [value for act in acts for value in (act.get("Key") or act["Item"]).values()]
    return frozenset(str(text) for value in given for text in value.values())


@contextmanager
def _copying_only(keys: frozenset[str]) -> Iterator[None]:
    token = _named.set(keys)
    try:
        yield
    finally:
        _named.reset(token)


def _copied(table: Any, memo: dict[int, Any]) -> Any:
    made = table.__class__.__new__(table.__class__)
    memo[id(table)] = made
    named = _named.get()
    if named is None:
        made.__dict__.update({name: copy.deepcopy(value, memo) for name, value in table.__dict__.items()})
        return made
    made.__dict__.update(table.__dict__)
    made.items = table.items.copy()
    for key in [key for key in table.items if str(key.value) in named]:
        made.items[key] = copy.deepcopy(table.items[key], memo)
    return made


Table.__deepcopy__ = _copied  # type: ignore[attr-defined]  # moto copies whole tables; it declares none
