"""Run Command: what is accepted and refused, and the answers' form."""

from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from albpatch.region.hosts import Profile
from albpatch.region.operations import AwsError, NotKnownHere
from albpatch.region.transport.in_process import client
from data_plane import Fleet

DOCUMENT = "AWS-RunPatchBaseline"
SCAN = {"Operation": ["Scan"]}


@pytest.fixture
def fleet():
    made = Fleet(1, Profile(missing_patches=3))
    yield made
    made.region.close()


def send(fleet, **params):
    """SendCommand with a Scan of the first instance unless told otherwise."""
    given = {"DocumentName": DOCUMENT, "InstanceIds": fleet.ids[:1], "Parameters": SCAN} | params
    return fleet.call("ssm", "SendCommand", **{k: v for k, v in given.items() if v is not None})["Command"]


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({}, "Operation: a value is required"),
        ({"Operation": ["Update"]}, "'Update' does not match"),
        ({"Operation": ["Scan", "Install"]}, "one value expected, 2 given"),
        ({"Operation": []}, "one value expected, 0 given"),
        ({**SCAN, "Reboot": ["No"]}, "has no parameter Reboot"),
        ({**SCAN, "RebootOption": ["Never"]}, "'Never' does not match"),
        ({**SCAN, "SnapshotId": ["mine"]}, "'mine' does not match"),
        ({**SCAN, "StepTimeoutSeconds": ["0"]}, "'0' does not match"),
        ({**SCAN, "StepTimeoutSeconds": ["36001"]}, "more than 36000"),
        ({**SCAN, "BaselineOverride": ["file:///x"]}, "does not match"),
    ],
)
def test_wrong_parameters(fleet, parameters, says):
    """Unknown, missing and malformed parameters of the document are InvalidParameters, and nothing is sent."""
    with pytest.raises(AwsError) as caught:
        send(fleet, Parameters=parameters)
    assert caught.value.code == "InvalidParameters"
    assert says in caught.value.message
    assert fleet.call("ssm", "ListCommands")["Commands"] == []


@pytest.mark.parametrize(
    "parameters",
    [
        {"SnapshotId": [""]},
        {"SnapshotId": ["0d5d7b2e-6f0a-4b55-9c39-64e5a0a1b2c3"]},
        {"BaselineOverride": ["s3://bucket/overrides.json"]},
        {"BaselineOverride": [""], "AssociationId": [""], "InstallOverrideList": [""]},
        {"RebootOption": ["NoReboot"], "StepTimeoutSeconds": ["36000"]},
    ],
)
def test_parameters_that_are_accepted(fleet, parameters):
    """Every parameter of the document is accepted in its form, empty where AWS's default is empty."""
    assert send(fleet, Parameters=SCAN | parameters)["Parameters"] == SCAN | parameters


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"DocumentName": "no-such-document"}, "InvalidDocument"),
        ({"DocumentVersion": "7"}, "InvalidDocumentVersion"),
        ({"TimeoutSeconds": 29}, "ValidationException"),
        ({"InstanceIds": ["i-0123456789abcdef0"]}, "InvalidInstanceId"),
        ({"InstanceIds": None}, "ValidationException"),
        ({"Targets": [{"Key": "tag:ALB", "Values": ["alb0"]}]}, "ValidationException"),
        ({"MaxConcurrency": "0"}, "ValidationException"),
        ({"MaxConcurrency": "many"}, "ValidationException"),
        ({"MaxErrors": "101%"}, "ValidationException"),
    ],
)
def test_a_command_that_is_refused(fleet, params, code):
    """AWS's code for each mistake."""
    with pytest.raises(AwsError) as caught:
        send(fleet, **params)
    assert caught.value.code == code


def test_the_same_instance_twice(fleet):
    """An instance may be named once."""
    with pytest.raises(AwsError, match="DuplicateInstanceId"):
        send(fleet, InstanceIds=fleet.ids * 2)


@pytest.mark.parametrize("leave", ["stop", "terminate"])
def test_an_instance_that_does_not_run(fleet, leave):
    """Nothing can be sent to a stopped or terminated instance."""
    getattr(fleet.hosts[fleet.ids[0]], leave)()

    with pytest.raises(AwsError, match=r"InvalidInstanceId.*not in a valid state"):
        send(fleet)


