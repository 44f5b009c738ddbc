"""Reads of one account and region through plain boto3, with the caller's own credentials."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from albpatch.settings import Fleet

_RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})


@dataclass(frozen=True)
class Target:
    """One registered target of a target group as DescribeTargetHealth answers it."""

    id: str
    port: int
    state: str
    reason: str


@dataclass(frozen=True)
class RoleState:
    """A role with what is attached to it. `policies`: the inline ones, name -> document."""

    arn: str
    trust: dict[str, Any]
    policies: dict[str, dict[str, Any]]
    managed: tuple[str, ...]


class Account:
    """The account that the caller's credentials lead to. Every method answers None for what does not exist."""

    def __init__(self, region: str, session: boto3.Session | None = None) -> None:
        self._region, self._session = region, session or boto3.Session()
        self._clients: dict[str, Any] = {}

    def targets(self, target_group_arn: str) -> list[Target] | None:
        answer = self._ask("elbv2", "describe_target_health", ("TargetGroupNotFound",), TargetGroupArn=target_group_arn)
        if answer is None:
            return None
        return [
            Target(
                found["Target"]["Id"],
                found["Target"]["Port"],
                found["TargetHealth"]["State"],
                found["TargetHealth"].get("Reason", ""),
            )
            for found in answer["TargetHealthDescriptions"]
        ]

    def instances(self, fleet: Fleet) -> list[str]:
        """Ids of the fleet's running instances."""
        ids = list(fleet.instance_ids)
        if fleet.resource_group is not None:
            pages = self._client("resource-groups").get_paginator("list_group_resources")
            found = [r["Identifier"] for page in pages.paginate(Group=fleet.resource_group) for r in page["Resources"]]
            ids = [i["ResourceArn"].rpartition("/")[2] for i in found if i["ResourceType"] == "AWS::EC2::Instance"]
        filters = [{"Name": f"tag:{key}", "Values": list(values)} for key, values in fleet.tags.items()]
        filters += [{"Name": "instance-id", "Values": ids}] if not fleet.tags else []
        filters.append({"Name": "instance-state-name", "Values": ["running"]})
        pages = self._client("ec2").get_paginator("describe_instances").paginate(Filters=filters)
        return sorted(i["InstanceId"] for page in pages for r in page["Reservations"] for i in r["Instances"])

    def document(self, name: str, version: str | None = None) -> Mapping[str, Any] | None:
        """DescribeDocument's members, and `ContentSha256` of the text in the document's own format."""
        which = {"Name": name} if version is None else {"Name": name, "DocumentVersion": version}
        missing = ("InvalidDocument", "InvalidDocumentVersion")
        answer = self._ask("ssm", "describe_document", missing, **which)
        if answer is None:
            return None
        document = answer["Document"]
        text = self._client("ssm").get_document(**which, DocumentFormat=document["DocumentFormat"])["Content"]
        return {**document, "ContentSha256": hashlib.sha256(text.encode()).hexdigest()}

    def shared_with(self, document: str) -> Sequence[str]:
        answer = self._client("ssm").describe_document_permission(Name=document, PermissionType="Share")
        return tuple(answer["AccountIds"])

    def window(self, window_id: str) -> Mapping[str, Any] | None:
        return self._ask("ssm", "get_maintenance_window", ("DoesNotExistException",), WindowId=window_id)

    def window_targets(self, window_id: str) -> dict[str, Mapping[str, Any]]:
        """Id -> target of the window."""
        pages = self._client("ssm").get_paginator("describe_maintenance_window_targets")
        return {t["WindowTargetId"]: t for page in pages.paginate(WindowId=window_id) for t in page["Targets"]}

    def window_tasks(self, window_id: str) -> dict[str, Mapping[str, Any]]:
        """Id -> task of the window, with its invocation parameters."""
        ssm = self._client("ssm")
        pages = ssm.get_paginator("describe_maintenance_window_tasks").paginate(WindowId=window_id)
        ids = [task["WindowTaskId"] for page in pages for task in page["Tasks"]]
        return {i: ssm.get_maintenance_window_task(WindowId=window_id, WindowTaskId=i) for i in ids}

    def role(self, name: str) -> RoleState | None:
        answer = self._ask("iam", "get_role", ("NoSuchEntity",), RoleName=name)
        if answer is None:
            return None
        iam, role = self._client("iam"), answer["Role"]
        inline = [n for p in iam.get_paginator("list_role_policies").paginate(RoleName=name) for n in p["PolicyNames"]]
        attached = iam.get_paginator("list_attached_role_policies").paginate(RoleName=name)
        return RoleState(
            role["Arn"],
            role["AssumeRolePolicyDocument"],
            {n: iam.get_role_policy(RoleName=name, PolicyName=n)["PolicyDocument"] for n in inline},
            tuple(policy["PolicyArn"] for page in attached for policy in page["AttachedPolicies"]),
        )

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._session.client(service, region_name=self._region, config=_RETRIES)
        return self._clients[service]

    def _ask(self, service: str, method: str, missing: tuple[str, ...], **params: Any) -> Any:
        try:
            return getattr(self._client(service), method)(**params)
        except ClientError as error:
            if error.response["Error"]["Code"] in missing:
                return None
            raise
