"""IAM policy documents: JSON text -> statements, and how their patterns match.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_MEMBERS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition", "Principal", "NotPrincipal"}
_ARN_PARTS = 6
VARIABLE = re.compile(r"\$\{([^}]*)\}")
# What a text with variables holds instead of characters that are no wildcards: two of the private use area.
AS_IT_STANDS = {"*": "\ue000", "?": "\ue001", "$": "$"}
Fill = Callable[[str], str | None]


class NotEvaluable(Exception):
    """The evaluator cannot tell what AWS would answer. Never taken for a yes or a no."""

    def __init__(self, what: str) -> None:
        super().__init__(f"cannot evaluate: {what}")


@dataclass(frozen=True)
class Statement:
    """One statement. `actions` and `resources` are None where the statement has NotAction or NotResource instead."""

    effect: str
    sid: str
    actions: tuple[str, ...] | None
    not_actions: tuple[str, ...]
    resources: tuple[str, ...] | None
    not_resources: tuple[str, ...]
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]
    principals: tuple[tuple[str, str], ...]

    def concerns(self, action: str, resource: str, fill: Fill) -> bool:
        """Tell whether the statement speaks of this action on this resource, conditions aside.

        fill: a text with policy variables -> the text with their values, None where one has none.
        """
        return self.concerns_action(action) and self._concerns_resource(resource, fill)

    def concerns_action(self, action: str) -> bool:
        if self.actions is None:
            return not any(action_matches(pattern, action) for pattern in self.not_actions)
        return any(action_matches(pattern, action) for pattern in self.actions)

    def _concerns_resource(self, resource: str, fill: Fill) -> bool:
        if self.resources is None:
            patterns = [_filled(pattern, fill) for pattern in self.not_resources]
            if None in patterns:
                raise NotEvaluable("NotResource: a policy variable without a value")
            return not any(resource_matches(pattern, resource) for pattern in patterns if pattern is not None)
        for pattern in self.resources:
            found = _filled(pattern, fill)
            if found is not None and resource_matches(found, resource):
                return True
        return False


@lru_cache(maxsize=1024)
def statements(document: str) -> tuple[Statement, ...]:
    """The statements of an identity policy, a boundary or a trust policy.

    Raises:
        NotEvaluable: the text is no policy, or has a member that this evaluator does not know.
    """
    try:
        parsed = json.loads(document)
    except ValueError as error:
        raise NotEvaluable(f"a policy that is not JSON ({error})") from None
    if not isinstance(parsed, dict) or set(parsed) - {"Version", "Id", "Statement"}:
        raise NotEvaluable("a policy with other members than Version, Id and Statement")
    if "${" in document and parsed.get("Version") != "2012-10-17":
        raise NotEvaluable("policy variable in a policy without Version 2012-10-17")
    return tuple(_statement(item) for item in _listed(parsed.get("Statement")))


def _statement(item: Any) -> Statement:
    if not isinstance(item, dict):
        raise NotEvaluable("a statement that is not an object")
    unknown = set(item) - _MEMBERS
    if unknown:
        raise NotEvaluable(f"statement member {', '.join(sorted(unknown))}")
    if "NotPrincipal" in item:
        raise NotEvaluable("NotPrincipal")
    if item.get("Effect") not in ("Allow", "Deny"):
        raise NotEvaluable(f"Effect {item.get('Effect')!r}")
    if ("Action" in item) == ("NotAction" in item):
        raise NotEvaluable("a statement needs Action or NotAction, and not both")
    return Statement(
        effect=item["Effect"],
        sid=item.get("Sid", ""),
        actions=_patterns(item, "Action") if "Action" in item else None,
        not_actions=_patterns(item, "NotAction"),
        resources=_patterns(item, "Resource") if "NotResource" not in item else None,
        not_resources=_patterns(item, "NotResource"),
        conditions=_conditions(item.get("Condition", {})),
        principals=_principals(item.get("Principal", {})),
    )


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _patterns(item: Mapping[str, Any], member: str) -> tuple[str, ...]:
    """Those with variables last: they need not be evaluated where another one matches."""
    found = [_text(value, member, member.endswith("Resource")) for value in _listed(item.get(member))]
    return tuple(sorted(found, key=lambda text: "${" in text))


def _text(value: Any, where: str, takes_variables: bool = False) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int):
        raise NotEvaluable(f"{type(value).__name__} in {where}")
    if "${" in str(value) and not takes_variables:
        raise NotEvaluable(f"policy variable in {where}: {value}")
    return str(value)


def _conditions(block: Any) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    if not isinstance(block, dict):
        raise NotEvaluable("a Condition that is not an object")
    return tuple(
        (operator, key, tuple(_text(value, f"condition {key}", True) for value in _listed(values)))
        for operator, keys in block.items()
        for key, values in keys.items()
    )


def _principals(block: Any) -> tuple[tuple[str, str], ...]:
    if block == "*":
        return (("*", "*"),)
    if not isinstance(block, dict):
        raise NotEvaluable(f"Principal {block!r}")
    return tuple((kind, _text(value, "Principal")) for kind, values in block.items() for value in _listed(values))


def _filled(pattern: str, fill: Fill) -> str | None:
    """A resource with its variables filled in; they stand in the last part of an ARN only."""
    if "${" not in pattern:
        return pattern
    parts = pattern.split(":", _ARN_PARTS - 1)
    if any("${" in part for part in parts[:-1]) or len(parts) < _ARN_PARTS:
        raise NotEvaluable(f"policy variable in {pattern}, before the last part of the ARN")
    last = fill(parts[-1])
    return None if last is None else ":".join([*parts[:-1], last])


def plain(text: str) -> str:
    """A text with variables filled in, its characters as they stand."""
    for character, standing in AS_IT_STANDS.items():
        text = text.replace(standing, character)
    return text


@lru_cache(maxsize=4096)
def wildcard(pattern: str, *, across: str = ".", flags: int = 0) -> re.Pattern[str]:
    """`*` and `?` as IAM's wildcards; `across` is what a wildcard character may stand for."""
    pieces = {"*": f"{across}*", "?": across, **{AS_IT_STANDS[c]: re.escape(c) for c in "*?"}}
    return re.compile("".join(pieces.get(c, re.escape(c)) for c in pattern), flags | re.DOTALL)


