"""EC2's operations with which Terraform makes an instance and its network."""

from types import SimpleNamespace

import pytest

from albpatch.region.clock import VirtualClock
from albpatch.region.control_plane import attach
from albpatch.region.core import Region
from albpatch.region.operations import AwsError
from albpatch.region.transport.in_process import client

IMAGE = "ami-12c6146b"


@pytest.fixture(scope="module")
def world():
    region = Region(VirtualClock())
    attach(region)
    network = region.backend("ec2", "DescribeSubnets", {})["Subnets"][0]
    group = {"GroupName": "web", "Description": "web", "VpcId": network["VpcId"]}
    yield SimpleNamespace(
        region=region,
        ec2=client(region, region.administrator, "ec2"),
        subnet=network["SubnetId"],
        group=region.backend("ec2", "CreateSecurityGroup", group)["GroupId"],
    )
    region.close()


def described(world, instance_id):
    answer = world.region.backend("ec2", "DescribeInstances", {"InstanceIds": [instance_id]})
    return answer["Reservations"][0]["Instances"][0]


def launch(world, **params):
    return world.ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1, **params)["Instances"][0]


@pytest.mark.parametrize(("volume", "gib"), [({"Encrypted": True}, 8), ({"VolumeSize": 30}, 30)])
def test_a_volume_of_the_image_needs_no_size(world, volume, gib):
    """The size of a mapping that names none comes from the image; one that is named counts."""
    mapping = {"DeviceName": "/dev/xvda", "Ebs": volume}
    instance = described(world, launch(world, SubnetId=world.subnet, BlockDeviceMappings=[mapping])["InstanceId"])

    ids = [m["Ebs"]["VolumeId"] for m in instance["BlockDeviceMappings"]]
    volumes = world.region.backend("ec2", "DescribeVolumes", {"VolumeIds": ids})["Volumes"]
    assert gib in [v["Size"] for v in volumes]


def test_user_data_is_kept_as_it_was_sent(world):
    """User data is encoded once on its way, so that reading it back gives the same text."""
    instance = launch(world, SubnetId=world.subnet, UserData="#!/bin/sh\n")

    asked = {"InstanceId": instance["InstanceId"], "Attribute": "userData"}
    value = world.region.backend("ec2", "DescribeInstanceAttribute", asked)["UserData"]["Value"]
    assert value == "IyEvYmluL3NoCg=="


def test_groups_of_an_interface_are_the_instances(world):
    """The security groups of a network interface in the request are shown as the instance's."""
    interface = {"DeviceIndex": 0, "SubnetId": world.subnet, "Groups": [world.group]}
    launched = launch(world, NetworkInterfaces=[interface])

    expected = [{"GroupId": world.group, "GroupName": "web"}]
    assert launched["SecurityGroups"] == expected
    assert described(world, launched["InstanceId"])["SecurityGroups"] == expected


def test_monitoring_can_be_switched_on(world):
    """MonitorInstances shows on the instance; an instance that does not exist is an error."""
    instance_id = launch(world, SubnetId=world.subnet)["InstanceId"]
    answer = world.ec2.monitor_instances(InstanceIds=[instance_id])["InstanceMonitorings"]

    assert answer == [{"InstanceId": instance_id, "Monitoring": {"State": "enabled"}}]
    assert described(world, instance_id)["Monitoring"] == {"State": "enabled"}
    with pytest.raises(AwsError, match="InvalidInstanceID"):
        world.region.call(
            world.region.administrator, "ec2", "MonitorInstances", {"InstanceIds": ["i-0123456789abcdef0"]}
        )


def test_rules_show_their_descriptions(world):
    """The description of a rule is shown whether it refers to addresses or to a group."""
    permission = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}
    by_group = {**permission, "UserIdGroupPairs": [{"GroupId": world.group, "Description": "from the group"}]}
    by_address = {**permission, "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "from inside"}]}
    bare = {**permission, "FromPort": 81, "ToPort": 81, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    params = {"GroupId": world.group, "IpPermissions": [by_group, by_address, bare]}
    world.region.backend("ec2", "AuthorizeSecurityGroupIngress", params)

    asked = [{"Name": "group-id", "Values": [world.group]}]
    rules = world.ec2.describe_security_group_rules(Filters=asked)["SecurityGroupRules"]
    found = {r.get("Description") for r in rules if not r["IsEgress"]}
    assert found == {"from the group", "from inside", None}
