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
        "a:number": ["10"],
        "aws:CurrentTime": ["2026-01-04T03:00:00Z"],
        "aws:EpochTime": ["1767495600"],
        "aws:SourceIp": ["203.0.113.7"],
        "aws:VpcSourceIp": ["2001:db8:1234:5678::7"],
        "a:words": ["web*"],
    },
    absent=["aws:SourceArn"],
    tags={"ssm:resourceTag": lambda: {"ALB": "alb01"}, "aws:PrincipalTag": lambda: {"alb": "alb01", "any": "alb*"}},
)


def holds(operator, key, value, context=CONTEXT):
    """Tell whether a statement with this one condition holds."""
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {operator: {key: value}}}
    return hold(statements(json.dumps({"Version": "2012-10-17", "Statement": statement}))[0], context)


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


@pytest.mark.parametrize(
    ("operator", "key", "value", "expected"),
    [
        ("NumericEquals", "a:number", "10.0", True),
        ("NumericEquals", "a:number", 10, True),
        ("NumericNotEquals", "a:number", ["9", "10"], False),
        ("NumericNotEquals", "a:number", "9", True),
        ("NumericLessThan", "a:number", "10", False),
        ("NumericLessThan", "a:number", "9.5", False),
        ("NumericLessThan", "a:number", "100", True),
        ("NumericLessThanEquals", "a:number", "10", True),
        ("NumericGreaterThan", "a:number", "9", True),
        ("NumericGreaterThanEquals", "a:number", "11", False),
        ("NumericLessThanEqualsIfExists", "aws:SourceArn", "10", True),
        ("NumericNotEquals", "aws:SourceArn", "10", True),
        ("DateGreaterThan", "aws:CurrentTime", "2026-01-04T02:59:59Z", True),
        ("DateGreaterThan", "aws:CurrentTime", "2026-01-04T12:00:00+09:00", False),
        ("DateGreaterThanEquals", "aws:CurrentTime", "2026-01-04T12:00:00+09:00", True),
        ("DateLessThan", "aws:CurrentTime", "2026-01-05", True),
        ("DateLessThanEquals", "aws:CurrentTime", "2026-01-04", False),
        ("DateEquals", "aws:CurrentTime", "1767495600", True),
        ("DateNotEquals", "aws:CurrentTime", "1767495600", False),
        ("DateGreaterThan", "aws:EpochTime", "2026-01-04T02:59Z", True),
        ("NumericLessThan", "aws:EpochTime", "1767495601", True),
        ("IpAddress", "aws:SourceIp", "203.0.113.0/24", True),
        ("IpAddress", "aws:SourceIp", ["10.0.0.0/8", "203.0.113.7"], True),
        ("IpAddress", "aws:SourceIp", "2001:DB8:1234:5678::/64", False),
        ("IpAddress", "aws:VpcSourceIp", "2001:DB8:1234:5678::/64", True),
        ("NotIpAddress", "aws:SourceIp", ["192.0.2.0/24", "203.0.113.0/24"], False),
        ("NotIpAddress", "aws:SourceIp", "192.0.2.0/24", True),
        ("NotIpAddress", "aws:SourceArn", "192.0.2.0/24", True),
        ("IpAddress", "aws:SourceArn", "0.0.0.0/0", False),
    ],
)
def test_numbers_dates_and_addresses(operator, key, value, expected):
    """They are compared as what they are, in every notation that IAM documents, also when the key is missing."""
    assert holds(operator, key, value) is expected


@pytest.mark.parametrize(
    ("operator", "key", "value", "expected"),
    [
        ("StringEquals", "ssm:resourceTag/ALB", "${aws:PrincipalTag/alb}", True),
        ("StringEquals", "ssm:resourceTag/ALB", "${aws:PrincipalTag/other, 'alb01'}", True),
        ("StringEquals", "ssm:resourceTag/ALB", "${aws:PrincipalTag/other}", False),
        ("StringEquals", "ssm:resourceTag/ALB", ["${aws:PrincipalTag/other}", "alb01"], True),
        ("StringNotEquals", "ssm:resourceTag/ALB", "${aws:PrincipalTag/alb}", False),
        ("StringLike", "ssm:resourceTag/ALB", "${aws:PrincipalTag/alb}*", True),
        ("StringLike", "a:words", "web${*}", True),
        ("StringLike", "ssm:resourceTag/ALB", "alb${*}", False),
        ("StringEquals", "a:words", "web${*}", True),
        ("ArnLike", "arn:key", "arn:a:b:c:d:${aws:PrincipalTag/other, 'e'}", True),
        ("StringEqualsIfExists", "ssm:resourceTag/Other", "${aws:PrincipalTag/other}", True),
    ],
)
def test_policy_variables(operator, key, value, expected):
    """A variable stands for what the request has; nothing equals or resembles one that has no value."""
    assert holds(operator, key, value) is expected


def test_all_conditions_must_hold():
    """Operators and keys of one block are joined by and."""
    block = {"StringEquals": {"aws:SourceAccount": "1", "ssm:resourceTag/ALB": "alb02"}}
    policy = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": block}}

    assert hold(statements(json.dumps(policy))[0], CONTEXT) is False


@pytest.mark.parametrize(
    ("operator", "key", "value", "message"),
    [
        ("BinaryEquals", "aws:SourceAccount", "QQ==", "operator BinaryEquals"),
        ("IpAddress", "aws:SourceIp", "10.0.0.1/8", "10.0.0.1/8 has host bits set"),
        ("IpAddress", "aws:SourceArn:x", "10.0.0.0/8", "key aws:SourceArn:x"),
        ("IpAddress", "events:source", "10.0.0.0/8", "IP address condition"),
        ("NumericEquals", "a:number", "ten", "'ten' as a number"),
        ("NumericEquals", "a:number", "NaN", "'NaN' as a number"),
        ("NumericLessThan", "aws:SourceIp", "1", "'203.0.113.7' as a number"),
        ("DateEquals", "aws:CurrentTime", "2026", "'2026' as a date"),
        ("DateEquals", "aws:CurrentTime", "2026-01-04T03:00:00", "as a date"),
        ("DateEquals", "aws:CurrentTime", "2026-13-04", "as a date"),
        ("DateEquals", "aws:CurrentTime", "${aws:CurrentTime}", "which is no text"),
        ("Null", "aws:CurrentTime", "${aws:CurrentTime}", "which is no text"),
        ("StringEquals", "aws:SourceAccount", "${aws:username}", "key aws:username"),
        ("StringEquals", "aws:SourceAccount", "${events:source}", "of 2 values"),
        ("StringLike", "ssm:resourceTag/ALB", "${aws:PrincipalTag/any}", "a pattern, or the characters"),
        ("StringNotEquals", "ssm:resourceTag/ALB", "${aws:PrincipalTag/other}", "without a value, negated"),
        ("ForSomeValue:StringEquals", "aws:SourceAccount", "1", "operator ForSomeValue"),
        ("StringEquals", "aws:SourceVpc", "1", "key aws:SourceVpc"),
        ("StringNotEquals", "aws:RequestTag/team", "x", "key aws:RequestTag/team"),
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
