"""IAM roles: who may assume them, what is attached, what bounds them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from albpatch.live.calls import Calls

_GONE = ("NoSuchEntity", "NoSuchEntityException")


@dataclass(frozen=True)
class Role:
    """A role. policies: the inline ones, name -> document. boundary: the text of its permissions boundary."""

    name: str
    arn: str
    trust: dict[str, Any]
    policies: dict[str, dict[str, Any]]
    managed: tuple[str, ...]
    boundary: str | None


class Roles:
    """The roles of the account."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def role(self, name: str) -> Role | None:
        answer = self._calls.ask("iam", "get_role", _GONE, RoleName=name)
        if answer is None:
            return None
        role, ask, pages = answer["Role"], self._calls.ask, self._calls.pages
        inline = pages("iam", "list_role_policies", "PolicyNames", RoleName=name)
        attached = pages("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=name)
        bound = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        return Role(
            name,
            role["Arn"],
            _parsed(role["AssumeRolePolicyDocument"]),
            {n: _parsed(ask("iam", "get_role_policy", RoleName=name, PolicyName=n)["PolicyDocument"]) for n in inline},
            tuple(policy["PolicyArn"] for policy in attached),
            None if bound is None else self._policy(bound),
        )

    def _policy(self, arn: str) -> str:
        version = self._calls.ask("iam", "get_policy", PolicyArn=arn)["Policy"]["DefaultVersionId"]
        answer = self._calls.ask("iam", "get_policy_version", PolicyArn=arn, VersionId=version)
        return json.dumps(_parsed(answer["PolicyVersion"]["Document"]))


def _parsed(document: Any) -> dict[str, Any]:
    """botocore decodes a policy where it knows that it is one."""
    found: dict[str, Any] = json.loads(unquote(document)) if isinstance(document, str) else document
    return found