def test_an_unmanaged_instance(fleet):
    """Nothing can be sent to an instance without a registered agent."""
    with pytest.raises(AwsError, match="InvalidInstanceId"):
        send(fleet, InstanceIds=[fleet.instance(1, Profile(managed=False))])


@pytest.mark.parametrize(
    "params",
    [
        {"DocumentName": "AWS-RunShellScript"},
        {"AlarmConfiguration": {"Alarms": [{"Name": "a"}]}},
        {"DocumentHash": "0" * 64},
        {"InstanceIds": None, "Targets": [{"Key": "resource-groups:Name", "Values": ["g"]}]},
        {"Parameters": {**SCAN, "InstallOverrideList": ["s3://bucket/list.yaml"]}},
    ],
)
def test_what_is_not_known_here(fleet, params):
    """What AWS knows and the region does not is an error that says so."""
    with pytest.raises(NotKnownHere):
        send(fleet, **params)


def test_inputs_that_change_nothing_here_are_recorded(fleet):
    """Where output goes and the comment come back in ListCommands."""
    given = {"Comment": "roll 7", "OutputS3BucketName": "b", "OutputS3KeyPrefix": "p"}
    given["CloudWatchOutputConfig"] = {"CloudWatchOutputEnabled": True}
    command = send(fleet, **given)

    answer = fleet.call("ssm", "ListCommands", CommandId=command["CommandId"])["Commands"][0]
    assert given.items() <= answer.items()


def test_targets_by_tag(fleet):
    """A tag chooses the managed machines that carry it."""
    tagged = [fleet.instance(n) for n in (1, 2, 3)][::2]
    command = send(fleet, InstanceIds=None, Targets=[{"Key": "tag:ALB", "Values": ["alb1"]}])
    fleet.clock.run()

    found = fleet.call("ssm", "ListCommandInvocations", CommandId=command["CommandId"])["CommandInvocations"]
    assert [i["InstanceId"] for i in found] == tagged


def test_a_tag_that_nobody_has(fleet):
    """A command without instances ends at once."""
    command = send(fleet, InstanceIds=None, Targets=[{"Key": "tag:ALB", "Values": ["none"]}])

    assert (command["Status"], command["StatusDetails"], command["TargetCount"]) == ("Success", "NoInstancesInTag", 0)


def test_invocations_through_boto3(fleet):
    """What ListCommandInvocations answers passes through boto3 with AWS's names and types."""
    ssm = client(fleet.region, fleet.region.administrator, "ssm")
    sent = ssm.send_command(DocumentName=DOCUMENT, InstanceIds=fleet.ids, Parameters=SCAN)["Command"]
    fleet.clock.run()
    found = ssm.list_command_invocations(CommandId=sent["CommandId"])["CommandInvocations"][0]

    assert found["RequestedDateTime"] == datetime.fromtimestamp(fleet.journal.entries[0].time, UTC)
    assert (found["InstanceId"], found["DocumentName"], found["CommandPlugins"]) == (fleet.ids[0], DOCUMENT, [])
    detailed = ssm.list_command_invocations(CommandId=sent["CommandId"], Details=True)["CommandInvocations"][0]
    assert [p["Name"] for p in detailed["CommandPlugins"]] == ["PatchWindows", "PatchMacOS", "PatchLinux"]


