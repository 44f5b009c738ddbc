"""Decisions of whole policies."""

import json

import pytest

from albpatch.iam.conditions import Context
from albpatch.iam.evaluate import Request, decide, trusts
from albpatch.iam.policy import NotEvaluable

GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"
DEREGISTER = Request("elasticloadbalancing:DeregisterTargets", GROUP)


def policy(*statements):
    """The JSON text of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action, resource="*", **members):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **members}


def deny(action, resource="*"):
    return {"Effect": "Deny", "Action": action, "Resource": resource}


ELB = policy(allow("elasticloadbalancing:*"))


@pytest.mark.parametrize(
    ("identity", "boundary", "reason"),
    [
        ([ELB], None, ""),
        ([policy(allow("elasticloadbalancing:DeregisterTargets", GROUP))], None, ""),
        ([policy(allow("ssm:*")), ELB], None, ""),
        ([policy({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})], None, ""),
        ([policy({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::x"})], None, ""),
        ([], None, "because no identity-based policy allows the elasticloadbalancing:DeregisterTargets action"),
        ([policy(allow("ssm:*"))], None, "because no identity-based policy allows"),
        ([policy(allow("*", GROUP.replace("web", "api")))], None, "because no identity-based policy allows"),
        ([policy({"Effect": "Allow", "Action": "*", "NotResource": GROUP})], None, "because no identity-based"),
        ([ELB, policy(deny("*", GROUP))], None, "with an explicit deny in an identity-based policy"),
        ([policy(deny("elasticloadbalancing:Dereg*"), allow("*"))], None, "with an explicit deny in an identity-based"),
        ([ELB], ELB, ""),
        ([ELB], policy(allow("ssm:*")), "because no permissions boundary allows"),
        ([ELB], policy(allow("*"), deny("*", GROUP)), "with an explicit deny in a permissions boundary"),
        ([policy(allow("ssm:*"))], policy(allow("*")), "because no identity-based policy allows"),
    ],
)
def test_decisions(identity, boundary, reason):
    """Explicit deny wins, a boundary must allow as well, nothing is allowed by itself."""
    decision = decide(DEREGISTER, identity, boundary)

    assert decision.allowed is (reason == "")
    assert decision.reason.startswith(reason)


ROLE = "arn:aws:iam::123456789012:role/web-runbook"
SYSTEMS_MANAGER = Context({"iam:PassedToService": ["ssm.amazonaws.com"], "aws:RequestedRegion": ["us-east-1"]})
PASS = Request("iam:PassRole", ROLE, SYSTEMS_MANAGER)


def passes(resource=ROLE, **condition):
    return policy(allow("iam:PassRole", resource, **({"Condition": condition} if condition else {})))


@pytest.mark.parametrize(
    ("request_", "identity", "boundary", "expected"),
    [
        (DEREGISTER, policy(allow("elasticloadbalancing:DeregisterTargets", GROUP)), None, True),
        (DEREGISTER, policy(allow("elasticloadbalancing:DeregisterTargets", GROUP[:-1] + "0")), None, False),
        (DEREGISTER, policy(allow("*"), deny("*", GROUP)), None, False),
        (DEREGISTER, policy(allow("*"), deny("*", GROUP.replace("web", "api"))), None, True),
        (DEREGISTER, policy(allow("*")), policy(allow("*", GROUP)), True),
        (DEREGISTER, policy(allow("*")), policy(allow("*", GROUP.replace("web", "api"))), False),
        (PASS, passes(), None, True),
        (PASS, passes(StringEquals={"iam:PassedToService": "ssm.amazonaws.com"}), None, True),
        (PASS, passes(StringEquals={"iam:PassedToService": "lambda.amazonaws.com"}), None, False),
        (PASS, passes(StringLike={"iam:PassedToService": "ssm.*"}), None, True),
        (PASS, passes("arn:aws:iam::123456789012:role/web-*"), None, True),
        (PASS, passes("arn:aws:iam::123456789012:role/other"), None, False),
        (PASS, passes(StringNotEquals={"aws:RequestedRegion": "us-east-1"}), None, False),
        (PASS, passes(), passes(StringEquals={"iam:PassedToService": "ec2.amazonaws.com"}), False),
    ],
)
def test_what_an_evaluator_of_names_alone_gets_wrong(request_, identity, boundary, expected):
    """Resources, denials of one resource, conditions, boundaries and PassRole decide, not the names of actions."""
    assert decide(request_, [identity], boundary).allowed is expected


def test_conditions_decide_between_statements():
    """A statement whose condition does not hold neither allows nor denies."""
    fleet = policy(allow("ssm:SendCommand", "*", Condition={"StringEquals": {"ssm:resourceTag/ALB": ["alb01"]}}))

    def answer(tags):
        return decide(
            Request("ssm:SendCommand", "arn:a:b:c:d:e", Context(tags={"ssm:resourceTag": lambda: tags})), [fleet]
        )

    assert answer({"ALB": "alb01"}).allowed
    assert not answer({"ALB": "alb02"}).allowed
    assert not answer({}).allowed


def test_unknown_things_count_only_where_they_matter():
    """A condition that cannot be evaluated is an error when the statement concerns the request, and only then."""
    strange = policy(allow("ssm:*", Condition={"BinaryEquals": {"a:key": "QmluYXJ5"}}))

    assert not decide(DEREGISTER, [strange]).allowed
    with pytest.raises(NotEvaluable, match="BinaryEquals"):
        decide(Request("ssm:SendCommand"), [strange])


def test_a_sure_answer_stands_beside_an_unknown_one():
    """What surely allows or denies decides, whatever another statement of the same effect would say."""
    strange = {"BinaryEquals": {"a:key": "QmluYXJ5"}}
    maybe = allow("ssm:*", Condition=strange)
    perhaps_not = {**deny("ssm:*"), "Condition": strange}
    request = Request("ssm:SendCommand")

    assert decide(request, [policy(maybe, allow("ssm:SendCommand"))]).allowed
    assert not decide(request, [policy(perhaps_not, deny("ssm:SendCommand"), allow("*"))]).allowed
    with pytest.raises(NotEvaluable, match="BinaryEquals"):
        decide(request, [policy(perhaps_not, allow("*"))])


TEAM = Context({"aws:PrincipalArn": [GROUP]}, absent=["a:none"], tags={"aws:PrincipalTag": lambda: {"team": "web"}})


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (GROUP.replace("/web/", "/${aws:PrincipalTag/team}/"), True),
        (GROUP.replace("/web/", "/${aws:PrincipalTag/TEAM}/"), True),
        (GROUP.replace("/web/", "/${aws:PrincipalTag/other}/"), False),
        (GROUP.replace("/web/", "/${aws:PrincipalTag/other, 'web'}/"), True),
        (GROUP.replace("/web/", "/${aws:PrincipalTag/team, 'api'}/"), True),
        (GROUP.replace("/web/", "/${a:none}/"), False),
        (GROUP.replace("/web/", "/w${*}b/"), False),
        (GROUP.replace("/web/", "/w*b/"), True),
    ],
)
def test_a_resource_with_a_policy_variable(resource, expected):
    """A variable stands for what the request has, or for its default; without either the resource is no resource."""
    request = Request("elasticloadbalancing:DeregisterTargets", GROUP, TEAM)

    assert decide(request, [policy(allow("*", resource))]).allowed is expected
    assert decide(request, [policy(allow("*"), deny("*", resource))]).allowed is not expected


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (allow("*", GROUP.replace("/web/", "/${aws:username}/")), "condition key aws:username"),
        (allow("*", GROUP.replace("us-east-1", "${aws:RequestedRegion}")), "before the last part of the ARN"),
        (allow("*", GROUP.replace("/web/", "/${a b}/")), "policy variable a b"),
        ({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::${a:none}"}, "without a value"),
    ],
)
def test_a_variable_of_which_nothing_is_known(statement, message):
    """What AWS would put in its place is not guessed; another statement that surely allows decides all the same."""
    request = Request("elasticloadbalancing:DeregisterTargets", GROUP, TEAM)

    with pytest.raises(NotEvaluable, match=message):
        decide(request, [policy(statement)])
    assert decide(request, [policy(statement, allow("*"))]).allowed


def test_a_sure_resource_stands_beside_one_with_a_variable():
    """In one statement, too, what surely matches decides."""
    resources = [GROUP.replace("/web/", "/${aws:username}/"), GROUP]

    assert decide(Request("a:b", GROUP, TEAM), [policy(allow("*", resources))]).allowed


@pytest.mark.parametrize("action", ["*", "s3:GetObject"])
def test_an_identity_policy_has_no_principal(action):
    """A trust policy attached as a permission policy is an error, whatever action its statement speaks of."""
    with pytest.raises(NotEvaluable, match="Principal"):
        decide(DEREGISTER, [policy(allow(action, Principal={"AWS": "*"}))])


def trust(principal, effect="Allow", **condition):
    return {"Effect": effect, "Action": "sts:AssumeRole", "Principal": principal, "Condition": condition}


SSM = {"Service": "ssm.amazonaws.com"}
SENT = Context({"aws:SourceAccount": ["123456789012"]}, absent=["aws:SourceArn"])


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([trust(SSM)], True),
        ([trust({"Service": ["ec2.amazonaws.com", "ssm.amazonaws.com"]})], True),
        ([trust({"Service": "ec2.amazonaws.com"})], False),
        ([trust({"AWS": "arn:aws:iam::123456789012:root"})], False),
        ([], False),
        ([trust(SSM, StringEquals={"aws:SourceAccount": "123456789012"})], True),
        ([trust(SSM, StringEquals={"aws:SourceAccount": "210987654321"})], False),
        ([trust(SSM, ArnLike={"aws:SourceArn": "arn:aws:ssm:*:123456789012:automation-execution/*"})], False),
        ([trust(SSM), trust(SSM, effect="Deny")], False),
    ],
)
def test_trust(statements, expected):
    """A role is assumed only by a service that its trust policy names, under the conditions that it sets."""
    assert trusts(policy(*statements), "ssm.amazonaws.com", SENT) is expected


def test_trust_in_everybody_is_not_evaluable():
    """Whether a service counts as everybody is not documented, so it is not guessed."""
    with pytest.raises(NotEvaluable, match="Principal"):
        trusts(policy(trust("*")), "ssm.amazonaws.com", SENT)
