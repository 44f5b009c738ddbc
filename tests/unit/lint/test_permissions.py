"""The permissions that a document needs."""

import json

import pytest

from albpatch.iam.policy import statements
from albpatch.lint.lint import document_of
from albpatch.lint.permissions import permissions
from albpatch.lint.subject import Subject
from unit.lint.documents import text_of


def needed(*steps, **case):
    document, defects = document_of(text_of({"steps": list(steps), **case}))
    return permissions(Subject(document, defects))


def granted(found):
    return {
        (action, resource) for s in found.policy["Statement"] for action in s["Action"] for resource in s["Resource"]
    }


def test_a_command_needs_its_document_and_its_hosts():
    """Resources are written out where the step names them, asterisks stand for what the start gives."""
    inputs = {"DocumentName": "AWS-RunPatchBaseline", "InstanceIds": ["{{ Id }}"]}
    found = needed({"name": "A", "action": "aws:runCommand", "inputs": inputs}, parameters={"Id": {"type": "String"}})

    assert granted(found) == {
        ("ssm:SendCommand", "arn:aws:ssm:*::document/AWS-RunPatchBaseline"),
        ("ssm:SendCommand", "arn:aws:ec2:*:*:instance/*"),
        ("ssm:ListCommands", "*"),
        ("ssm:ListCommandInvocations", "*"),
    }
    assert found.not_told == (("A", "what the command does on the host"),)


def test_a_role_that_is_passed_is_passed_to_the_service():
    """PassRole comes with the service that may have the role."""
    inputs = {"DocumentName": "d", "InstanceIds": ["i-1"], "ServiceRoleArn": "arn:aws:iam::123456789012:role/r"}
    found = needed({"name": "A", "action": "aws:runCommand", "inputs": inputs})
    [passing] = [s for s in found.policy["Statement"] if s["Action"] == ["iam:PassRole"]]

    assert passing["Resource"] == ["arn:aws:iam::123456789012:role/r"]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "ssm.amazonaws.com"}}


def test_a_call_of_a_script_counts():
    """Arguments that are not written out become asterisks."""
    script = "import boto3\ndef h(e, c):\n    boto3.client('elbv2').register_targets(TargetGroupArn=e, Targets=[])"
    inputs = {"Runtime": "python3.11", "Handler": "h", "Script": script}

    assert granted(needed({"name": "A", "action": "aws:executeScript", "inputs": inputs})) == {
        ("elasticloadbalancing:RegisterTargets", "*")
    }


@pytest.mark.parametrize(
    ("service", "api", "action"),
    [
        ("cloudwatch", "DescribeAlarmHistory", "cloudwatch:DescribeAlarmHistory"),
        ("stepfunctions", "ListStateMachines", "states:ListStateMachines"),
        ("s3", "HeadBucket", "s3:ListBucket"),
        ("dynamodb", "TransactGetItems", "dynamodb:GetItem"),
        ("events", "disable_rule", "events:DisableRule"),
        ("SQS", "ListQueues", "sqs:ListQueues"),
        ("resourcegroupstaggingapi", "GetResources", "tag:GetResources"),
    ],
)
def test_an_operation_without_a_row_goes_by_its_name(service, api, action):
    """The action is taken from the operation's name, and that is said."""
    found = needed({"name": "A", "action": "aws:executeAwsApi", "inputs": {"Service": service, "Api": api}})

    assert granted(found) == {(action, "*")}
    assert [what for _, what in found.not_told if "is taken from the name" in what]


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (
            {"action": "aws:executeAwsApi", "inputs": {"Service": "apigateway", "Api": "GetApiKeys"}},
            "the IAM actions of",
        ),
        ({"action": "aws:executeAwsApi", "inputs": {"Service": "nothing", "Api": "Nothing"}}, "the IAM actions of"),
        ({"action": "aws:createStack", "inputs": {"StackName": "s"}}, "what the template builds"),
        ({"action": "aws:executeAutomation", "inputs": {"DocumentName": "d"}}, "must be passed to it"),
        ({"action": "aws:changeInstanceState", "inputs": {"InstanceIds": ["i"], "DesiredState": "{{ S }}"}}, "one of"),
    ],
)
def test_what_cannot_be_told_is_said(step, said):
    """A policy that may lack something says what."""
    found = needed({"name": "A", **step}, parameters={"S": {"type": "String"}})

    assert [what for _, what in found.not_told if said in what]


def test_the_state_decides():
    """A step that stops an instance needs no right to terminate it."""
    step = {
        "name": "A",
        "action": "aws:changeInstanceState",
        "inputs": {"InstanceIds": ["i"], "DesiredState": "stopped"},
    }
    actions = {action for action, _ in granted(needed(step))}

    assert actions == {"ec2:StopInstances", "ec2:DescribeInstances", "ec2:DescribeInstanceStatus"}


def test_the_policy_is_one():
    """IAM's grammar takes what is printed."""
    found = needed({"name": "A", "action": "aws:executeAwsApi", "inputs": {"Service": "ec2", "Api": "DescribeVpcs"}})

    [statement] = statements(json.dumps(found.policy))
    assert statement.concerns("ec2:DescribeVpcs", "*", str)
