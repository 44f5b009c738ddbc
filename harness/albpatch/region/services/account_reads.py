"""Reads of an account that the control plane's own state answers: who calls, roles, topics, other balancers."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from albpatch.region.core import Region
from albpatch.region.operations import Caller, answered_by_backend, operation

answered_by_backend("events", "DescribeRule", "ListTargetsByRule")
answered_by_backend("sqs", "GetQueueAttributes", "GetQueueUrl")
answered_by_backend("sns", "GetTopicAttributes")
answered_by_backend("sts", "GetCallerIdentity")
answered_by_backend("iam", "ListRolePolicies", "ListAttachedRolePolicies", "GetPolicy")
answered_by_backend("elb", "DescribeLoadBalancers")
answered_by_backend("elbv2", "DescribeLoadBalancerAttributes", "DescribeLoadBalancers")
answered_by_backend("ec2", "DescribeSubnets")
answered_by_backend("autoscaling", "DescribeAutoScalingInstances")


@operation("iam", "GetRole")
def get_role(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    role = region.backend("iam", "GetRole", params)["Role"]
    return {"Role": {**role, "AssumeRolePolicyDocument": _as_sent(role["AssumeRolePolicyDocument"])}}


@operation("iam", "GetRolePolicy")
def get_role_policy(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    answer = region.backend("iam", "GetRolePolicy", params)
    return {**answer, "PolicyDocument": _as_sent(answer["PolicyDocument"])}


@operation("iam", "GetPolicyVersion")
def get_policy_version(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    version = region.backend("iam", "GetPolicyVersion", params)["PolicyVersion"]
    return {"PolicyVersion": {**version, "Document": _as_sent(version["Document"])}}


def _as_sent(document: Any) -> str:
    """IAM sends a policy as URL-encoded JSON, which botocore decodes."""
    return quote(document if isinstance(document, str) else json.dumps(document))
