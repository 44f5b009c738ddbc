"""IAM in force: every call that a role makes is decided by that role's policies.

Roles and policies are read from the control plane's state at each call, so a change counts at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import yaml
from moto.iam.models import Role, iam_backends

from albpatch.iam.calls import Need, Place, UnknownCall, needs
from albpatch.iam.conditions import Context, Tags, of_session
from albpatch.iam.evaluate import Request, decide, trusts
from albpatch.iam.policy import NotEvaluable
from albpatch.region.core import Region
from albpatch.region.operations import AwsError, Caller, NotKnownHere
from albpatch.region.services.documents import Documents
from albpatch.region.target_groups import Instances

# Service -> code and HTTP status of "not authorized"; the JSON services answer AccessDeniedException with 400.
_DENIED = {
    "autoscaling": ("AccessDenied", 403),
    "cloudformation": ("AccessDenied", 403),
    "cloudwatch": ("AccessDenied", 403),
    "ec2": ("UnauthorizedOperation", 403),
    "elbv2": ("AccessDenied", 403),
    "iam": ("AccessDenied", 403),
    "lambda": ("AccessDeniedException", 403),
    "sns": ("AuthorizationError", 403),
    "sts": ("AccessDenied", 403),
}
# What a service that assumes a role may send; where it does not, the request does not have the key.
_TRUST_KEYS = ("aws:SourceAccount", "aws:SourceArn", "sts:ExternalId")
_REFERENCE = re.compile(r"\{\{\s*([\w:.]+)\s*\}\}")


class Authorization:
    """The region's IAM (a region's part). `install` puts it in force."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self._place = Place(region.partition, region.name, region.account_id)

    def install(self) -> None:
        self._region.authorizer = self.check

    def check(self, caller: Caller, service: str, operation: str, params: dict[str, Any]) -> None:
        """Refuse the call unless the caller's role may make it.

        Raises:
            AwsError: not allowed, with the service's own code and AWS's wording.
            NotKnownHere: nobody wrote down what the operation needs.
            NotEvaluable: a policy uses what the evaluator does not know.
        """
        try:
            wanted = needs(service, operation, params, self._place)
        except UnknownCall:
            raise NotKnownHere(f"permissions of {service}:{operation}") from None
        for need in wanted:
            self._require(caller, service, need)
        if (service, operation) == ("ssm", "StartAutomationExecution"):
            self.require_role_of_start(caller, params)

    def require_role_of_start(self, caller: Caller, params: Mapping[str, Any]) -> None:
        """Refuse unless the caller may pass the role of the document that a start names. Raises AwsError."""
        role_arn = self._assumed_by(params)
        if role_arn:
            self.require_pass_role(caller, role_arn, "ssm.amazonaws.com")

    def require_pass_role(self, caller: Caller, role_arn: str, service: str) -> None:
        """Refuse unless the caller may hand this role to this service. Raises AwsError."""
        context = (("iam:PassedToService", (service,)),)
        self._require(caller, service.partition(".")[0], Need("iam:PassRole", role_arn, context))

    def assume(
        self, role_arn: str, service: str, context: Mapping[str, str] | None = None, session: str = "Automation"
    ) -> Caller:
        """The caller that an AWS service becomes by assuming a role.

        Args:
            role_arn: the role.
            service: its principal, such as "ssm.amazonaws.com".
            context: what the service sends along: aws:SourceAccount, aws:SourceArn.
            session: name of the session.

        Raises:
            AwsError: the role is missing or does not trust the service in this context.
        """
        name = role_arn.rpartition("/")[2]
        role = self._role(name)
        sent = {key: (value,) for key, value in (context or {}).items()}
        absent = [key for key in _TRUST_KEYS if key not in sent]
        if (
            role is None
            or role.arn != role_arn
            or not trusts(role.assume_role_policy_document, service, Context(sent, absent))
        ):
            raise AwsError(
                "InvalidAutomationExecutionParametersException", "The defined assume role is unable to be assumed."
            )
        return self._region.assumed_role(name, session)

    def _require(self, caller: Caller, service: str, need: Need) -> None:
        role = self._role(caller.role_name) if caller.role_name is not None else None
        if role is None:
            raise AwsError("InvalidClientTokenId", "The security token included in the request is invalid.", 403)
        identity = [*role.policies.values(), *(_default(policy) for policy in role.managed_policies.values())]
        request = Request(need.action, need.resource, self._context(role, need))
        decision = decide(request, identity, self._boundary(role))
        if not decision.allowed:
            where = "" if need.resource == "*" else f" on resource: {need.resource}"
            code, status = _DENIED.get(service, ("AccessDeniedException", 400))
            text = f"User: {caller.arn} is not authorized to perform: {need.action}{where} {decision.reason}"
            if service == "ec2":
                text = f"You are not authorized to perform this operation. {text}"
            raise AwsError(code, text, status)

    def _context(self, role: Role, need: Need) -> Context:
        now = int(self._region.clock.time())
        values: dict[str, tuple[str, ...]] = {
            **of_session(role.arn, self._place.account, self._place.region),
            "aws:CurrentTime": (datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),),
            "aws:EpochTime": (str(now),),
            **dict(need.context),
        }
        tags: dict[str, Tags] = {"aws:PrincipalTag": lambda: {tag["Key"]: tag["Value"] for tag in role.tags}}
        if need.tagged is not None:
            name, prefixes = need.tagged
            tags |= {prefix: lambda: self._tags(name) for prefix in prefixes}
        return Context(values, tags=tags)

    def _tags(self, instance_id: str) -> dict[str, str]:
        instance = self._region.part(Instances).get(instance_id)
        return {} if instance is None else instance.tags

    def _role(self, name: str) -> Role | None:
        roles = iam_backends[self._place.account][self._place.partition].roles
        return next((role for role in roles.values() if role.name == name), None)

    def _boundary(self, role: Role) -> str | None:
        if not role.permissions_boundary_arn:
            return None
        policies = iam_backends[self._place.account][self._place.partition].managed_policies
        if role.permissions_boundary_arn not in policies:
            raise NotEvaluable(f"permissions boundary {role.permissions_boundary_arn}, which does not exist here")
        return _default(policies[role.permissions_boundary_arn])

    def _assumed_by(self, params: Mapping[str, Any]) -> str:
        """The role that the document of a start names, "" for none."""
        content, _ = self._region.part(Documents).automation(params["DocumentName"], params.get("DocumentVersion"))
        return _assume_role(content, params.get("Parameters", {}), self._place)


def _default(policy: Any) -> str:
    return next(str(version.document) for version in policy.versions if version.is_default)


@lru_cache(maxsize=64)
def _top_level(content: str) -> tuple[str, dict[str, Any]]:
    document = yaml.safe_load(content)
    return str(document.get("assumeRole") or ""), document.get("parameters") or {}


def _assume_role(content: str, given: Mapping[str, list[str]], place: Place) -> str:
    role, declared = _top_level(content)
    known = {
        "global:ACCOUNT_ID": place.account,
        "global:AWS_PARTITION": place.partition,
        "global:REGION": place.region,
        **{name: str(parameter.get("default", "")) for name, parameter in declared.items()},
        **{name: values[0] for name, values in given.items() if values},
    }
    return _REFERENCE.sub(lambda found: known.get(found[1], found[0]), role)


def install(region: Region) -> Authorization:
    """Put IAM in force in a region that has a control plane."""
    authorization = region.part(Authorization)
    authorization.install()
    return authorization
