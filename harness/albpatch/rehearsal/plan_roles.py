"""Makes the IAM roles and policies of a plan."""

from __future__ import annotations

from typing import Any

from albpatch.rehearsal.plan_making import Maker, Values, given, tags
from albpatch.rehearsal.plan_references import Planned


class RoleMaker(Maker):
    """Policies first, then roles with their boundaries, then what is attached to them."""

    def policy(self, planned: Planned) -> None:
        values = planned.values
        answer = self._iam(
            "CreatePolicy",
            PolicyName=self._known(planned, "name"),
            PolicyDocument=self._known(planned, "policy"),
            Path=values.get("path"),
            Description=values.get("description"),
            Tags=tags(values),
        )
        self._loaded.arns[planned.address] = answer["Policy"]["Arn"]
        self._loaded.policies[planned.address] = answer["Policy"]["Arn"]

    def role(self, planned: Planned) -> None:
        values = planned.values
        boundary = values.get("permissions_boundary")
        if "permissions_boundary" not in values:
            boundary = self._arn(planned, "permissions_boundary", "aws_iam_policy")
        answer = self._iam(
            "CreateRole",
            RoleName=self._known(planned, "name"),
            AssumeRolePolicyDocument=self._known(planned, "assume_role_policy"),
            Path=values.get("path"),
            Description=values.get("description"),
            MaxSessionDuration=values.get("max_session_duration"),
            PermissionsBoundary=boundary,
            Tags=tags(values),
        )
        self._loaded.arns[planned.address] = answer["Role"]["Arn"]
        self._loaded.roles[planned.address] = values["name"]
        for policy in values.get("inline_policy") or []:
            if policy.get("name"):
                self._put_policy(values["name"], policy["name"], policy["policy"])
        for arn in values.get("managed_policy_arns") or []:
            self._iam("AttachRolePolicy", RoleName=values["name"], PolicyArn=arn)

    def role_policy(self, planned: Planned) -> None:
        name, text = self._known(planned, "name"), self._known(planned, "policy")
        self._put_policy(self._role_name(planned), name, text)
        self._loaded.policies[planned.address] = name

    def attachment(self, planned: Planned) -> None:
        arn = planned.values.get("policy_arn") or self._arn(planned, "policy_arn", "aws_iam_policy")
        self._iam("AttachRolePolicy", RoleName=self._role_name(planned), PolicyArn=arn)

    def _put_policy(self, role: str, name: str, text: str) -> None:
        self._iam("PutRolePolicy", RoleName=role, PolicyName=name, PolicyDocument=text)

    def _role_name(self, planned: Planned) -> str:
        known = planned.values.get("role")
        return known or self._loaded.roles[self._plan.named(planned, ["role"], "aws_iam_role").address]

    def _arn(self, planned: Planned, name: str, wanted: str) -> str:
        return self._loaded.arns[self._plan.named(planned, [name], wanted).address]

    def _iam(self, operation: str, **params: Any) -> Values:
        return self._region.backend("iam", operation, given(params))
