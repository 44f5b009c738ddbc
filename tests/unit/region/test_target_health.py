"""Elastic Load Balancing's operations on targets, through boto3."""

import pytest
from botocore.exceptions import ClientError

from albpatch.region.operations import AwsError, NotKnownHere
from albpatch.region.transport.in_process import client
from data_plane import Fleet


@pytest.fixture
def fleet():
    made = Fleet()
    yield made
    made.region.close()


@pytest.fixture
def elb(fleet):
    return client(fleet.region, fleet.region.administrator, "elbv2")


def test_the_answer_has_the_form_of_aws(fleet, elb):
    """A healthy target has no reason; port and health check port are there; no zone for an instance target."""
    arn = fleet.steady()
    elb.deregister_targets(TargetGroupArn=arn, Targets=[{"Id": fleet.ids[1], "Port": 80}])

    assert elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"] == [
        {
            "Target": {"Id": fleet.ids[0], "Port": 80},
            "HealthCheckPort": "80",
            "TargetHealth": {"State": "healthy"},
        },
        {
            "Target": {"Id": fleet.ids[1], "Port": 80},
            "HealthCheckPort": "80",
            "TargetHealth": {
                "State": "draining",
                "Reason": "Target.DeregistrationInProgress",
                "Description": "Target deregistration is in progress",
            },
        },
    ]


def test_the_health_check_port_of_the_group_is_shown(fleet):
    """A group with a health check port of its own shows that one."""
    arn = fleet.group(HealthCheckPort="9000")
    fleet.register(arn, fleet.ids[0])

    answer = fleet.call("elbv2", "DescribeTargetHealth", TargetGroupArn=arn)
    assert answer["TargetHealthDescriptions"][0]["HealthCheckPort"] == "9000"


@pytest.mark.parametrize("asked", [{"Id": "i-0123456789abcdef0"}, {"Id": "i-0123456789abcdef0", "Port": 80}])
def test_an_unknown_target_is_unused(fleet, asked):
    """Asking for what is not registered is no error: unused, not registered."""
    arn = fleet.steady()

    assert fleet.health(arn, asked) == [(asked["Id"], 80, "unused", "Target.NotRegistered")]


def test_asking_with_a_wrong_port(fleet):
    """A registered instance on another port is another target."""
    arn, one = fleet.steady(), fleet.ids[0]

    assert fleet.health(arn, {"Id": one, "Port": 8080}) == [(one, 8080, "unused", "Target.NotRegistered")]


def test_the_default_port_of_the_group(fleet):
    """Registering and deregistering without a port means the group's port."""
    arn, one = fleet.group(Port=8080), fleet.ids[0]
    fleet.register(arn, one)
    assert fleet.health(arn)[0][:2] == (one, 8080)

    fleet.deregister(arn, one)
    fleet.pass_time(300)
    assert fleet.health(arn) == []


def test_deregistering_without_the_registered_port_does_nothing(fleet):
    """A port override that is not repeated: the call succeeds and nothing happens."""
    arn, one = fleet.group(), fleet.ids[0]
    fleet.register(arn, one, port=8081)
    fleet.pass_time(40)
    entries = len(fleet.journal.entries)

    fleet.deregister(arn, one)

    assert fleet.health(arn) == [(one, 8081, "healthy", "")]
    assert len(fleet.journal.entries) == entries


def test_deregistering_what_is_not_registered_succeeds(fleet):
    """Also twice, and for an instance that does not exist."""
    arn, one = fleet.steady(), fleet.ids[0]
    fleet.deregister(arn, one, "i-0123456789abcdef0")
    entries = len(fleet.journal.entries)
    fleet.deregister(arn, one)

    assert len(fleet.journal.entries) == entries


def test_registering_again_changes_nothing(fleet):
    """A healthy target that is registered again stays healthy and is not journaled."""
    arn = fleet.steady()
    entries = len(fleet.journal.entries)
    fleet.register(arn, *fleet.ids)

    assert fleet.states(arn) == ["healthy", "healthy"]
    assert len(fleet.journal.entries) == entries


