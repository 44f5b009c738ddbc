"""Condition operators against request contexts."""

import json

import pytest

from albpatch.iam.conditions import Context, hold
from albpatch.iam.policy import NotEvaluable, statements

CONTEXT = Context(
    {
        "aws:SourceAccount": ["1"],
        "events:source": ["a", "b"],
        "aws:SecureTransport": ["true"],
        "arn:key": ["arn:a:b:c:d:e"],
        "empty:key": [],
    },
    absent=["aws:SourceArn"],
    tags={"ssm:resourceTag": lambda: {"ALB": "alb01"}},
)


def holds(operator, key, value, context=CONTEXT):
    """Tell whether a statement with this one condition holds."""
    policy = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {operator: {key: value}}}}
    return hold(statements(json.dumps(policy))[0], context)


@pytest.mark.parametrize(
    ("operator", "key", "value", "expected"),
    [
        ("StringEquals", "aws:SourceAccount", "1", True),
        ("StringEquals", "AWS:sourceaccount", ["2", "1"], True),
        ("StringEquals", "aws:SourceAccount", "*", False),
        ("StringNotEquals", "aws:SourceAccount", "2", True),
        ("StringNotEquals", "aws:SourceAccount", ["1", "2"], False),
        ("StringLike", "aws:SourceAccount", "?", True),
        ("StringNotLike", "aws:SourceAccount", "*", False),
        ("StringEqualsIgnoreCase", "ssm:resourceTag/ALB", "ALB01", True),
        ("StringNotEqualsIgnoreCase", "ssm:resourceTag/ALB", "ALB01", False),
        ("StringEquals", "ssm:resourceTag/alb", "alb01", True),
        ("StringEquals", "ssm:resourceTag/ALB", "ALB01", False),
        ("StringEquals", "ssm:resourceTag/Other", "alb01", False),
        ("StringNotEquals", "ssm:resourceTag/Other", "alb01", True),
        ("StringEqualsIfExists", "ssm:resourceTag/Other", "alb01", True),
        ("ArnLike", "arn:key", "arn:*:b:c:d:*", True),
        ("ArnEquals", "arn:key", "arn:*:b:c:d:*", True),
        ("ArnNotLike", "arn:key", "arn:*:b:c:d:*", False),
        ("ArnLike", "aws:SourceArn", "arn:*:b:c:d:*", False),
        ("ArnLikeIfExists", "aws:SourceArn", "arn:*:b:c:d:*", True),
        ("Bool", "aws:SecureTransport", True, True),
        ("Bool", "aws:SecureTransport", "false", False),
        ("StringEquals", "empty:key", "1", False),
        ("StringLikeIfExists", "empty:key", "1", True),
        ("Null", "empty:key", "true", True),
        ("Null", "aws:SourceArn", "true", True),
        ("Null", "aws:SourceAccount", "true", False),
        ("Null", "aws:SourceAccount", "false", True),
        ("ForAnyValue:StringEquals", "events:source", "b", True),
        ("ForAnyValue:StringEquals", "events:source", "c", False),
        ("ForAllValues:StringEquals", "events:source", ["a", "b", "c"], True),
        ("ForAllValues:StringEquals", "events:source", "a", False),
        ("ForAllValues:StringEquals", "aws:SourceArn", "a", True),
        ("ForAnyValue:StringEquals", "aws:SourceArn", "a", False),
        ("ForAnyValue:StringNotEquals", "aws:SourceArn", "a", False),
    ],
)
def test_operators(operator, key, value, expected):
    """Every operator answers as IAM documents it, also for a key that the request does not have."""
    assert holds(operator, key, value) is expected


def test_all_conditions_must_hold():
    """Operators and keys of one block are joined by and."""
    block = {"StringEquals": {"aws:SourceAccount": "1", "ssm:resourceTag/ALB": "alb02"}}
    policy = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": block}}

    assert hold(statements(json.dumps(policy))[0], CONTEXT) is False


@pytest.mark.parametrize(
    ("operator", "key", "value", "message"),
    [
        ("IpAddress", "aws:SourceAccount", "10.0.0.0/8", "operator IpAddress"),
        ("ForSomeValue:StringEquals", "aws:SourceAccount", "1", "operator ForSomeValue"),
        ("StringEquals", "aws:SourceIp", "1", "key aws:SourceIp"),
        ("StringNotEquals", "aws:PrincipalTag/team", "x", "key aws:PrincipalTag/team"),
        ("StringEquals", "events:source", "a", "2 values of events:source"),
    ],
)
def test_what_is_not_known_is_an_error(operator, key, value, message):
    """An operator or key that the evaluator does not know never counts as met, nor as not met."""
    with pytest.raises(NotEvaluable, match=message):
        holds(operator, key, value)


def test_tags_are_read_only_when_asked_for():
    """A context reads the tags of a resource only when a condition names one."""
    reads = []

    def tags():
        reads.append(1)
        return {"ALB": "alb01"}

    context = Context({"aws:SourceAccount": ["1"]}, tags={"aws:ResourceTag": tags})

    assert holds("StringEquals", "aws:SourceAccount", "1", context)
    assert not reads
    assert holds("StringEquals", "aws:ResourceTag/ALB", "alb01", context)
    assert reads
