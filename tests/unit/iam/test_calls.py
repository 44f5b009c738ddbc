"""The table of calls and the permissions they need."""

from functools import cache

import botocore.session
import pytest

from albpatch.iam.calls import Place, UnknownCall, actions, actions_of_step, needs, operations
from albpatch.iam.policy import NotEvaluable

MODELS = cache(botocore.session.get_session().get_service_model)
PLACE = Place("aws", "us-east-1", "123456789012")
GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"


def pairs(service, operation, params, place=PLACE):
    """Action and resource of every need, shortened where the account is the caller's."""
    return [
        (n.action, n.resource.replace("arn:aws:ssm:us-east-1:123456789012:", ""))
        for n in needs(service, operation, params, place)
    ]


@pytest.mark.parametrize("name", operations())
def test_every_operation_exists(name):
    """The table has only operations that botocore has under that name."""
    service, operation = name.split(":")

    assert operation in MODELS(service).operation_names


def test_sending_a_command_needs_document_and_instances():
    """SendCommand is authorised on the document, whose ARN has no account when it is AWS's, and on every instance."""
    needed = pairs("ssm", "SendCommand", {"DocumentName": "AWS-RunPatchBaseline", "InstanceIds": ["i-1", "i-2"]})

    assert needed == [
        ("ssm:SendCommand", "arn:aws:ssm:us-east-1::document/AWS-RunPatchBaseline"),
        ("ssm:SendCommand", "arn:aws:ec2:us-east-1:123456789012:instance/i-1"),
        ("ssm:SendCommand", "arn:aws:ec2:us-east-1:123456789012:instance/i-2"),
    ]


def test_instances_named_as_targets_count_too():
    """Instance ids given as a target are instances as well."""
    targets = [{"Key": "InstanceIds", "Values": ["i-1"]}]

    assert pairs("ssm", "SendCommand", {"DocumentName": "own", "Targets": targets})[1:] == [
        ("ssm:SendCommand", "arn:aws:ec2:us-east-1:123456789012:instance/i-1")
    ]


def test_a_command_by_tag_is_not_guessed():
    """Which instances a tag stands for is not decided by the table."""
    with pytest.raises(NotEvaluable, match="Targets by tag:ALB"):
        pairs("ssm", "SendCommand", {"DocumentName": "x", "Targets": [{"Key": "tag:ALB", "Values": ["alb01"]}]})


def test_a_notification_role_must_be_passed():
    """SendCommand with a service role needs PassRole on it, for Systems Manager."""
    role = "arn:aws:iam::123456789012:role/notify"
    needed = needs("ssm", "SendCommand", {"DocumentName": "x", "ServiceRoleArn": role}, PLACE)

    assert (needed[-1].action, needed[-1].resource) == ("iam:PassRole", role)
    assert dict(needed[-1].context) == {"iam:PassedToService": ("ssm.amazonaws.com",)}


def test_starting_an_automation_needs_document_and_execution():
    """StartAutomationExecution is authorised on the document and on executions, not on a definition."""
    assert pairs("ssm", "StartAutomationExecution", {"DocumentName": "web"}) == [
        ("ssm:StartAutomationExecution", "document/web"),
        ("ssm:StartAutomationExecution", "automation-execution/*"),
    ]


def test_targets_are_authorised_on_their_group():
    """Moving targets is authorised on the target group."""
    assert pairs("elbv2", "DeregisterTargets", {"TargetGroupArn": GROUP, "Targets": []}) == [
        ("elasticloadbalancing:DeregisterTargets", GROUP)
    ]


def test_events_are_authorised_on_their_bus():
    """PutEvents is authorised on each bus named, the default one if none is, with source and type as context."""
    entries = [{"Source": "a", "DetailType": "t"}, {"Source": "b", "DetailType": "t"}]
    (need,) = needs("events", "PutEvents", {"Entries": entries}, PLACE)

    assert need.resource == "arn:aws:events:us-east-1:123456789012:event-bus/default"
    assert dict(need.context) == {"events:source": ("a", "b"), "events:detail-type": ("t",)}


def test_other_partitions():
    """ARNs are built for the partition of the call."""
    china = Place("aws-cn", "cn-north-1", "123456789012")

    assert pairs("ssm", "DescribeInstancePatchStates", {"InstanceIds": ["i-1"]}, china) == [
        ("ssm:DescribeInstancePatchStates", "arn:aws-cn:ec2:cn-north-1:123456789012:instance/i-1")
    ]


def test_reads_without_resource():
    """Actions that support no resource are asked for on *."""
    assert pairs("elbv2", "DescribeTargetHealth", {"TargetGroupArn": GROUP}) == [
        ("elasticloadbalancing:DescribeTargetHealth", "*")
    ]


def test_an_unknown_operation_is_an_error():
    """What has no row is not taken for free."""
    with pytest.raises(UnknownCall, match="ssm:CreateDocument"):
        actions("ssm", "CreateDocument")


def test_a_request_that_names_no_resource_is_an_error():
    """An action that needs a resource is not decided without one."""
    with pytest.raises(NotEvaluable, match="InstanceIds"):
        needs("ssm", "DescribeInstancePatchStates", {}, PLACE)


def test_actions_of_automation_steps():
    """A runCommand step polls what it sent; a script step calls nothing by itself."""
    assert actions_of_step("aws:runCommand") == ["ssm:ListCommandInvocations", "ssm:ListCommands", "ssm:SendCommand"]
    assert actions_of_step("aws:executeScript") == []


def test_a_call_without_a_resource_has_a_context():
    """PutMetricData supports no resource; what it may put is told apart by the namespace alone."""
    (need,) = needs("cloudwatch", "PutMetricData", {"Namespace": "Mine", "MetricData": []}, PLACE)

    assert (need.resource, need.context) == ("*", (("cloudwatch:namespace", ("Mine",)),))
