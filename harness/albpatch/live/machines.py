"""Instances, what Systems Manager knows of them, and their Auto Scaling groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from albpatch.live.calls import Calls
from albpatch.settings import Fleet

_AT_ONCE = 50  # what DescribeInstancePatchStates and DescribeAutoScalingInstances take


@dataclass(frozen=True)
class Instance:
    """An instance that is not terminated."""

    id: str
    state: str
    zone: str
    vpc: str
    addresses: tuple[str, ...]


class Machines:
    """The instances of the region."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def of(self, fleet: Fleet) -> list[Instance]:
        """The fleet's instances that are not terminated, by id."""
        if fleet.tags:
            return self._found([{"Name": f"tag:{key}", "Values": list(values)} for key, values in fleet.tags.items()])
        return self.named(fleet.instance_ids if fleet.resource_group is None else self._members(fleet.resource_group))

    def named(self, ids: Iterable[str]) -> list[Instance]:
        """These instances, without those that are terminated or gone."""
        chunks = _chunks(ids, 200)
        return [i for chunk in chunks for i in self._found([{"Name": "instance-id", "Values": chunk}])]

    def pings(self, ids: Iterable[str]) -> dict[str, str]:
        """Instance -> what Systems Manager says of its agent; absent: not managed."""
        found: dict[str, str] = {}
        for chunk in _chunks(ids, _AT_ONCE):
            filters = [{"Key": "InstanceIds", "Values": chunk}]
            listed = self._calls.pages(
                "ssm", "describe_instance_information", "InstanceInformationList", Filters=filters
            )
            found |= {node["InstanceId"]: node["PingStatus"] for node in listed}
        return found

    def patch_states(self, ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """Instance -> its newest InstancePatchState; absent: never scanned."""
        found: dict[str, Mapping[str, Any]] = {}
        for chunk in _chunks(ids, _AT_ONCE):
            listed = self._calls.pages(
                "ssm", "describe_instance_patch_states", "InstancePatchStates", InstanceIds=chunk
            )
            found |= {state["InstanceId"]: state for state in listed}
        return found

    def scaled(self, ids: Iterable[str]) -> dict[str, tuple[str, str]]:
        """Instance -> (Auto Scaling group, lifecycle state) of those that belong to one."""
        found: dict[str, tuple[str, str]] = {}
        for chunk in _chunks(ids, _AT_ONCE):
            listed = self._calls.pages(
                "autoscaling", "describe_auto_scaling_instances", "AutoScalingInstances", InstanceIds=chunk
            )
            found |= {i["InstanceId"]: (i["AutoScalingGroupName"], i["LifecycleState"]) for i in listed}
        return found

    def _members(self, group: str) -> list[str]:
        listed = self._calls.pages("resource-groups", "list_group_resources", "Resources", Group=group)
        found = [resource["Identifier"] for resource in listed]
        return [i["ResourceArn"].rpartition("/")[2] for i in found if i["ResourceType"] == "AWS::EC2::Instance"]

    def _found(self, filters: list[dict[str, Any]]) -> list[Instance]:
        states = {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}
        listed = self._calls.pages("ec2", "describe_instances", "Reservations", Filters=[*filters, states])
        return sorted((_instance(i) for r in listed for i in r["Instances"]), key=lambda i: i.id)


def _instance(found: dict[str, Any]) -> Instance:
    interfaces = [a["PrivateIpAddress"] for n in found.get("NetworkInterfaces", []) for a in n["PrivateIpAddresses"]]
    own = [found["PrivateIpAddress"]] if found.get("PrivateIpAddress") else []
    return Instance(
        found["InstanceId"],
        found["State"]["Name"],
        found["Placement"]["AvailabilityZone"],
        found.get("VpcId", ""),
        tuple(dict.fromkeys([*own, *interfaces])),
    )


def _chunks(ids: Iterable[str], size: int) -> Iterator[list[str]]:
    listed = sorted(set(ids))
    for at in range(0, len(listed), size):
        yield listed[at : at + size]
