"""examples/with-load-balancer: everything in one apply. The provider waits a minute for the load balancer."""

from __future__ import annotations

from typing import Any

import pytest

from account_snapshot import snapshot
from albpatch import settings
from albpatch.region.core import Region
from local_account import EXAMPLES, LocalAccount

pytestmark = pytest.mark.slow_apply


def standing(region: Region) -> dict[str, Any]:
    """What the example makes beside the module: ids of what exists, instances that are not gone."""
    reservations = region.backend("ec2", "DescribeInstances", {})["Reservations"]
    instances = [i for r in reservations for i in r["Instances"] if i["State"]["Name"] != "terminated"]
    return {
        "vpcs": sorted(v["VpcId"] for v in region.backend("ec2", "DescribeVpcs", {})["Vpcs"]),
        "groups": sorted(g["GroupId"] for g in region.backend("ec2", "DescribeSecurityGroups", {})["SecurityGroups"]),
        "instances": sorted(i["InstanceId"] for i in instances),
        "balancers": len(region.backend("elbv2", "DescribeLoadBalancers", {})["LoadBalancers"]),
        "target groups": len(region.backend("elbv2", "DescribeTargetGroups", {})["TargetGroups"]),
        **snapshot(region),
    }


def test_it_is_applied_at_once_and_destroyed_without_a_trace():
    """One apply makes target group and module together, a second plan is empty, the destroy leaves nothing."""
    account = LocalAccount()
    try:
        before = standing(account.region)
        with account.terraform(EXAMPLES / "with-load-balancer") as terraform:
            terraform.init()
            terraform.apply()
            deployment = settings.parse(terraform.output()["deployment"])
            (fleet,) = deployment.fleets.values()
            (arn,) = fleet.target_group_arns
            described = account.region.call(
                account.region.administrator, "elbv2", "DescribeTargetHealth", {"TargetGroupArn": arn}
            )
            assert len(described["TargetHealthDescriptions"]) == 2
            task = snapshot(account.region)["windows"][deployment.window.name]["tasks"][fleet.name]
            parameters = task["TaskInvocationParameters"]["Automation"]["Parameters"]
            assert parameters["TargetGroupArns"] == [arn]
            assert terraform.plan() is False
            terraform.destroy()
        assert standing(account.region) == before
        assert account.unexpected == []
    finally:
        account.close()
