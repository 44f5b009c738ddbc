"""EC2's operations with which Terraform makes an instance, where the control plane lacks something.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_EbsBlockDevice.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_MonitorInstances.html
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models import ec2_backends

from albpatch.region.core import Region
from albpatch.region.operations import Caller, operation

ROOT_GIB = 8  # of an Amazon Linux image; the control plane's images do not always say


@operation("ec2", "RunInstances")
def run_instances(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """The control plane refuses a mapping without a size or a snapshot; EC2 takes both from the image."""
    mappings = params.get("BlockDeviceMappings") or []
    if any(_unsized(mapping) for mapping in mappings):
        sizes = _sizes(region, params["ImageId"])
        mappings = [
            {**m, "Ebs": {**m["Ebs"], "VolumeSize": sizes.get(m.get("DeviceName"), ROOT_GIB)}} if _unsized(m) else m
            for m in mappings
        ]
        params = {**params, "BlockDeviceMappings": mappings}
    return region.backend("ec2", "RunInstances", params)


@operation("ec2", "MonitorInstances")
def monitor_instances(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """Detailed monitoring, which the control plane knows on launch only."""
    backend = ec2_backends[region.account_id][region.name]
    region.backend("ec2", "DescribeInstances", {"InstanceIds": params["InstanceIds"]})  # refuses what does not exist
    for instance_id in params["InstanceIds"]:
        backend.get_instance(instance_id).monitoring_state = "enabled"
    monitoring = {"State": "enabled"}
    return {"InstanceMonitorings": [{"InstanceId": i, "Monitoring": monitoring} for i in params["InstanceIds"]]}


def _unsized(mapping: dict[str, Any]) -> bool:
    volume = mapping.get("Ebs")
    return volume is not None and not volume.get("VolumeSize") and not volume.get("SnapshotId")


def _sizes(region: Region, image_id: str) -> dict[str | None, int]:
    images = region.backend("ec2", "DescribeImages", {"ImageIds": [image_id]})["Images"]
    mappings = [mapping for image in images for mapping in image.get("BlockDeviceMappings", [])]
    return {m.get("DeviceName"): m["Ebs"]["VolumeSize"] for m in mappings if m.get("Ebs", {}).get("VolumeSize")}
