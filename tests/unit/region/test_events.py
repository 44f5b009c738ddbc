"""EventBridge's PutEvents."""

import pytest

from albpatch.region.clock import VirtualClock
from albpatch.region.core import Region
from albpatch.region.operations import AwsError, NotKnownHere
from albpatch.region.transport.in_process import client

EVENT = {"Source": "my.app", "DetailType": "Outcome", "Detail": '{"a": 1}'}


@pytest.fixture
def region():
    made = Region(VirtualClock(0.0))
    yield made
    made.close()


def put(region, *entries):
    """PutEvents through boto3, without what only HTTP adds."""
    answer = client(region, region.administrator, "events").put_events(Entries=list(entries))
    return answer["FailedEntryCount"], answer["Entries"]


def test_an_event_is_journaled(region):
    """What was put can be read in the journal, the detail as data; each event has an id of its own."""
    failed, entries = put(region, EVENT, EVENT | {"Source": "other"})

    assert failed == 0
    assert entries[0]["EventId"] != entries[1]["EventId"]
    first, second = region.journal.of("event")
    assert (first.subject, first.detail["detail_type"], first.detail["detail"]) == ("my.app", "Outcome", {"a": 1})
    assert second.subject == "other"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Source": ""}, "InvalidArgument"),
        ({"DetailType": ""}, "InvalidArgument"),
        ({"Detail": ""}, "InvalidArgument"),
        ({"Source": "aws.ssm"}, "NotAuthorizedForSourceException"),
        ({"Detail": "text"}, "MalformedDetail"),
        ({"Detail": "[1]"}, "MalformedDetail"),
    ],
)
def test_an_entry_that_is_refused(region, change, code):
    """A bad entry is answered with its code; the good one beside it is put."""
    failed, entries = put(region, EVENT | change, EVENT)

    assert failed == 1
    assert entries[0]["ErrorCode"] == code
    assert "EventId" in entries[1]
    assert len(region.journal.of("event")) == 1


def test_a_missing_member_is_refused(region):
    """Source is required."""
    _, entries = put(region, {k: v for k, v in EVENT.items() if k != "Source"})

    assert entries[0]["ErrorCode"] == "InvalidArgument"


def test_limits_of_a_request(region):
    """At most ten entries and 256 KB."""
    with pytest.raises(AwsError, match="ValidationException"):
        region.call(region.administrator, "events", "PutEvents", {"Entries": [EVENT] * 11})
    with pytest.raises(AwsError, match="over the limit"):
        large = EVENT | {"Detail": '{"a": "' + "x" * 270_000 + '"}'}
        region.call(region.administrator, "events", "PutEvents", {"Entries": [large]})


@pytest.mark.parametrize("bus", ["default", "arn:aws:events:us-east-1:123456789012:event-bus/default"])
def test_the_default_bus(region, bus):
    """The default bus may be named or given as its ARN."""
    assert put(region, EVENT | {"EventBusName": bus})[0] == 0


@pytest.mark.parametrize("more", [{"EventBusName": "orders"}, {"TraceHeader": "Root=1"}])
def test_what_is_not_known_here(region, more):
    """Other buses and members are errors."""
    with pytest.raises(NotKnownHere):
        region.call(region.administrator, "events", "PutEvents", {"Entries": [EVENT | more]})
