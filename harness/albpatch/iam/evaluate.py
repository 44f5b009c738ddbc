"""Decides one request as IAM does within one account: explicit deny, then boundary, then identity policies.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
Service control policies and session policies are not here: nothing in this project has them. Of resource policies only
what they say of an AWS service is: `trusts`, `admits`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from albpatch.iam.conditions import Context, hold
from albpatch.iam.policy import NotEvaluable, Statement, statements
from albpatch.iam.variables import filled

ASSUME_ROLE = "sts:AssumeRole"


@dataclass(frozen=True)
class Request:
    """One action on one resource ("*" where the action supports none)."""

    action: str
    resource: str = "*"
    context: Context = field(default_factory=Context)


@dataclass(frozen=True)
class Decision:
    """The answer and its reason in the words of AWS's error messages; no reason where it is allowed."""

    allowed: bool
    reason: str = ""


def decide(request: Request, identity: Sequence[str], boundary: str | None = None) -> Decision:
    """Decide a request of a role with these identity policies and this permissions boundary (JSON texts).

    Raises:
        NotEvaluable: the outcome hangs on something that this evaluator does not know.
    """
    if _speaks("Deny", request, identity):
        return Decision(False, "with an explicit deny in an identity-based policy")
    if boundary is not None:
        if _speaks("Deny", request, [boundary]):
            return Decision(False, "with an explicit deny in a permissions boundary")
        if not _speaks("Allow", request, [boundary]):
            return Decision(False, f"because no permissions boundary allows the {request.action} action")
    if not _speaks("Allow", request, identity):
        return Decision(False, f"because no identity-based policy allows the {request.action} action")
    return Decision(True)


def trusts(trust: str, service: str, context: Context) -> bool:
    """Tell whether a trust policy lets an AWS service ("ssm.amazonaws.com") assume the role.

    Raises:
        NotEvaluable: as `decide`; also for a Principal of `*`, which AWS does not document for services.
    """
    spoken = {
        statement.effect
        for statement in statements(trust)
        if statement.concerns_action(ASSUME_ROLE) and _names(statement, service) and hold(statement, context)
    }
    return spoken == {"Allow"}


def admits(policy: str, service: str, action: str, resource: str, context: Context) -> bool:
    """Tell whether a resource's own policy lets an AWS service ("events.amazonaws.com") do this to the resource.

    Raises:
        NotEvaluable: as `trusts`.
    """
    spoken = {
        statement.effect
        for statement in statements(policy)
        if _concerns(statement, action, resource, context) and _names(statement, service) and hold(statement, context)
    }
    return spoken == {"Allow"}


def _speaks(effect: str, request: Request, documents: Sequence[str]) -> bool:
    """Whether some statement has this effect. One that cannot be evaluated matters only if no other one has it."""
    unknown: NotEvaluable | None = None
    for statement in (one for document in documents for one in _of_action(document, request.action)):
        if statement.principals:
            raise NotEvaluable("Principal in an identity-based policy")
        if statement.effect != effect:
            continue
        try:
            concerned = _concerns(statement, request.action, request.resource, request.context)
            if concerned and hold(statement, request.context):
                return True
        except NotEvaluable as error:
            unknown = unknown or error
    if unknown is not None:
        raise unknown
    return False


@lru_cache(maxsize=4096)
def _of_action(document: str, action: str) -> tuple[Statement, ...]:
    """The statements that speak of the action, and those that no identity policy may have."""
    return tuple(s for s in statements(document) if s.principals or s.concerns_action(action))


def _concerns(statement: Statement, action: str, resource: str, context: Context) -> bool:
    return statement.concerns(action, resource, lambda text: filled(text, context.get))


def _names(statement: Statement, service: str) -> bool:
    if ("*", "*") in statement.principals:
        raise NotEvaluable("Principal * for a service")
    return ("Service", service) in statement.principals
