"""The lease table as an operator reads and writes it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from albpatch.errors import Failure
from albpatch.leases import Pause
from albpatch.live.calls import Unanswered
from albpatch.operate import table
from unit.operate.accounts import OWNER, I, error, item, session


def test_what_stands_in_it():
    """Records, halted rolls and the pause; holders of leases; what is not known is passed over."""
    items = [
        item(),
        {"Id": {"S": "TG#arn"}, "Holders": {"SS": [f"{I} 1"]}},
        {"Id": {"S": "ROLL#1"}, "Halted": {"S": "NOT_HEALTHY"}},
        {"Id": {"S": "ROLL#2"}, "Started": {"N": "12"}},
        {"Id": {"S": "PAUSE"}, "Reason": {"S": "an incident"}},
        {"Id": {"S": f"FAILED#{I}"}, "Failure": {"S": "INSTALL_FAILED in 1"}},
        {"Id": {"S": "FAILED#i-2"}},
        {"Id": {"S": "SOMETHING#else"}},
    ]
    found = table.read(session(scan={"Items": items}))

    assert list(found.records) == [I]
    record = found.records[I]
    assert (record.owner, record.state, record.since) == (OWNER, "INSTALLING", datetime(2026, 1, 4, 3, tzinfo=UTC))
    assert [dict(target) for target in record.registrations[0].targets] == [{"Id": I, "Port": 80}]
    assert found.failed == {I: "INSTALL_FAILED in 1"}
    assert found.holders == {"arn": (I,)}
    assert found.halted == {"1": "NOT_HEALTHY"}
    assert found.pause == Pause("an incident", "", None)


def test_every_page_is_read():
    """A table of many pages hides nobody; each page is read consistently."""
    asked = []

    def page(params):
        asked.append(params)
        last = {} if "ExclusiveStartKey" in params else {"LastEvaluatedKey": {"Id": {"S": "x"}}}
        return {"Items": [item(f"i-{len(asked):08x}")], **last}

    assert list(table.read(session(scan=page)).records) == ["i-00000001", "i-00000002"]
    assert asked[1]["ExclusiveStartKey"] == {"Id": {"S": "x"}}
    assert all(params["ConsistentRead"] for params in asked)


@pytest.mark.parametrize("record", ["{", "[{}]", "[1]", '{"a": 1}'])
def test_a_record_that_cannot_be_read(record):
    """A later schema, or a table that somebody wrote into: one line that names the instance, never a guess."""
    with pytest.raises(Failure, match=rf"^the record of {I} \(schema 9\) cannot be read by this albpatch$"):
        table.read(session(scan={"Items": [item(Record=record, RecordSchema="9")]}))


def test_a_table_that_is_gone():
    """Said with its name."""
    with pytest.raises(Failure, match="there is no lease table web-alb-patching"):
        table.read(session(scan=error("ResourceNotFoundException", "Scan")))


def test_a_refused_scan():
    """Names the action that is missing."""
    with pytest.raises(Unanswered) as refused:
        table.read(session(scan=error("AccessDeniedException", "Scan")))

    assert (refused.value.denied, refused.value.action) == (True, "dynamodb:Scan")


def test_halting_keeps_the_first_reason():
    """What halted the roll first stays: `if_not_exists`."""
    seen = session(update_item={})
    table.halt(seen, "1", "STOPPED by me")
    ((_, params),) = seen.boto.made

    assert params["Key"] == {"Id": {"S": "ROLL#1"}}
    assert params["UpdateExpression"] == "SET Halted = if_not_exists(Halted, :why)"
    assert params["ExpressionAttributeValues"] == {":why": {"S": "STOPPED by me"}}