def test_filters_of_invocations(fleet):
    """By instance, status, document and time, newest first."""
    first = fleet.send(fleet.ids[0], Operation="Scan")
    fleet.pass_time(100)
    second = fleet.send(fleet.ids[0], Operation="Scan", wait=False)

    def ids(*filters, **params):
        found = fleet.call(
            "ssm", "ListCommandInvocations", Filters=[{"key": k, "value": v} for k, v in filters], **params
        )
        return [i["CommandId"] for i in found["CommandInvocations"]]

    assert ids(InstanceId=fleet.ids[0]) == [second, first]
    assert ids(InstanceId="i-0123456789abcdef0") == []
    assert ids(("Status", "Pending")) == [second]
    assert ids(("Status", "Success"), InstanceId=fleet.ids[0]) == [first]
    assert ids(("DocumentName", DOCUMENT)) == [second, first]
    assert ids(("DocumentName", "other")) == []
    assert ids(("InvokedAfter", "2026-01-04T03:01:00Z")) == [second]
    assert ids(("InvokedBefore", "2026-01-04T03:01:00Z")) == [first]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"CommandId": "3a7072ac-0000-0000-0000-000000000000"}, "InvalidCommandId"),
        ({"InstanceId": "i-1", "Filters": [{"key": "Status", "value": "Pending"}]}, "InvalidFilterKey"),
        ({"Filters": [{"key": "InvokedAfter", "value": "yesterday"}]}, "ValidationException"),
        ({"NextToken": "never given"}, "InvalidNextToken"),
    ],
)
def test_a_list_that_is_refused(fleet, params, code):
    """Wrong lists are refused as AWS refuses them; Status=Pending cannot be combined with an instance."""
    for operation in ("ListCommands", "ListCommandInvocations"):
        with pytest.raises(AwsError) as caught:
            fleet.call("ssm", operation, **params)
        assert caught.value.code == code


def test_an_unknown_filter_is_not_known_here(fleet):
    """A filter is never passed over."""
    with pytest.raises(NotKnownHere, match="ExecutionStage"):
        fleet.call("ssm", "ListCommands", Filters=[{"key": "ExecutionStage", "value": "Executing"}])


def test_pages(fleet):
    """A list longer than MaxResults goes on at NextToken."""
    sent = [fleet.send(fleet.ids[0], Operation="Scan") for _ in range(5)]
    ssm = client(fleet.region, fleet.region.administrator, "ssm")
    pages = list(ssm.get_paginator("list_commands").paginate(PaginationConfig={"PageSize": 2}))

    assert [len(p["Commands"]) for p in pages] == [2, 2, 1]
    assert [c["CommandId"] for p in pages for c in p["Commands"]] == sent[::-1]


def test_one_step_of_an_invocation(fleet):
    """GetCommandInvocation needs the step's name, as the document has several; the start is there once it began."""
    ssm = client(fleet.region, fleet.region.administrator, "ssm")
    command = fleet.send(fleet.ids[0], Operation="Scan", wait=False)
    asked = {"CommandId": command, "InstanceId": fleet.ids[0]}
    assert "ExecutionStartDateTime" not in ssm.get_command_invocation(**asked, PluginName="PatchLinux")
    fleet.clock.run()

    answer = ssm.get_command_invocation(**asked, PluginName="PatchLinux")
    assert (answer["Status"], answer["ResponseCode"]) == ("Success", 0)
    assert answer["ExecutionStartDateTime"] == "2026-01-04T03:00:01.000Z"
    with pytest.raises(ClientError, match="InvalidPluginName"):
        ssm.get_command_invocation(**asked)
    with pytest.raises(ClientError, match="InvocationDoesNotExist"):
        ssm.get_command_invocation(CommandId=command, InstanceId="i-0123456789abcdef0")


def test_cancelling_what_does_not_exist(fleet):
    """An unknown command and an instance that is not part of it are refused."""
    with pytest.raises(AwsError, match="InvalidCommandId"):
        fleet.call("ssm", "CancelCommand", CommandId="3a7072ac-0000-0000-0000-000000000000")
    with pytest.raises(AwsError, match="InvalidInstanceId"):
        fleet.call("ssm", "CancelCommand", CommandId=send(fleet)["CommandId"], InstanceIds=["i-0123456789abcdef0"])


def test_a_command_that_reaches_nobody_is_listed(fleet):
    """Targets that match no instance make a command without invocations, which is over at once."""
    targets = [{"Key": "tag:ALB", "Values": ["nobody"]}]
    params = {"DocumentName": "AWS-RunPatchBaseline", "Targets": targets, "Parameters": {"Operation": ["Scan"]}}
    command = fleet.call("ssm", "SendCommand", **params)["Command"]["CommandId"]

    assert fleet.call("ssm", "ListCommandInvocations", CommandId=command)["CommandInvocations"] == []
    assert fleet.call("ssm", "ListCommands", CommandId=command)["Commands"][0]["Status"] == "Success"
