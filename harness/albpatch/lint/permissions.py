"""What the role of a document must be allowed, as an IAM policy, and what cannot be told from the document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from albpatch.document.references import REFERENCE
from albpatch.iam.calls import Place, UnknownCall, actions, needs
from albpatch.iam.policy import NotEvaluable
from albpatch.lint import services
from albpatch.lint.action_names import NoName, actions_by_name
from albpatch.lint.calls import ApiCall
from albpatch.lint.subject import Subject

_PASSED_TO = "iam:PassedToService"
_ANYWHERE = Place("aws", "*", "*")
# A role that a request names must be passed. The services' pages of the Service Authorization Reference.
_PASSES = ("role", "rolearn", "servicerolearn", "iaminstanceprofile", "executionrolearn", "taskrolearn", "iamrolearn")


@dataclass(frozen=True)
class Permissions:
    """policy: an IAM policy document. not_told: (step, what) that the policy does not cover or only guesses."""

    policy: dict[str, Any]
    not_told: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Grant:
    action: str
    resource: str
    passed_to: str = ""


def permissions(subject: Subject) -> Permissions:
    """What the steps and scripts of the document call, as a policy."""
    grants: list[_Grant] = []
    not_told: list[tuple[str, str]] = []
    for step in subject.steps:
        made = subject.made[step.name]
        not_told += [(step.name, what) for what in made.not_told]
        for call in made.calls:
            for found in _grants(call):
                if isinstance(found, str):
                    not_told.append((step.name, found))
                else:
                    grants.append(found)
    return Permissions(_policy(grants), tuple(dict.fromkeys(not_told)))


def _grants(call: ApiCall) -> Iterator[_Grant | str]:
    try:
        listed = actions(call.service, call.operation)
    except UnknownCall:
        yield from _by_name(call)
        return
    try:
        found = needs(call.service, call.operation, _request(call), _ANYWHERE)
    except NotEvaluable:
        yield from (_Grant(action, "*") for action in listed)
        return
    for need in found:
        passed_to = dict(need.context).get(_PASSED_TO, ("",))[0]
        yield _Grant(need.action, need.resource, passed_to)
    if call.name == "ssm:StartAutomationExecution":
        yield "the role that the other document assumes must be passed to it (iam:PassRole)"


def _by_name(call: ApiCall) -> Iterator[_Grant | str]:
    try:
        names = actions_by_name(call.service, call.operation)
    except NoName:
        yield f"the IAM actions of {call.name}"
        return
    yield from (_Grant(name, "*") for name in names)
    yield f"{', '.join(names)} is taken from the name of {call.name}; its resources are not known here"
    if any(key.lower() in _PASSES for key in call.params):
        yield f"the role that {call.name} names must be passed to it (iam:PassRole)"


def _request(call: ApiCall) -> dict[str, Any]:
    """The request with an asterisk for everything that is known only at the start."""
    called = services.operation(call.service, call.operation)
    members = called.input_shape.members if called and called.input_shape else {}
    found = {}
    for name, value in call.params.items():
        if name in members:
            known = _starred(value)
            found[name] = known if members[name].type_name != "list" or isinstance(known, list) else [known]
    return found


def _starred(value: Any) -> Any:
    if isinstance(value, str):
        starred = REFERENCE.sub("*", value)
        return "*" if starred.startswith("*:") else starred
    if isinstance(value, Mapping):
        return {key: _starred(item) for key, item in value.items()}
    return [_starred(item) for item in value] if isinstance(value, list | tuple) else value


def _policy(grants: list[_Grant]) -> dict[str, Any]:
    resources: dict[tuple[str, str], set[str]] = {}
    for grant in grants:
        resources.setdefault((grant.passed_to, grant.action), set()).add(grant.resource)
    together: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (passed_to, action), named in sorted(resources.items()):
        kept = ("*",) if "*" in named else tuple(sorted(named))
        together.setdefault((passed_to, kept), []).append(action)
    return {"Version": "2012-10-17", "Statement": [_statement(*key, names) for key, names in together.items()]}


def _statement(passed_to: str, resources: tuple[str, ...], names: list[str]) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": "Allow", "Action": names, "Resource": list(resources)}
    if passed_to:
        statement["Condition"] = {"StringEquals": {_PASSED_TO: passed_to}}
    return statement