@pytest.mark.parametrize("operation", ["RegisterTargets", "DeregisterTargets"])
def test_a_zone_is_refused_for_instances(fleet, operation):
    """AvailabilityZone is not supported for instance targets."""
    arn = fleet.steady()
    targets = [{"Id": fleet.ids[0], "Port": 80, "AvailabilityZone": "us-east-1a"}]

    with pytest.raises(AwsError, match="ValidationError"):
        fleet.call("elbv2", operation, TargetGroupArn=arn, Targets=targets)
    assert fleet.states(arn) == ["healthy", "healthy"]


@pytest.mark.parametrize("operation", ["RegisterTargets", "DeregisterTargets", "DescribeTargetHealth"])
@pytest.mark.parametrize(
    ("arn", "code"),
    [
        (
            "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/none/0123456789abcdef",
            "TargetGroupNotFound",
        ),
        ("web", "ValidationError"),
    ],
)
def test_a_group_that_is_not_there(fleet, elb, operation, arn, code):
    """An unknown group and a malformed ARN are refused with AWS's codes."""
    call = {
        "RegisterTargets": elb.register_targets,
        "DeregisterTargets": elb.deregister_targets,
        "DescribeTargetHealth": elb.describe_target_health,
    }[operation]

    with pytest.raises(ClientError) as caught:
        call(TargetGroupArn=arn, Targets=[{"Id": fleet.ids[0]}])
    assert caught.value.response["Error"]["Code"] == code


def test_an_instance_that_does_not_exist_is_an_invalid_target(fleet, elb):
    """Nothing of the request takes effect when one target is refused."""
    arn = fleet.group()

    with pytest.raises(elb.exceptions.InvalidTargetException, match="not valid instances"):
        elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": fleet.ids[0]}, {"Id": "i-0123456789abcdef0"}])
    assert fleet.health(arn) == []


@pytest.mark.parametrize("leave", ["stop", "terminate"])
def test_an_instance_that_does_not_run_is_an_invalid_target(fleet, elb, leave):
    """Only running instances can be registered."""
    arn, one = fleet.group(), fleet.ids[0]
    getattr(fleet.hosts[one], leave)()

    with pytest.raises(elb.exceptions.InvalidTargetException, match="not in a running state"):
        elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": one}])


def test_an_instance_of_another_vpc_is_an_invalid_target(fleet):
    """A target has to be in its group's VPC."""
    other = fleet.make("ec2", "CreateVpc", CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    arn = fleet.group(used=False, VpcId=other)

    with pytest.raises(AwsError, match="not in the target group VPC"):
        fleet.register(arn, fleet.ids[0])


def test_other_target_types_are_not_known_here(fleet):
    """A group of addresses is an error rather than a wrong answer."""
    arn = fleet.group(TargetType="ip")

    with pytest.raises(NotKnownHere, match="targets of type ip"):
        fleet.call("elbv2", "RegisterTargets", TargetGroupArn=arn, Targets=[{"Id": "10.0.0.9"}])


@pytest.mark.parametrize("more", [{"QuicServerId": "0x0123456789abcdef"}])
def test_unknown_members_of_a_target_are_not_known_here(fleet, more):
    """A member that would change the registration is never passed over."""
    with pytest.raises(NotKnownHere, match="QuicServerId"):
        fleet.call("elbv2", "RegisterTargets", TargetGroupArn=fleet.group(), Targets=[{"Id": fleet.ids[0], **more}])


def test_include_is_not_known_here(fleet):
    """Anomaly detection is not simulated."""
    with pytest.raises(NotKnownHere, match="Include"):
        fleet.call("elbv2", "DescribeTargetHealth", TargetGroupArn=fleet.group(), Include=["All"])


def test_reads_come_from_the_control_plane(fleet, elb):
    """Groups, their attributes and instances are what the control plane says."""
    arn = fleet.steady(deregistration_delay__timeout_seconds=77)
    ec2 = client(fleet.region, fleet.region.administrator, "ec2")
    fleet.hosts[fleet.ids[0]].stop()

    attributes = {a["Key"]: a["Value"] for a in elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]}
    assert attributes["deregistration_delay.timeout_seconds"] == "77"
    assert elb.describe_target_groups(Names=["web"])["TargetGroups"][0]["LoadBalancerArns"] == [fleet.balancers[arn]]
    found = ec2.describe_instances(InstanceIds=fleet.ids)["Reservations"]
    assert {i["InstanceId"]: i["State"]["Name"] for r in found for i in r["Instances"]} == dict(
        zip(fleet.ids, ["stopped", "running"], strict=True)
    )
