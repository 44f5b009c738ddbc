"""Patch Manager's states and the list of managed nodes."""

from __future__ import annotations

from typing import Any

from albpatch.region.core import Region
from albpatch.region.hosts import Host, Hosts
from albpatch.region.operations import AwsError, Caller, NotKnownHere, operation
from albpatch.region.patch_baseline import PatchManager
from albpatch.region.services.answers import moment, page
from albpatch.region.target_groups import Instances

_TIMES = ("OperationStartTime", "OperationEndTime", "LastNoRebootInstallOperationTime")
_PLATFORMS = {
    "Linux": ("Amazon Linux", "2023"),
    "Windows": ("Microsoft Windows Server 2022 Datacenter", "10.0.20348"),
    "MacOS": ("macOS", "14"),
}


@operation("ssm", "DescribeInstancePatchStates")
def describe_instance_patch_states(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """The newest patch state of each instance; an instance that was never scanned is absent."""
    asked = params["InstanceIds"]
    if len(asked) > 50:
        raise AwsError("ValidationException", "InstanceIds: at most 50 instances")
    patches = region.part(PatchManager)
    states = [dict(state) for state in (patches.state(i) for i in dict.fromkeys(asked)) if state is not None]
    for state in states:
        state.update({key: moment(state[key]) for key in _TIMES if key in state})
    return page(states, params, 100, "InstancePatchStates")


@operation("ssm", "DescribeInstanceInformation")
def describe_instance_information(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """The managed nodes, filtered. What is not managed, or terminated, is absent."""
    hosts, filters = region.part(Hosts), _filters(params)
    named = [hosts.get(i) for key, values in filters if key == "InstanceIds" for i in dict.fromkeys(values)]
    nodes = [h for h in named or hosts.all() if h is not None and h.profile.managed and h.power != "gone"]
    for key, values in filters:
        nodes = [h for h in nodes if _matches(region, h, key, values)]
    return page([_information(region, h) for h in nodes], params, 50, "InstanceInformationList")


def _filters(params: dict[str, Any]) -> list[tuple[str, list[str]]]:
    old, new = params.get("InstanceInformationFilterList") or [], params.get("Filters") or []
    if old and new:
        raise AwsError("ValidationException", "Filters and InstanceInformationFilterList cannot be used together")
    return [(f["key"], f["valueSet"]) for f in old] + [(f["Key"], f["Values"]) for f in new]


def _matches(region: Region, host: Host, key: str, values: list[str]) -> bool:
    if key == "InstanceIds":
        return host.id in values
    if key == "PingStatus":
        return host.ping_status in values
    if key == "PlatformTypes":
        return host.profile.platform in values
    if key == "ResourceType":
        return "EC2Instance" in values
    if key.startswith("tag:"):
        instance = region.part(Instances).get(host.id)
        return instance is not None and instance.tags.get(key[4:]) in values
    raise NotKnownHere(f"ssm:DescribeInstanceInformation filter {key}")


def _information(region: Region, host: Host) -> dict[str, Any]:
    instance = region.part(Instances).get(host.id)
    name, version = _PLATFORMS[host.profile.platform]
    return {
        "InstanceId": host.id,
        "PingStatus": host.ping_status,
        "LastPingDateTime": moment(host.last_ping),
        "AgentVersion": "3.3.1611.0",
        "IsLatestVersion": True,
        "PlatformType": host.profile.platform,
        "PlatformName": name,
        "PlatformVersion": version,
        "ResourceType": "EC2Instance",
        "IPAddress": instance.private_ip if instance is not None else "",
        "ComputerName": host.id,
        "SourceId": host.id,
        "SourceType": "AWS::EC2::Instance",
    }
