"""Patch states and managed nodes."""

from datetime import UTC, datetime, timedelta

import pytest

from albpatch.region.hosts import Profile
from albpatch.region.operations import AwsError, NotKnownHere
from albpatch.region.transport.in_process import client
from data_plane import Fleet

START = datetime(2026, 1, 4, 3, tzinfo=UTC)
COUNTS = ("MissingCount", "FailedCount", "InstalledCount", "InstalledPendingRebootCount")


@pytest.fixture
def fleet():
    made = Fleet(0)
    yield made
    made.region.close()


def state(fleet, instance_id):
    """The instance's patch state as boto3 gives it, once it can be read."""
    fleet.pass_time(10)
    ssm = client(fleet.region, fleet.region.administrator, "ssm")
    return ssm.describe_instance_patch_states(InstanceIds=[instance_id])["InstancePatchStates"][0]


def counts(fleet, instance_id):
    """Missing, failed, installed, pending."""
    found = state(fleet, instance_id)
    return tuple(found[name] for name in COUNTS)


def test_an_instance_that_was_never_scanned_is_absent(fleet):
    """No scan, no state."""
    one = fleet.instance(0)

    answer = fleet.call("ssm", "DescribeInstancePatchStates", InstanceIds=[one, "i-0123456789abcdef0"])
    assert answer == {"InstancePatchStates": []}


def test_a_scan_finds_what_is_missing(fleet):
    """A Scan counts missing and pending patches and changes nothing on the machine."""
    one = fleet.instance(0, Profile(missing_patches=3, pending_reboot=1, installed_patches=50))
    fleet.send(one, Operation="Scan")

    assert counts(fleet, one) == (3, 0, 50, 1)
    assert (fleet.hosts[one].missing, fleet.hosts[one].pending) == (3, 1)


def test_the_state_has_the_members_of_aws(fleet):
    """Operation, times, snapshot, reboot option, baseline and patch group are there, with AWS's types."""
    one = fleet.instance(0, Profile(missing_patches=1))
    snapshot = "0d5d7b2e-6f0a-4b55-9c39-64e5a0a1b2c3"
    fleet.make("ec2", "CreateTags", Resources=[one], Tags=[{"Key": "PatchGroup", "Value": "web"}])
    fleet.send(one, Operation="Install", RebootOption="NoReboot", SnapshotId=snapshot)
    found = state(fleet, one)

    assert (found["Operation"], found["SnapshotId"], found["RebootOption"]) == ("Install", snapshot, "NoReboot")
    assert found["OperationStartTime"] == START + timedelta(seconds=1)
    assert found["OperationEndTime"] == START + timedelta(seconds=121)
    assert found["LastNoRebootInstallOperationTime"] == START + timedelta(seconds=121)
    assert (found["PatchGroup"], found["BaselineId"][:3]) == ("web", "pb-")


def test_without_a_snapshot_each_run_has_its_own(fleet):
    """Two machines without a common snapshot id patch to different snapshots."""
    ids = [fleet.instance(n) for n in range(2)]
    for each in ids:
        fleet.send(each, Operation="Scan")

    assert state(fleet, ids[0])["SnapshotId"] != state(fleet, ids[1])["SnapshotId"]


def test_an_install_with_reboot(fleet):
    """All is installed, nothing missing, nothing pending."""
    one = fleet.instance(0, Profile(missing_patches=3, installed_patches=50))
    fleet.send(one, Operation="Install")

    assert counts(fleet, one) == (0, 0, 53, 0)


def test_an_install_without_reboot(fleet):
    """The patches wait for a reboot, and are still shown so after it until the next scan."""
    one = fleet.instance(0, Profile(missing_patches=3, installed_patches=50))
    fleet.send(one, Operation="Install", RebootOption="NoReboot")
    assert counts(fleet, one) == (0, 0, 50, 3)

    fleet.hosts[one].reboot()
    fleet.pass_time(200)
    assert counts(fleet, one) == (0, 0, 50, 3)
    fleet.send(one, Operation="Scan")
    assert counts(fleet, one) == (0, 0, 53, 0)


def test_nothing_to_install_and_nothing_pending_means_no_reboot(fleet):
    """An Install on a compliant machine only looks."""
    one = fleet.instance(0)
    fleet.send(one, Operation="Install")

    assert "rebooting" not in [e.detail["state"] for e in fleet.journal.of("host", one)]


def test_a_pending_reboot_is_enough_for_a_reboot(fleet):
    """RebootIfNeeded reboots a machine on which nothing is missing but a patch waits for it."""
    one = fleet.instance(0, Profile(pending_reboot=1, installed_patches=50))
    fleet.send(one, Operation="Install")

    assert "rebooting" in [e.detail["state"] for e in fleet.journal.of("host", one)]
    assert counts(fleet, one) == (0, 0, 51, 0)


def test_a_failed_install_lists_failed_and_no_missing(fleet):
    """An Install report never lists Missing; the next Scan finds them again."""
    one = fleet.instance(0, Profile(missing_patches=4, installed_patches=50, install_fails=True))
    fleet.send(one, Operation="Install")
    assert counts(fleet, one) == (0, 4, 50, 0)

    fleet.send(one, Operation="Scan")
    assert counts(fleet, one) == (4, 0, 50, 0)


def test_the_report_comes_some_time_after_the_command(fleet):
    """Right after the command's end the state is still the previous one."""
    one = fleet.instance(0, Profile(missing_patches=1, report_seconds=30))
    fleet.send(one, Operation="Scan")
    fleet.pass_time(30)
    fleet.send(one, Operation="Install")

    def operation():
        answer = fleet.call("ssm", "DescribeInstancePatchStates", InstanceIds=[one])
        return answer["InstancePatchStates"][0]["Operation"]

    assert operation() == "Scan"
    fleet.pass_time(29)
    assert operation() == "Scan"
    fleet.pass_time(2)
    assert operation() == "Install"


