"""A region with a load balancer, target groups and machines, for tests of the data plane."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from albpatch.region.clock import Clock, VirtualClock
from albpatch.region.control_plane import attach
from albpatch.region.core import Region
from albpatch.region.hosts import Hosts, Profile
from albpatch.region.load_balancer import LoadBalancing


class Fleet:
    """`count` instances in two zones, each with a host. Everything is made by the administrator."""

    def __init__(self, count: int = 2, profile: Profile | None = None, clock: Clock | None = None) -> None:
        self.region = Region(clock or VirtualClock())
        attach(self.region, managed_policies=False)
        self.clock, self.journal, self.hosts = self.region.clock, self.region.journal, self.region.part(Hosts)
        self.balancing = self.region.part(LoadBalancing)
        self.vpc = self.make("ec2", "CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnet_ids = [self._subnet(n, f"us-east-1{zone}") for n, zone in enumerate("ab")]
        self.ids = [self.instance(n, profile) for n in range(count)]
        self.balancers: dict[str, str] = {}

    def _subnet(self, number: int, zone: str) -> str:
        block = f"10.0.{number * 16}.0/20"
        made = self.make("ec2", "CreateSubnet", VpcId=self.vpc, CidrBlock=block, AvailabilityZone=zone)
        return made["Subnet"]["SubnetId"]

    def make(self, service: str, operation: str, **params: object) -> dict:
        return self.region.backend(service, operation, params)

    def call(self, service: str, operation: str, **params: object) -> dict:
        return self.region.call(self.region.administrator, service, operation, params)

    def instance(self, number: int, profile: Profile | None = None) -> str:
        made = self.make(
            "ec2",
            "RunInstances",
            ImageId="ami-12345678",
            MinCount=1,
            MaxCount=1,
            SubnetId=self.subnet_ids[number % 2],
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "ALB", "Value": f"alb{number % 2}"}]}],
        )
        instance_id = made["Instances"][0]["InstanceId"]
        self.hosts.add(instance_id, profile or Profile())
        return instance_id

    def group(self, name: str = "web", *, used: bool = True, protocol: str = "HTTP", **settings: object) -> str:
        """A target group on port 80, behind a load balancer of its own if `used`. Keys with a dot are attributes."""
        attributes = {key.replace("__", "."): value for key, value in settings.items() if "__" in key}
        members = {key: value for key, value in settings.items() if "__" not in key}
        given = {"Name": name, "Protocol": protocol, "Port": 80, "VpcId": self.vpc, "HealthCheckIntervalSeconds": 30}
        if protocol == "HTTP":
            given["HealthCheckPath"] = "/health"
        arn = self.make("elbv2", "CreateTargetGroup", **(given | members))["TargetGroups"][0]["TargetGroupArn"]
        if attributes:
            pairs = [{"Key": key, "Value": str(value)} for key, value in attributes.items()]
            self.make("elbv2", "ModifyTargetGroupAttributes", TargetGroupArn=arn, Attributes=pairs)
        if used:
            self.use(arn, name, "network" if protocol == "TCP" else "application")
        return arn

    def use(self, arn: str, name: str, kind: str = "application") -> None:
        """Put a load balancer with one listener in front of the group."""
        made = self.make("elbv2", "CreateLoadBalancer", Name=name, Subnets=self.subnet_ids, Type=kind)
        self.balancers[arn] = made["LoadBalancers"][0]["LoadBalancerArn"]
        self.make(
            "elbv2",
            "CreateListener",
            LoadBalancerArn=self.balancers[arn],
            Port=80,
            Protocol="TCP" if kind == "network" else "HTTP",
            DefaultActions=[{"Type": "forward", "TargetGroupArn": arn}],
        )

    def register(self, arn: str, *ids: str, port: int | None = None) -> None:
        more = {} if port is None else {"Port": port}
        self.call("elbv2", "RegisterTargets", TargetGroupArn=arn, Targets=[{"Id": i, **more} for i in ids])

    def deregister(self, arn: str, *ids: str, port: int | None = None) -> None:
        more = {} if port is None else {"Port": port}
        self.call("elbv2", "DeregisterTargets", TargetGroupArn=arn, Targets=[{"Id": i, **more} for i in ids])

    def health(self, arn: str, *asked: dict) -> list[tuple]:
        """(id, port, state, reason) of each target."""
        params = {"TargetGroupArn": arn, **({"Targets": list(asked)} if asked else {})}
        found = self.call("elbv2", "DescribeTargetHealth", **params)["TargetHealthDescriptions"]
        return [
            (d["Target"]["Id"], d["Target"]["Port"], d["TargetHealth"]["State"], d["TargetHealth"].get("Reason", ""))
            for d in found
        ]

    def states(self, arn: str) -> list[str]:
        return [state for _, _, state, _ in self.health(arn)]

    def pass_time(self, seconds: float) -> None:
        """Let the region's time pass."""
        self.clock.run(self.clock.spawn("wait", self.clock.sleep, seconds))

    def steady(self, name: str = "web", **settings: object) -> str:
        """A group in which every instance is registered and healthy."""
        arn = self.group(name, **settings)
        self.register(arn, *self.ids)
        self.pass_time(60)
        return arn

    def changes(self, arn: str, instance_id: str, port: int = 80) -> list[tuple[float, str]]:
        """(seconds since the region's start, state) of every journaled change of a target."""
        start = self.journal.entries[0].time
        return [(e.time - start, e.detail["state"]) for e in self.journal.of("target", f"{arn}|{instance_id}|{port}")]

    def send(self, *ids: str, wait: bool = True, **parameters: str) -> str:
        """Send AWS-RunPatchBaseline; returns the command's id, after its end if `wait`."""
        given = {key: [value] for key, value in parameters.items()}
        answer = self.call(
            "ssm", "SendCommand", DocumentName="AWS-RunPatchBaseline", InstanceIds=list(ids), Parameters=given
        )
        if wait:
            self.clock.run()
        return answer["Command"]["CommandId"]

    def invocation(self, command_id: str) -> tuple[str, str]:
        """Status and StatusDetails of the command's first invocation."""
        found = self.call("ssm", "ListCommandInvocations", CommandId=command_id)["CommandInvocations"][0]
        return found["Status"], found["StatusDetails"]


@contextmanager
def fleet_of(count: int, profile: Profile, clock: Clock) -> Iterator[Fleet]:
    """A fleet that is closed whatever happens."""
    made = Fleet(count, profile, clock)
    try:
        yield made
    finally:
        made.region.close()


def request(url: str, path: str = "/", **more: object) -> tuple[int, bytes]:
    """Status and body of one request; status 0 when there is no answer at all."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url + path, **more), timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except (http.client.HTTPException, OSError):
        return 0, b""
