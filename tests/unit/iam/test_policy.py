"""Policy documents and how their patterns match."""

import json

import pytest

from albpatch.iam.policy import NotEvaluable, action_matches, arn_matches, resource_matches, statements


def document(**members):
    """A policy of one statement."""
    return json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", **members}})


@pytest.mark.parametrize(
    ("pattern", "action", "expected"),
    [
        ("*", "ssm:SendCommand", True),
        ("ssm:*", "ssm:SendCommand", True),
        ("SSM:sendcommand", "ssm:SendCommand", True),
        ("ssm:Describe*", "ssm:DescribeInstanceInformation", True),
        ("ssm:Describe*", "ssm:SendCommand", False),
        ("ssm:SendComman?", "ssm:SendCommand", True),
        ("ssm:SendCommand?", "ssm:SendCommand", False),
        ("ssm.SendCommand", "ssm:SendCommand", False),
        ("elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets", False),
    ],
)
def test_actions_match_without_case_and_with_wildcards(pattern, action, expected):
    """An action pattern matches the whole action, without regard to case."""
    assert action_matches(pattern, action) is expected


@pytest.mark.parametrize(
    ("pattern", "resource", "expected"),
    [
        ("*", "anything", True),
        (
            "arn:aws:ssm:us-east-1::document/AWS-RunPatchBaseline",
            "arn:aws:ssm:us-east-1::document/AWS-RunPatchBaseline",
            True,
        ),
        ("arn:aws:ssm:*:*:document/AWS-*", "arn:aws:ssm:us-east-1::document/AWS-RunPatchBaseline", True),
        ("arn:aws:ssm:us-east-1:1:document/web", "arn:aws:ssm:us-east-1:1:document/Web", False),
        ("arn:aws:ec2:us-east-1:1:instance/*", "arn:aws:ec2:us-east-1:1:instance/i-1", True),
        ("arn:aws:ec2:us-east-1:1:instance/*", "arn:aws:ec2:eu-west-1:1:instance/i-1", False),
        (
            "arn:aws:ssm:us-east-1:1:automation-definition/web:*",
            "arn:aws:ssm:us-east-1:1:automation-definition/web:3",
            True,
        ),
        ("arn:aws:ssm:*:document/web:x:y", "arn:aws:ssm:us-east-1:1:document/web:x:y", True),
        ("arn:aws:iam::1:role/a*b", "arn:aws:iam::1:role/axxb", True),
        ("arn:aws:iam::1:role/a*b", "arn:aws:iam::1:role/ax:xb", False),
        ("arn:aws:iam::1:role/a?b", "arn:aws:iam::1:role/a/b", True),
        ("arn:aws:iam::1:role/a?b", "arn:aws:iam::1:role/a:b", False),
        ("arn:aws:iam::1:role/a.b", "arn:aws:iam::1:role/axb", False),
    ],
)
def test_resources_match_within_segments(pattern, resource, expected):
    """A wildcard stays inside its part of the ARN, except for a `*` that ends it."""
    assert resource_matches(pattern, resource) is expected


def test_part_of_an_arn_is_not_evaluable():
    """What IAM does with a resource that is no whole ARN is not guessed."""
    with pytest.raises(NotEvaluable, match="no whole ARN"):
        resource_matches("arn:aws:ssm", "arn:aws:ssm:us-east-1:1:document/x")


@pytest.mark.parametrize(
    ("pattern", "arn", "expected"),
    [
        ("arn:aws:ssm:*:1:automation-execution/*", "arn:aws:ssm:us-east-1:1:automation-execution/0a", True),
        ("arn:aws:ssm:*:2:automation-execution/*", "arn:aws:ssm:us-east-1:1:automation-execution/0a", False),
        ("arn:aws:ssm:*:1:*", "arn:aws:ssm:us-east-1:1:automation-execution/0a:b", True),
        ("arn:aws:ssm:*:1:*", "no-arn", False),
    ],
)
def test_arn_conditions_compare_part_by_part(pattern, arn, expected):
    """ArnLike compares the six parts one by one."""
    assert arn_matches(pattern, arn) is expected


def test_arn_condition_with_less_than_an_arn():
    """An ARN condition on less than an ARN is not guessed."""
    with pytest.raises(NotEvaluable, match="no whole ARN"):
        arn_matches("arn:aws:ssm:*", "arn:aws:ssm:us-east-1:1:x")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[]", "other members"),
        (json.dumps({"Statement": [], "Statements": []}), "other members"),
        (json.dumps({"Statement": ["x"]}), "not an object"),
        (document(Resource="*", Effect="allow"), "Effect 'allow'"),
        (document(Resource="*", NotAction="*"), "Action or NotAction"),
        (document(Resource="*", Extra=1), "member Extra"),
        (document(Resource="*", NotPrincipal={"AWS": "*"}), "NotPrincipal"),
        (document(Resource="*", Action="s3:${aws:username}"), "policy variable"),
        (document(Resource="*", Principal={"AWS": "${aws:username}"}), "policy variable"),
        (json.dumps({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "${a}"}}), "without Version"),
        (document(Resource="*${a}").replace("2012", "2008"), "without Version 2012-10-17"),
        (document(Resource="*", Condition=[]), "Condition"),
        (document(Resource=[{}]), "dict in Resource"),
        (document(Resource="*", Principal="arn"), "Principal 'arn'"),
    ],
)
def test_what_is_not_known_is_an_error(text, message):
    """A policy with something unknown in it is never read as if it were not there."""
    with pytest.raises(NotEvaluable, match=message):
        statements(text)


def test_single_values_and_lists_mean_the_same():
    """IAM takes one value where a list stands, in statements, actions, resources and conditions."""
    one = document(Action="ssm:Get*", Resource="*", Condition={"Bool": {"aws:SecureTransport": True}})
    many = json.dumps(
        {
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["ssm:Get*"],
                    "Resource": ["*"],
                    "Condition": {"Bool": {"aws:SecureTransport": ["true"]}},
                }
            ]
        }
    )

    assert statements(one) == statements(many)
