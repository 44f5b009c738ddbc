"""EC2's operations with which Terraform makes an instance and its network, where the control plane lacks something.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_EbsBlockDevice.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_MonitorInstances.html
"""

from __future__ import annotations

import base64
from typing import Any

from moto.ec2.models import ec2_backends

from albpatch.region.core import Region
from albpatch.region.operations import Caller, operation

ROOT_GIB = 8  # of an Amazon Linux image; the control plane's images do not always say


@operation("ec2", "RunInstances")
def run_instances(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """The control plane's launch. It lacks the size of a volume of the image and the groups of an interface."""
    params = {**params, "BlockDeviceMappings": _sized(region, params)}
    if params.get("UserData"):  # encoded by the caller; the way to the control plane encodes it again
        params["UserData"] = base64.b64decode(params["UserData"])
    launched = region.backend("ec2", "RunInstances", {key: value for key, value in params.items() if value != []})
    groups = [group for interface in params.get("NetworkInterfaces", []) for group in interface.get("Groups", [])]
    if groups:
        backend = ec2_backends[region.account_id][region.name]
        for instance in launched["Instances"]:
            found = [g for g in map(backend.get_security_group_from_id, groups) if g is not None]
            backend.get_instance(instance["InstanceId"]).security_groups = found
            instance["SecurityGroups"] = [{"GroupId": group.id, "GroupName": group.name} for group in found]
    return launched


def _sized(region: Region, params: dict[str, Any]) -> list[dict[str, Any]]:
    mappings = params.get("BlockDeviceMappings") or []
    if not any(_unsized(mapping) for mapping in mappings):
        return list(mappings)
    sizes = _sizes(region, params["ImageId"])
    return [
        {**m, "Ebs": {**m["Ebs"], "VolumeSize": sizes.get(m.get("DeviceName"), ROOT_GIB)}} if _unsized(m) else m
        for m in mappings
    ]


@operation("ec2", "MonitorInstances")
def monitor_instances(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """Detailed monitoring, which the control plane knows on launch only."""
    backend = ec2_backends[region.account_id][region.name]
    region.backend("ec2", "DescribeInstances", {"InstanceIds": params["InstanceIds"]})  # refuses what does not exist
    for instance_id in params["InstanceIds"]:
        backend.get_instance(instance_id).monitoring_state = "enabled"
    monitoring = {"State": "enabled"}
    return {"InstanceMonitorings": [{"InstanceId": i, "Monitoring": monitoring} for i in params["InstanceIds"]]}


@operation("ec2", "DescribeSecurityGroupRules")
def describe_security_group_rules(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """The control plane's rules. It forgets to show the description of a rule that refers to a group."""
    answer = region.backend("ec2", "DescribeSecurityGroupRules", params)
    backend = ec2_backends[region.account_id][region.name]
    for rule in answer["SecurityGroupRules"]:
        group = backend.get_security_group_from_id(rule["GroupId"])
        if rule.get("Description") or group is None:
            continue
        for kept in (*group.ingress_rules, *group.egress_rules):
            if kept.id == rule["SecurityGroupRuleId"] and kept.source_group.get("Description"):
                rule["Description"] = kept.source_group["Description"]
    return answer


def _unsized(mapping: dict[str, Any]) -> bool:
    volume = mapping.get("Ebs")
    return volume is not None and not volume.get("VolumeSize") and not volume.get("SnapshotId")


def _sizes(region: Region, image_id: str) -> dict[str | None, int]:
    images = region.backend("ec2", "DescribeImages", {"ImageIds": [image_id]})["Images"]
    mappings = [mapping for image in images for mapping in image.get("BlockDeviceMappings", [])]
    return {m.get("DeviceName"): m["Ebs"]["VolumeSize"] for m in mappings if m.get("Ebs", {}).get("VolumeSize")}
