"""Instances and tags by id: answered without reading the account, and the same as moto reads them."""

import pytest
from moto.backends import get_backend
from moto.ec2.exceptions import InvalidInstanceIdError

from albpatch.region.clock import VirtualClock
from albpatch.region.control_plane import attach
from albpatch.region.core import Region
from albpatch.region.operations import AwsError

TAGS = [{"Key": "Name", "Value": "a"}, {"Key": "Fleet", "Value": "web"}]


@pytest.fixture(scope="module")
def region():
    made = Region(VirtualClock())
    attach(made, managed_policies=False)
    yield made
    made.close()


def launch(region, number):
    request = {"ImageId": "ami-12345678", "MinCount": number, "MaxCount": number}
    tags = [{"ResourceType": "instance", "Tags": TAGS}]
    return [
        i["InstanceId"]
        for i in region.backend("ec2", "RunInstances", {**request, "TagSpecifications": tags})["Instances"]
    ]


def described(region, **asked):
    answer = region.backend("ec2", "DescribeInstances", asked)
    return [instance for one in answer["Reservations"] for instance in one["Instances"]]


def test_instances_by_id(region):
    """One of a reservation of three, and two of different reservations: those and no others, each once."""
    first, second = launch(region, 3), launch(region, 1)

    assert [i["InstanceId"] for i in described(region, InstanceIds=[first[1]])] == [first[1]]
    asked = {first[0], first[2], second[0]}
    assert sorted(i["InstanceId"] for i in described(region, InstanceIds=sorted(asked))) == sorted(asked)
    assert len(described(region)) >= 4  # the reservations themselves are whole


def test_an_instance_that_does_not_exist(region):
    """It is refused as before, also beside one that exists."""
    (known,) = launch(region, 1)

    with pytest.raises(AwsError, match=r"InvalidInstanceID\.NotFound"):
        described(region, InstanceIds=[known, "i-00000000000000000"])


def test_tags_of_one_resource(region):
    """By id, by pattern and after a change: what an instance says of its tags is what was set."""
    (one,) = launch(region, 1)
    by_id, by_pattern = (
        region.backend("ec2", "DescribeTags", {"Filters": [{"Name": "resource-id", "Values": [value]}]})["Tags"]
        for value in (one, f"{one[:-1]}*")
    )

    assert by_id == [tag for tag in by_pattern if tag["ResourceId"] == one]
    assert sorted(tag["Key"] for tag in by_id) == ["Fleet", "Name"]
    region.backend("ec2", "CreateTags", {"Resources": [one], "Tags": [{"Key": "Fleet", "Value": "api"}]})
    assert {t["Key"]: t["Value"] for t in described(region, InstanceIds=[one])[0]["Tags"]}["Fleet"] == "api"


def test_instances_by_a_filter_on_ids(region):
    """In the order in which they were launched, as moto lists them, whatever the order of the ids; unknown ids pass."""
    first, second = launch(region, 2), launch(region, 1)

    def listed(*values):
        return [i["InstanceId"] for i in described(region, Filters=[{"Name": "instance-id", "Values": list(values)}])]

    assert listed(second[0], "i-00000000000000000", first[1]) == [first[1], second[0]]
    (third,) = launch(region, 1)
    assert listed(third) == [third]
    assert len(described(region)) >= 4


def test_images(region):
    """By id as moto finds them: one that exists, none, and whatever a pattern or a list asks for."""
    ec2 = get_backend("ec2")[region.account_id][region.name]
    one, *_ = ec2.amis

    assert [image.id for image in ec2.describe_images(filters={"image-id": one})] == [one]
    assert ec2.describe_images(filters={"image-id": "ami-00000000"}) == []
    assert one in [image.id for image in ec2.describe_images(filters={"image-id": f"{one[:-1]}*"})]
    assert [image.id for image in ec2.describe_images(ami_ids=[one])] == [one]


def test_an_instance_of_moto(region):
    """What moto asks of itself when it attaches a volume: the object, also right after its launch, or its error."""
    ec2 = get_backend("ec2")[region.account_id][region.name]
    (one,) = launch(region, 1)

    assert ec2.get_instance(one).id == one
    with pytest.raises(InvalidInstanceIdError):
        ec2.get_instance("i-00000000000000000")
