"""Transactions: a token makes a repeated one count once."""

import pytest

from albpatch.region.operations import AwsError
from data_plane import Fleet

TABLE = "items"


@pytest.fixture(scope="module")
def fleet():
    made = Fleet(1)
    made.make(
        "dynamodb",
        "CreateTable",
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "Id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "Id", "AttributeType": "S"}],
    )
    yield made
    made.region.close()


def put(fleet, key, token):
    """Write an item that must not exist yet."""
    item = {"TableName": TABLE, "Item": {"Id": {"S": key}}, "ConditionExpression": "attribute_not_exists(Id)"}
    params = {"TransactItems": [{"Put": item}], "ClientRequestToken": token}
    return fleet.region.call(fleet.region.administrator, "dynamodb", "TransactWriteItems", params)


def test_a_repeated_transaction_counts_once(fleet):
    """Within ten minutes the same token succeeds without a second look; afterwards it is a new request."""
    put(fleet, "a", "one")
    put(fleet, "a", "one")
    clock = fleet.region.clock
    clock.run(clock.spawn("wait", clock.sleep, 601))

    with pytest.raises(AwsError, match="TransactionCanceledException"):
        put(fleet, "a", "one")


def test_another_token_is_another_transaction(fleet):
    """The condition is judged anew."""
    put(fleet, "b", "two")

    with pytest.raises(AwsError, match="TransactionCanceledException"):
        put(fleet, "b", "three")


def test_a_token_belongs_to_one_request(fleet):
    """The same token with other parameters is refused, and writes nothing."""
    put(fleet, "c", "four")

    with pytest.raises(AwsError, match="IdempotentParameterMismatchException"):
        put(fleet, "d", "four")
    put(fleet, "d", "five")


def test_a_refused_transaction_leaves_no_token(fleet):
    """What was not carried out is judged anew with the same token."""
    put(fleet, "e", "six")

    for _ in range(2):
        with pytest.raises(AwsError, match="TransactionCanceledException"):
            put(fleet, "e", "seven")


def test_a_refused_transaction_leaves_everything_as_it_was(fleet):
    """An update, a new item and a deletion before the condition that fails: none of them is seen, then or later."""
    region, caller = fleet.region, fleet.region.administrator
    for key in ("kept", "gone", "other"):
        put(fleet, key, f"token-{key}")

    def act(kind, key, **more):
        return {kind: {"TableName": TABLE, "Key": {"Id": {"S": key}}, **more}}

    def update(key):
        return act("Update", key, UpdateExpression="SET A = :a", ExpressionAttributeValues={":a": {"S": "new"}})

    def read(key):
        return region.call(caller, "dynamodb", "GetItem", {"TableName": TABLE, "Key": {"Id": {"S": key}}}).get("Item")

    new = {"Put": {"TableName": TABLE, "Item": {"Id": {"S": "made"}}}}
    refused = act("ConditionCheck", "other", ConditionExpression="attribute_not_exists(Id)")
    with pytest.raises(AwsError, match="TransactionCanceledException"):
        region.call(
            caller,
            "dynamodb",
            "TransactWriteItems",
            {"TransactItems": [update("kept"), new, act("Delete", "gone"), refused]},
        )

    assert [read(key) for key in ("kept", "made", "gone")] == [{"Id": {"S": "kept"}}, None, {"Id": {"S": "gone"}}]
    region.call(caller, "dynamodb", "TransactWriteItems", {"TransactItems": [update("kept")]})
    assert read("kept")["A"] == {"S": "new"}


def update(fleet, key, expression, condition, **values):
    params = {"TableName": TABLE, "Key": {"Id": {"S": key}}, "UpdateExpression": expression, "ReturnValues": "ALL_NEW"}
    given = {f":{name}": {"N": str(value)} for name, value in values.items()}
    asked = {**params, "ConditionExpression": condition, "ExpressionAttributeValues": given}
    return fleet.region.call(fleet.region.administrator, "dynamodb", "UpdateItem", asked)["Attributes"]


def test_an_expression_that_was_read_before(fleet):
    """The same text with another value, on another item, after a refusal: each use is judged and done by itself."""
    write, unless = "SET Many = if_not_exists(Many, :start) + :more", "attribute_not_exists(Many) OR Many < :limit"

    def add(key, more):
        return update(fleet, key, write, unless, start=1, more=more, limit=5)["Many"]["N"]

    assert (add("x", 1), add("x", 5), add("y", 3)) == ("2", "7", "4")
    for _ in range(2):
        with pytest.raises(AwsError, match="ConditionalCheckFailedException"):
            add("x", 1)
    assert add("y", 2) == "6"


def test_an_expression_that_is_none(fleet):
    """It is refused as often as it is sent."""
    for _ in range(2):
        with pytest.raises(AwsError, match="ValidationException"):
            update(fleet, "x", "SET Many + :more", "attribute_exists(Id)", more=1)
        with pytest.raises(Exception, match=r"Cannot parse condition|ValidationException"):
            update(fleet, "x", "SET Many = :more", "Many ! :more", more=1)
