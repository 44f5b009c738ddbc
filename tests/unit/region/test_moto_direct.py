"""Direct that moto answers without HTTP texts: the same answer, to the last member, as over the long way."""

import pytest

from albpatch.region.clock import VirtualClock
from albpatch.region.control_plane import ControlPlane, attach
from albpatch.region.core import Region
from albpatch.region.moto_direct import Direct
from albpatch.region.operations import AwsError
from albpatch.rehearsal.build import create
from albpatch.rehearsal.generate import Size, scenario


@pytest.fixture(scope="module")
def region():
    made = Region(VirtualClock())
    attach(made, managed_policies=False)
    yield made
    made.close()


@pytest.fixture(scope="module")
def world(region):
    return create(region, scenario(Size(7, 2, 1)))


@pytest.fixture
def same(region, monkeypatch):
    """Ask both ways, see that they agree, and give back the answer."""

    def ask(service, operation, **params):
        short = region.part(Direct).answer(service, operation, params)
        assert short is not None
        with monkeypatch.context() as patch:
            patch.setattr(Direct, "answer", lambda *_: None)
            assert region.backend(service, operation, params) == short
        return short

    return ask


def ids(answer):
    return [instance["InstanceId"] for one in answer["Reservations"] for instance in one["Instances"]]


def by_id(*values):
    return [{"Name": "instance-id", "Values": list(values)}]


def test_instances(same, world):
    """One, several, none and all, by id and by filter."""
    one, two, *_ = known = list(world.machines.values())

    assert ids(same("ec2", "DescribeInstances", InstanceIds=[one])) == [one]
    assert ids(same("ec2", "DescribeInstances", Filters=by_id(one))) == [one]
    assert sorted(ids(same("ec2", "DescribeInstances", Filters=by_id(two, one, "i-0")))) == sorted([one, two])
    assert same("ec2", "DescribeInstances", Filters=by_id("i-0")) == {"Reservations": []}
    assert sorted(ids(same("ec2", "DescribeInstances"))) == sorted(known)


def test_instances_of_a_tag_and_an_id(same, world):
    """Every filter has to pass."""
    name, one = next(iter(world.machines.items()))
    named = {"Name": "tag:Name", "Values": [name]}

    assert ids(same("ec2", "DescribeInstances", Filters=[*by_id(one), named])) == [one]
    assert ids(same("ec2", "DescribeInstances", Filters=[*by_id(one), {**named, "Values": ["other"]}])) == []


def test_a_change_is_seen_at_once(same, region, world):
    """A stop with its reason, and tags that come and go: nothing of an instance is remembered."""
    one = list(world.machines.values())[-1]
    before = same("ec2", "DescribeInstances", InstanceIds=[one])["Reservations"][0]["Instances"][0]

    region.backend("ec2", "StopInstances", {"InstanceIds": [one]})
    region.backend("ec2", "DeleteTags", {"Resources": [one], "Tags": [{"Key": tag["Key"]} for tag in before["Tags"]]})
    after = same("ec2", "DescribeInstances", InstanceIds=[one])["Reservations"][0]["Instances"][0]

    assert (before["State"]["Name"], after["State"]["Name"]) == ("running", "stopped")
    assert after["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    assert "Tags" not in after


def test_target_groups_balancers_and_subnets(same, world):
    """What Preflight and AcquireLease ask of them; a key that was set is in the attributes."""
    one, *_ = arns = list(world.groups.values())

    found = same("elbv2", "DescribeTargetGroups", TargetGroupArns=[one])["TargetGroups"]
    assert [group["TargetGroupArn"] for group in found] == [one]
    assert len(same("elbv2", "DescribeTargetGroups")["TargetGroups"]) == len(arns)
    pairs = same("elbv2", "DescribeTargetGroupAttributes", TargetGroupArn=one)["Attributes"]
    assert "deregistration_delay.timeout_seconds" in {pair["Key"] for pair in pairs}
    same("elbv2", "DescribeLoadBalancers", LoadBalancerArns=found[0]["LoadBalancerArns"])
    (subnet, *_) = same("ec2", "DescribeSubnets")["Subnets"]
    assert same("ec2", "DescribeSubnets", SubnetIds=[subnet["SubnetId"]])["Subnets"] == [subnet]


@pytest.mark.parametrize(
    ("service", "operation", "params", "code"),
    [
        ("ec2", "DescribeInstances", {"InstanceIds": ["i-00000000000000000"]}, "InvalidInstanceID.NotFound"),
        ("ec2", "DescribeSubnets", {"SubnetIds": ["subnet-0"]}, "InvalidSubnetID.NotFound"),
        ("elbv2", "DescribeTargetGroupAttributes", {"TargetGroupArn": "arn:aws:none"}, "TargetGroupNotFound"),
        ("elbv2", "DescribeLoadBalancers", {"LoadBalancerArns": ["arn:aws:none"]}, "LoadBalancerNotFound"),
    ],
)
def test_what_does_not_exist(region, service, operation, params, code):
    """It is refused with the code that a script looks at."""
    with pytest.raises(AwsError) as refused:
        region.backend(service, operation, params)
    assert refused.value.code == code


@pytest.mark.usefixtures("world")
def test_a_parameter_that_nobody_wrote_down(region):
    """A page of instances goes the long way and is cut as moto cuts it; so does every write."""
    asked = {"MaxResults": 5}
    assert region.part(Direct).answer("ec2", "DescribeInstances", asked) is None
    answer = region.backend("ec2", "DescribeInstances", asked)
    assert (len(ids(answer)), "NextToken" in answer) == (5, True)
    assert region.part(Direct).answer("ec2", "StopInstances", {"InstanceIds": []}) is None


def test_the_ids_that_follow_are_the_same(monkeypatch):
    """A night's ids decide whose turn comes first: an instance has the id that it has over the long way."""

    def launched():
        region = Region(VirtualClock())
        attach(region, managed_policies=False)
        region.backend("ec2", "DescribeSubnets", {})
        asked = {"ImageId": "ami-12345678", "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
        found = [region.backend("ec2", "RunInstances", asked)["Instances"][0]["InstanceId"] for _ in range(3)]
        region.close()
        return found

    direct = launched()
    monkeypatch.setattr(Direct, "answer", lambda *_: None)
    assert launched() == direct


def test_an_answer_is_the_callers_own(region, world):
    """Changing one does not change the next."""
    asked = {"InstanceIds": [next(iter(world.machines.values()))]}
    first = region.backend("ec2", "DescribeInstances", asked)
    first["Reservations"][0]["Instances"][0]["Tags"].clear()

    assert region.backend("ec2", "DescribeInstances", asked)["Reservations"][0]["Instances"][0]["Tags"]


@pytest.mark.usefixtures("world")
def test_the_control_plane_uses_it(region, monkeypatch):
    """A read makes no client of botocore: that is where the time went."""
    monkeypatch.setattr(ControlPlane, "_client", lambda *_: pytest.fail("the long way"))

    assert region.backend("elbv2", "DescribeTargetGroups", {})["TargetGroups"]