def test_a_run_that_never_came_back_reports_nothing(fleet):
    """A machine that is lost in its reboot leaves the state of the scan before."""
    one = fleet.instance(0, Profile(missing_patches=1, comes_back=False))
    fleet.send(one, Operation="Scan")
    fleet.send(one, Operation="Install")

    assert state(fleet, one)["Operation"] == "Scan"


def test_at_most_fifty_instances(fleet):
    """More than 50 ids are refused."""
    with pytest.raises(AwsError, match="ValidationException"):
        fleet.call("ssm", "DescribeInstancePatchStates", InstanceIds=[f"i-{n:017x}" for n in range(51)])


def test_states_come_in_pages(fleet):
    """MaxResults cuts the list, NextToken goes on."""
    ids = [fleet.instance(n) for n in range(12)]
    for each in ids:
        fleet.send(each, Operation="Scan", wait=False)
    fleet.pass_time(60)
    ssm = client(fleet.region, fleet.region.administrator, "ssm")
    first = ssm.describe_instance_patch_states(InstanceIds=ids, MaxResults=10)
    rest = ssm.describe_instance_patch_states(InstanceIds=ids, MaxResults=10, NextToken=first["NextToken"])

    assert [s["InstanceId"] for s in first["InstancePatchStates"] + rest["InstancePatchStates"]] == ids
    assert "NextToken" not in rest


def nodes(fleet, **params):
    """Ids of the managed nodes that DescribeInstanceInformation lists."""
    found = fleet.call("ssm", "DescribeInstanceInformation", **params)["InstanceInformationList"]
    return [node["InstanceId"] for node in found]


def test_what_is_not_managed_or_terminated_is_absent(fleet):
    """A stopped instance is listed as ConnectionLost, an unmanaged or terminated one not at all."""
    online, stopped, gone = (fleet.instance(n) for n in range(3))
    fleet.instance(3, Profile(managed=False))
    fleet.hosts[stopped].stop()
    fleet.hosts[gone].terminate()

    assert nodes(fleet) == [online, stopped]
    assert nodes(fleet, Filters=[{"Key": "PingStatus", "Values": ["ConnectionLost"]}]) == [stopped]


@pytest.mark.parametrize("form", ["Filters", "InstanceInformationFilterList"])
def test_both_forms_of_filters(fleet, form):
    """Both filter members choose by instance id; unknown ids choose nothing."""
    ids = [fleet.instance(n) for n in range(3)]

    def only(*values):
        new, old = {"Key": "InstanceIds", "Values": list(values)}, {"key": "InstanceIds", "valueSet": list(values)}
        return nodes(fleet, **{form: [new if form == "Filters" else old]})

    assert only(ids[1]) == [ids[1]]
    assert only(ids[2], ids[0]) == [ids[2], ids[0]]
    assert only("i-0123456789abcdef0") == []


def test_filters_are_anded(fleet):
    """Several filters all have to match; tags, platform and resource type count."""
    linux = fleet.instance(1)
    windows = fleet.instance(1, Profile(platform="Windows"))
    tag = {"Key": "tag:ALB", "Values": ["alb1"]}

    assert nodes(fleet, Filters=[tag]) == [linux, windows]
    assert nodes(fleet, Filters=[tag, {"Key": "PlatformTypes", "Values": ["Windows"]}]) == [windows]
    assert nodes(fleet, Filters=[tag, {"Key": "ResourceType", "Values": ["ManagedInstance"]}]) == []
    by_id = {"Key": "InstanceIds", "Values": [linux]}
    assert nodes(fleet, Filters=[by_id, {"Key": "PlatformTypes", "Values": ["Windows"]}]) == []


def test_unknown_filters_and_both_forms_at_once(fleet):
    """A filter is never passed over, and the two forms exclude each other."""
    with pytest.raises(NotKnownHere, match="AgentVersion"):
        fleet.instance(0)
        nodes(fleet, Filters=[{"Key": "AgentVersion", "Values": ["3"]}])
    with pytest.raises(AwsError, match="ValidationException"):
        nodes(
            fleet,
            Filters=[{"Key": "PingStatus", "Values": ["Online"]}],
            InstanceInformationFilterList=[{"key": "PingStatus", "valueSet": ["Online"]}],
        )


def test_a_node_through_boto3(fleet):
    """Ping status and time, platform and type come with AWS's names and types."""
    one = fleet.instance(0, Profile(platform="Windows"))
    fleet.pass_time(400)
    ssm = client(fleet.region, fleet.region.administrator, "ssm")
    node = ssm.describe_instance_information()["InstanceInformationList"][0]

    assert (node["InstanceId"], node["PingStatus"], node["PlatformType"]) == (one, "Online", "Windows")
    assert node["LastPingDateTime"] == START + timedelta(seconds=300)
    assert node["ResourceType"] == "EC2Instance"


def test_a_machine_behind_a_stopped_instance_is_stopped(fleet):
    """A host that is added to an instance that EC2 says is stopped neither serves nor answers."""
    made = fleet.make("ec2", "RunInstances", ImageId="ami-12345678", MinCount=1, MaxCount=1)
    one = made["Instances"][0]["InstanceId"]
    fleet.make("ec2", "StopInstances", InstanceIds=[one])
    host = fleet.hosts.add(one)

    assert (host.state, host.ping_status) == ("stopped", "ConnectionLost")