def action_matches(pattern: str, action: str) -> bool:
    """Actions match without regard to case, wildcards anywhere."""
    return wildcard(pattern, flags=re.IGNORECASE).fullmatch(action) is not None


def resource_matches(pattern: str, resource: str) -> bool:
    """Resources match with regard to case; a wildcard stays within its segment of the ARN, unless a `*` ends it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html

    Raises:
        NotEvaluable: the pattern is neither `*` nor a whole ARN.
    """
    if pattern == "*":
        return True
    if pattern.count(":") < _ARN_PARTS - 1:
        raise NotEvaluable(f"resource {pattern}, which is no whole ARN")
    return _resource_pattern(pattern).fullmatch(resource) is not None


@lru_cache(maxsize=4096)
def _resource_pattern(pattern: str) -> re.Pattern[str]:
    segments = []
    for segment in pattern.split(":"):
        open_end = segment.endswith("*")
        body = wildcard(segment.rstrip("*") if open_end else segment, across="[^:]").pattern
        segments.append(body + (".*" if open_end else ""))
    return re.compile(":".join(segments), re.DOTALL)


def arn_matches(pattern: str, arn: str) -> bool:
    """ArnLike: each of the six parts on its own.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    wanted, given = pattern.split(":", _ARN_PARTS - 1), arn.split(":", _ARN_PARTS - 1)
    if len(wanted) < _ARN_PARTS:
        raise NotEvaluable(f"ARN condition with {pattern}, which is no whole ARN")
    return len(given) == _ARN_PARTS and all(
        wildcard(w).fullmatch(g) is not None for w, g in zip(wanted, given, strict=True)
    )
