"""What the items of a lease table say, to whoever reads one."""

from datetime import UTC, datetime

import pytest

from albpatch.leases import read
from unit.operate.accounts import OWNER, I, item


def only(**attributes):
    """The record that one item with these attributes makes."""
    (record,) = read([item(**attributes)]).records.values()
    return record


def test_a_record_in_words():
    """Instance, state, time and owner, as far as the record says them."""
    record = only()

    assert record.words == f"{I} in state INSTALLING since 2026-01-04 03:00 UTC, of execution {OWNER}"
    assert record.groups == tuple(r.arn for r in record.registrations) != ()
    assert only(Since="").words == f"{I} in state INSTALLING, of execution {OWNER}"


@pytest.mark.parametrize("text", ["{", "[{}]", "[1]", '{"a": 1}', "7", "null"])
def test_what_is_not_understood_stays_an_open_record(text):
    """A record in another form still says that its instance is out, and that it could not be read."""
    record = only(Record=text, RecordSchema="9")

    assert (record.instance, record.state, record.owner) == (I, "INSTALLING", OWNER)
    assert (record.registrations, record.schema) == ((), "9")


def test_a_record_without_an_owner():
    """Somebody wrote into it: it stays open and counts as not readable."""
    bare = read([{"Id": {"S": f"INSTANCE#{I}"}}]).records[I]

    assert (bare.owner, bare.since, bare.schema) == ("", None, "unknown")
    assert bare.words == f"{I} in state unknown, of execution unknown"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"S": "true"}, True),
        ({"BOOL": True}, True),
        ({"S": "false"}, False),
        ({"BOOL": False}, False),
        ({"S": ""}, False),
    ],
)
def test_what_counts_as_yes(value, expected):
    """A mark counts as the scripts and a person in the console write it."""
    marked = {**item(), "KeptOut": value, "Abandoned": value}
    (record,) = read([marked]).records.values()

    assert (record.kept_out, record.abandoned) == (expected, expected)
    assert not only().kept_out and not only().abandoned


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1767495600", datetime(2026, 1, 4, 3, tzinfo=UTC)), ("0", None), ("soon", None), ("-1", None)],
)
def test_moments(text, expected):
    """A time that is none is not known; it is never the year 1970."""
    assert only(Since=text).since == expected
