"""What roles may do: their policies as grants, and whether they allow what a step needs.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from albpatch.iam.conditions import Context
from albpatch.iam.evaluate import Request, decide
from albpatch.iam.policy import NotEvaluable, action_matches, statements
from albpatch.plan.model import Call
from albpatch.plan.needs import Wanted
from albpatch.plan.read import Resource, State

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
    """What is known of a role.

    whole: False where a policy of it is not shown by the plan. texts: its policies. boundary: the text of its
    permissions boundary, a mark or its ARN where only that is known, None if it has none.
    """

    grants: frozenset[Grant]
    whole: bool
    unreadable: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    boundary: Any = None

    def allows(self, action: str) -> bool:
        """Whether some statement allows the action on something."""
        return any(g.effect == "Allow" and action_matches(g.action, action) for g in self.grants)


def of_role(state: State, call: Call, role: Resource | None) -> Permissions:
    """The policies of a role of the call, inline and attached, and whether these are all."""
    if role is None:
        return Permissions(frozenset(), False)
    grants: set[Grant] = set()
    whole, unreadable, kept = True, [], []
    own = [r for r in call.of_type("aws_iam_role_policy") if _belongs(r, role)]
    others = [r for r in state.of_type("aws_iam_role_policy") if r.address not in call.resources and _named(r, role)]
    texts = [(r.address, r.values.get("policy")) for r in (*own, *others)]
    # The provider lists every inline policy here, those of the other resources as they were before the apply too.
    inline = None if texts else role.values.get("inline_policy")
    listed = inline if isinstance(inline, list) else []
    texts += [(role.address, p.get("policy")) for p in listed if isinstance(p, Mapping) and p.get("policy")]
    texts += [(role.address, policy_text(state, arn)) for arn in _attached(state, call, role)]
    for address, text in texts:
        if not isinstance(text, str):
            whole = False
            continue
        try:
            grants |= set(grants_of(text))
            kept.append(text)
        except ValueError:
            unreadable.append(address)
            whole = False
    bound = role.values.get("permissions_boundary") or None
    limit = policy_text(state, bound) or bound
    return Permissions(frozenset(grants), whole, tuple(unreadable), tuple(kept), limit)


def _attached(state: State, call: Call, role: Resource) -> Iterator[Any]:
    """The managed policies of a role, by ARN."""
    managed = role.values.get("managed_policy_arns")  # of a new role always unknown: the provider reads it back
    yield from managed if isinstance(managed, list) else []
    for attachment in state.of_type("aws_iam_role_policy_attachment"):
        inside = attachment.address in call.resources and _belongs(attachment, role)
        if inside or _named(attachment, role):
            yield attachment.values.get("policy_arn")


def policy_text(state: State, arn: Any) -> Any:
    """The text of a managed policy that the plan shows; None where it does not."""
    found = [r for r in state.of_type("aws_iam_policy") if isinstance(arn, str) and r.values.get("arn") == arn]
    return found[0].values.get("policy") if found else None


def _named(policy: Resource, role: Resource) -> bool:
    """Whether a resource that may stand anywhere in the plan names this role."""
    name = role.values.get("name")
    return isinstance(name, str) and policy.values.get("role") == name


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
class Answer:
    """Whether a role may do what a step needs. allowed: None where that cannot be told. why: the reason, if any."""

    allowed: bool | None
    why: str = ""


def may(wanted: Wanted, texts: Sequence[str], boundary: str | None, about: Mapping[str, tuple[str, ...]]) -> Answer:
    """Whether a role with these policies and this boundary may do it.

    Args:
        about: what every request of the role carries (iam.conditions.of_session).
    """
    try:
        if wanted.resource is None:
            return _on_anything(wanted.action, texts, boundary)
        context = Context({**about, **dict(wanted.context)})
        decision = decide(Request(wanted.action, wanted.resource, context), texts, boundary)
    except NotEvaluable as error:
        return Answer(None, str(error))
    return Answer(decision.allowed, decision.reason)


def _on_anything(action: str, texts: Sequence[str], boundary: str | None) -> Answer:
    """On which resource is not known: some statement has to allow the action, and none may deny it everywhere."""
    bounds = [] if boundary is None else [boundary]
    for text in (*texts, *bounds):
        for one in statements(text):
            everywhere = one.resources is not None and "*" in one.resources and not one.conditions
            if one.effect == "Deny" and everywhere and one.concerns_action(action):
                return Answer(False, "with an explicit deny")
    for one_of, words in ((texts, "identity-based policy"), *([(bounds, "permissions boundary")] if bounds else [])):
        found = (one for text in one_of for one in statements(text))
        if not any(one.effect == "Allow" and one.concerns_action(action) for one in found):
            return Answer(False, f"because no {words} allows the {action} action")
    return Answer(True)
