"""Event patterns, by EventBridge's documented operators."""

import json

import pytest

from albpatch.region.event_patterns import matches
from albpatch.region.operations import NotKnownHere

EVENT = {"source": "aws.ssm", "detail": {"Status": "Failed", "Definition": "patch", "Count": 3, "Tags": ["a", "b"]}}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"source": ["aws.ssm"]}, True),
        ({"source": ["aws.ec2", "aws.ssm"]}, True),
        ({"source": ["aws.ec2"]}, False),
        ({"source": ["aws.ssm"], "detail": {"Status": ["Success"]}}, False),
        ({"detail": {"Status": [{"anything-but": ["Success", "InProgress"]}]}}, True),
        ({"detail": {"Status": [{"anything-but": "Failed"}]}}, False),
        ({"detail": {"Other": [{"anything-but": "Failed"}]}}, False),
        ({"detail": {"Status": [{"prefix": "Fail"}]}}, True),
        ({"detail": {"Status": [{"prefix": "fail"}]}}, False),
        ({"detail": {"Count": [{"prefix": "3"}]}}, False),
        ({"detail": {"Other": [{"exists": False}]}}, True),
        ({"detail": {"Other": [{"exists": True}]}}, False),
        ({"detail": {"Status": [{"exists": True}]}}, True),
        ({"detail": [{"exists": True}]}, False),
        ({"detail": {"Count": [3]}}, True),
        ({"detail": {"Count": ["3"]}}, False),
        ({"detail": {"Tags": ["b"]}}, True),
        ({"detail": {"Tags": ["c"]}}, False),
        ({"source": {"deeper": ["aws.ssm"]}}, False),
    ],
)
def test_pattern(pattern, expected):
    """Members are ANDed, values ORed, compared with case and type; an operator asks the leaf it stands in."""
    assert matches(json.dumps(pattern), EVENT) is expected


@pytest.mark.parametrize(
    "leaf",
    [
        [{"suffix": "ed"}],
        [{"numeric": [">", 1]}],
        [{"anything-but": {"prefix": "F"}}],
        [{"prefix": {"equals-ignore-case": "f"}}],
        [{"prefix": "F", "exists": True}],
        "Failed",
    ],
)
def test_an_operator_that_is_not_known_here(leaf):
    """What is not known here is an error, also where another member already decides."""
    pattern = json.dumps({"source": ["aws.ec2"], "detail": {"Status": leaf}})

    with pytest.raises(NotKnownHere):
        matches(pattern, EVENT)


def test_alternatives_are_not_known_here():
    """$or is an error."""
    with pytest.raises(NotKnownHere, match="or"):
        matches('{"$or": [{"source": ["aws.ssm"]}]}', EVENT)
