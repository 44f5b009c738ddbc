"""Builds in a region what a scenario says exists before Terraform runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from albpatch.errors import InputError
from albpatch.region.connections import Connections, Shape
from albpatch.region.core import Region
from albpatch.region.hosts import Hosts
from albpatch.region.load_balancer import LoadBalancing
from albpatch.region.operations import AwsError
from albpatch.region.profiles import Profile
from albpatch.region.services.alarms import Alarms
from albpatch.region.services.calendars import Calendars
from albpatch.region.services.windows import Windows
from albpatch.rehearsal.scenario import Scenario, TargetGroup
from albpatch.rehearsal.world import World

SETTLE_LIMIT = 3600.0
IMAGE = "ami-12345678"  # the control plane does not ask whether it exists


def region_name(scenario: Scenario) -> str:
    """The region that the scenario's zones stand in. Raises InputError when they stand in several."""
    names = {zone[:-1] for zone in scenario.zones}
    if len(names) != 1 or not all(zone[-1].isalpha() for zone in scenario.zones):
        raise InputError(f"exists.zones: must be zones of one region, not {', '.join(scenario.zones)}")
    return names.pop()


def create(region: Region, scenario: Scenario) -> World:
    """Create network, load balancers, target groups and instances in the control plane. Raises InputError."""
    with _told("exists.zones"):
        vpc, subnets = _network(region, scenario)
    balancers = {}
    for name, kind in scenario.load_balancers.items():
        with _told(f"exists.load_balancers.{name}"):
            balancers[name] = _load_balancer(region, name, kind, sorted(subnets.values()))
    groups = {}
    for name, group in scenario.target_groups.items():
        with _told(f"exists.target_groups.{name}"):
            groups[name] = _target_group(region, name, group, vpc)
            if group.load_balancer is not None:
                _listen(region, balancers[group.load_balancer], groups[name], group, 8000 + len(groups))
    machines = {}
    for name, machine in scenario.machines.items():
        with _told(f"exists.instances.{name}"):
            machines[name] = _instance(region, subnets[machine.zone], {"Name": name, **machine.tags})
    for name in scenario.topics:
        with _told("exists.topics"):
            region.backend("sns", "CreateTopic", {"Name": name})
    return World(scenario, groups, machines)


def start_machines(region: Region, world: World) -> None:
    """Put hosts behind the instances, register them as the scenario says, and set its alarms and calendars.

    Windows take the machines in the order of the scenario (AWS does not say which order it takes).
    """
    for name, alarm in world.scenario.alarms.items():
        region.part(Alarms).set(name, alarm.state, alarm.kind)
    for name, state in world.scenario.calendars.items():
        region.part(Calendars).set(name, state)
    hosts, traffic = region.part(Hosts), world.scenario.traffic
    slow_seconds = traffic.slow_seconds if traffic.slow_share else 0.0
    region.part(Connections).shape = Shape(slow_seconds=slow_seconds, keeps_idle=traffic.idle_connections == "kept")
    turn = {instance_id: number for number, instance_id in enumerate(world.machines.values())}
    region.part(Windows).order = lambda ids: sorted(ids, key=lambda i: (turn.get(i, len(turn)), i))
    for name, instance_id in world.machines.items():
        hosts.add(instance_id, Profile.from_mapping(world.scenario.profile(name), f"profiles.{name}"))
    for name, machine in world.scenario.machines.items():
        for number, registration in enumerate(machine.registrations):
            target: dict[str, object] = {"Id": world.machines[name]}
            if registration.port is not None:
                target["Port"] = registration.port
            arn = world.groups[registration.target_group]
            with _told(f"exists.instances.{name}.registrations[{number}]"):
                region.call(
                    region.administrator, "elbv2", "RegisterTargets", {"TargetGroupArn": arn, "Targets": [target]}
                )
    for name, machine in world.scenario.machines.items():
        if machine.state == "stopped":
            hosts[world.machines[name]].stop()


def settle(region: Region, world: World) -> None:
    """Wait, as an activity, until no target is in its first health checks."""
    balancing, until = region.part(LoadBalancing), region.clock.time() + SETTLE_LIMIT
    while any(t.state == "initial" for arn in world.groups.values() for t in balancing.targets(arn)):
        if region.clock.time() > until:
            raise InputError("exists.instances: targets do not pass their first health check")
        region.clock.sleep(1.0)


def _network(region: Region, scenario: Scenario) -> tuple[str, dict[str, str]]:
    vpc = region.backend("ec2", "CreateVpc", {"CidrBlock": "10.0.0.0/16"})["Vpc"]["VpcId"]
    subnets = {}
    for number, zone in enumerate(scenario.zones):
        params = {"VpcId": vpc, "CidrBlock": f"10.0.{number * 16}.0/20", "AvailabilityZone": zone}
        subnets[zone] = region.backend("ec2", "CreateSubnet", params)["Subnet"]["SubnetId"]
    return vpc, subnets


def _load_balancer(region: Region, name: str, kind: str, subnets: list[str]) -> str:
    params = {"Name": name, "Subnets": subnets, "Type": kind, "Scheme": "internal"}
    return str(region.backend("elbv2", "CreateLoadBalancer", params)["LoadBalancers"][0]["LoadBalancerArn"])


def _target_group(region: Region, name: str, group: TargetGroup, vpc: str) -> str:
    check = group.health_check
    params = {
        "Name": name,
        "Protocol": group.protocol,
        "Port": group.port,
        "VpcId": vpc,
        "TargetType": "instance",
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPath": check.path,
        "HealthCheckIntervalSeconds": check.interval,
        "HealthCheckTimeoutSeconds": check.timeout,
        "HealthyThresholdCount": check.healthy_threshold,
        "UnhealthyThresholdCount": check.unhealthy_threshold,
    }
    arn = str(region.backend("elbv2", "CreateTargetGroup", params)["TargetGroups"][0]["TargetGroupArn"])
    if group.attributes:
        attributes = [{"Key": key, "Value": value} for key, value in group.attributes.items()]
        region.backend("elbv2", "ModifyTargetGroupAttributes", {"TargetGroupArn": arn, "Attributes": attributes})
    return arn


def _listen(region: Region, balancer: str, target_group: str, group: TargetGroup, port: int) -> None:
    secure = {"HTTPS": "HTTP", "TLS": "TCP"}  # a certificate would have to exist; the targets see no difference
    action = {"Type": "forward", "TargetGroupArn": target_group}
    params = {
        "LoadBalancerArn": balancer,
        "Protocol": secure.get(group.protocol, group.protocol),
        "Port": port,
        "DefaultActions": [action],
    }
    region.backend("elbv2", "CreateListener", params)


def _instance(region: Region, subnet: str, tags: dict[str, str]) -> str:
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    params = {
        "ImageId": IMAGE,
        "InstanceType": "t3.micro",
        "MinCount": 1,
        "MaxCount": 1,
        "SubnetId": subnet,
        "TagSpecifications": [{"ResourceType": "instance", "Tags": listed}],
    }
    return str(region.backend("ec2", "RunInstances", params)["Instances"][0]["InstanceId"])


@contextmanager
def _told(place: str) -> Iterator[None]:
    """AWS's refusal of something in the scenario is a mistake of the scenario."""
    try:
        yield
    except AwsError as error:
        raise InputError(f"{place}: {error.message}") from None
