"""What roles may do: their policies as grants, what changes in them, and what the steps of a runbook need.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from albpatch.document.model import Document
from albpatch.iam.calls import UnknownCall, actions, actions_of_step
from albpatch.iam.policy import action_matches
from albpatch.plan.model import Call
from albpatch.plan.read import Resource
from albpatch.plan.scripts import calls_of

_READS = ("Describe", "Get", "List", "BatchGet", "Head", "Query", "Scan", "Select", "Search", "Lookup")


@dataclass(frozen=True)
class Grant:
    """One action on one resource. condition: the statement's, as text, empty if there is none."""

    effect: str
    action: str
    resource: str
    condition: str = ""

    @property
    def words(self) -> str:
        limit = f" if {self.condition}" if self.condition else ""
        return f"{'' if self.effect == 'Allow' else 'never '}{self.action} on {self.resource}{limit}"

    @property
    def writes(self) -> bool:
        """Whether it may change something: a wildcard may."""
        name = self.action.rpartition(":")[2]
        return not name.startswith(_READS)


@dataclass(frozen=True)
class Permissions:
    """What is known of a role. whole: False where a policy of it is not shown by the plan."""

    grants: frozenset[Grant]
    whole: bool
    unreadable: tuple[str, ...] = ()

    def allows(self, action: str) -> bool:
        """Whether some statement allows the action on something."""
        return any(g.effect == "Allow" and action_matches(g.action, action) for g in self.grants)


def of_role(call: Call, role: Resource | None) -> Permissions:
    """The inline policies of a role of the call, and whether these are all."""
    if role is None:
        return Permissions(frozenset(), False)
    grants: set[Grant] = set()
    whole, unreadable = True, []
    texts = [(r.address, r.values.get("policy")) for r in call.of_type("aws_iam_role_policy") if _belongs(r, role)]
    # The provider lists every inline policy here, those of the other resources as they were before the apply too.
    inline = None if texts else role.values.get("inline_policy")
    listed = inline if isinstance(inline, list) else []
    texts += [(role.address, p.get("policy")) for p in listed if isinstance(p, Mapping) and p.get("policy")]
    for address, text in texts:
        if not isinstance(text, str):
            whole = False
            continue
        try:
            grants |= set(grants_of(text))
        except ValueError:
            unreadable.append(address)
            whole = False
    managed = role.values.get("managed_policy_arns")
    attached = any(_belongs(r, role) for r in call.of_type("aws_iam_role_policy_attachment"))
    return Permissions(frozenset(grants), whole and not attached and not _some(managed), tuple(unreadable))


def _some(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def _belongs(policy: Resource, role: Resource) -> bool:
    named, own = policy.values.get("role"), role.values.get("name")
    if isinstance(named, str) and isinstance(own, str):
        return named == own
    return policy.module == role.module


def grants_of(text: str) -> Iterator[Grant]:
    """Every grant of a policy. Raises ValueError for a text that is no policy."""
    parsed = json.loads(text)
    if not isinstance(parsed, dict):
        raise ValueError("no policy")
    for statement in _listed(parsed.get("Statement")):
        if not isinstance(statement, dict):
            raise ValueError("no statement")
        for action in _texts(statement, "Action"):
            for resource in _texts(statement, "Resource"):
                yield Grant(str(statement.get("Effect")), action, resource, condition_words(statement.get("Condition")))


def statements_of(text: Any) -> list[dict[str, Any]]:
    """The statements of a policy's text; none where the plan does not show it or it is no policy."""
    try:
        parsed = json.loads(text) if isinstance(text, str) else {}
    except ValueError:
        return []
    found = _listed(parsed.get("Statement")) if isinstance(parsed, dict) else []
    return [statement for statement in found if isinstance(statement, dict)]


def _texts(statement: Mapping[str, Any], name: str) -> list[str]:
    if f"Not{name}" in statement:
        return [f"everything but {', '.join(map(str, _listed(statement[f'Not{name}'])))}"]
    return [str(one) for one in _listed(statement.get(name))]


def _listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def condition_words(block: Any) -> str:
    """A condition block in one line."""
    if not isinstance(block, Mapping):
        return ""
    return " and ".join(
        f"{key} {operator} {' or '.join(map(str, _listed(values)))}"
        for operator, keys in sorted(block.items())
        if isinstance(keys, Mapping)
        for key, values in sorted(keys.items())
    )


@dataclass(frozen=True)
class Needs:
    """The IAM actions that the steps of a document call. unknown: calls whose actions are not known here."""

    actions: frozenset[str]
    unknown: tuple[str, ...] = ()


def needs_of(document: Document) -> Needs:
    """What the steps and scripts of a document need."""
    found: set[str] = set()
    unknown: list[str] = []
    for step in document.all_steps():
        found |= set(actions_of_step(step.action))
        if step.action == "aws:executeScript":
            calls = calls_of(str(step.inputs.get("Script", "")))
            unknown += [f"{step.name}: {what}" for what in calls.unknown]
            made: Iterable[tuple[str, str]] = calls.made
        elif step.action in ("aws:executeAwsApi", "aws:assertAwsResourceProperty", "aws:waitForAwsResourceProperty"):
            made = [(str(step.inputs.get("Service")), str(step.inputs.get("Api")))]
        else:
            made = []
            if step.action in ("aws:createStack", "aws:executeAutomation", "aws:executeStateMachine"):
                unknown.append(f"{step.name}: what {step.action} does in turn")
        for service, operation in made:
            try:
                found |= set(actions(service, operation))
            except UnknownCall as error:
                unknown.append(f"{step.name}: {error.what}")
    return Needs(frozenset(found), tuple(dict.fromkeys(unknown)))
