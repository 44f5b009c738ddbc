"""What a stack builds: a role, and a function that the region has a model of."""

from __future__ import annotations

import abc
import json
from collections.abc import Mapping, Sequence
from typing import Any

from albpatch.region.automation.executions import identifier
from albpatch.region.core import Region
from albpatch.region.functions import Function, Functions
from albpatch.region.operations import Caller, NotKnownHere

POLICY = "policy"
KEPT_OF_STACK_NAME = 24  # CloudFormation shortens the name of the stack where it names a role: 64 characters
_VERSION = "2012-10-17"


class Resource(abc.ABC):
    """One resource of a stack. `seconds` is how long it takes to build and to remove."""

    def __init__(self, region: Region, content: Mapping[str, Any], name: str) -> None:
        self._region, self._content, self.name = region, content, name
        self.seconds = float(content["seconds"])

    def create(self, caller: Caller, before: Sequence[Resource]) -> None:
        """Build it in the caller's name; `before` are the stack's resources that stand. Raises AwsError."""
        with self._region.clock.lock:
            self._called(caller, "create", before)
            self._make(before)

    def delete(self, caller: Caller) -> None:
        """Remove it in the caller's name. Raises AwsError."""
        with self._region.clock.lock:
            self._called(caller, "delete", ())
            self._unmake()

    def _called(self, caller: Caller, what: str, before: Sequence[Resource]) -> None:
        for call in self._content[what]:
            service, _, operation = call.partition(":")
            self._region.called_by_service(caller, service, operation, self._params(before))

    @abc.abstractmethod
    def _params(self, before: Sequence[Resource]) -> dict[str, Any]: ...

    @abc.abstractmethod
    def _make(self, before: Sequence[Resource]) -> None: ...

    @abc.abstractmethod
    def _unmake(self) -> None: ...


class StackRole(Resource):
    """AWS::IAM::Role with one inline policy, assumed by Lambda."""

    @property
    def arn(self) -> str:
        return f"arn:{self._region.partition}:iam::{self._region.account_id}:role/{self.name}"

    def _params(self, _before: Sequence[Resource]) -> dict[str, Any]:
        return {"RoleName": self.name}

    def _make(self, _before: Sequence[Resource]) -> None:
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        allowed = {"Effect": "Allow", "Action": self._content["allows"], "Resource": "*"}
        self._iam("CreateRole", AssumeRolePolicyDocument=_policy(trust))
        self._iam("PutRolePolicy", PolicyName=POLICY, PolicyDocument=_policy(allowed))

    def _unmake(self) -> None:
        self._iam("DeleteRolePolicy", PolicyName=POLICY)
        self._iam("DeleteRole")

    def _iam(self, operation: str, **params: str) -> None:
        self._region.backend("iam", operation, {"RoleName": self.name, **params})


class StackFunction(Resource):
    """AWS::Lambda::Function. What it does is the behaviour that the template names."""

    def _params(self, before: Sequence[Resource]) -> dict[str, Any]:
        params: dict[str, Any] = {"FunctionName": self.name}
        role = _role(before)
        return params if role is None else {**params, "Role": role.arn}

    def _make(self, before: Sequence[Resource]) -> None:
        role = _role(before)
        assert role is not None, "a function runs as a role of its stack"
        acts_as = self._region.assumed_role(role.name, self.name)
        self._region.part(Functions).add(Function(self.name, acts_as, self._content["behaviour"]))

    def _unmake(self) -> None:
        self._region.part(Functions).remove(self.name)


def resource(region: Region, content: Mapping[str, Any], stack_name: str, parameters: Mapping[str, str]) -> Resource:
    """A resource of a template. Raises NotKnownHere for one of another type."""
    if content["type"] == "AWS::IAM::Role":
        drawn = identifier("role", stack_name, content["name"]).replace("-", "")[:12].upper()
        return StackRole(region, content, f"{stack_name[:KEPT_OF_STACK_NAME]}-{content['name']}-{drawn}")
    if content["type"] == "AWS::Lambda::Function":
        return StackFunction(region, content, parameters[content["name"]])
    raise NotKnownHere(f"a stack with {content['type']}")


def _role(before: Sequence[Resource]) -> StackRole | None:
    return next((each for each in before if isinstance(each, StackRole)), None)


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": _VERSION, "Statement": [statement]})
