"""Does an event match a rule's pattern? Exact values, anything-but, prefix, exists; every other operator is an error.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
Members of a pattern are ANDed, the values of a leaf are ORed; a leaf of the event that is a list matches by any value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from albpatch.region.operations import NotKnownHere

_ABSENT = object()


@lru_cache(maxsize=64)
def _parsed(pattern: str) -> dict[str, Any]:
    return dict(json.loads(pattern))


def matches(pattern: str, event: Mapping[str, Any]) -> bool:
    """Whether an event (as a rule sees it) matches a pattern (JSON text).

    Raises:
        NotKnownHere: the pattern has an operator that is not known here.
    """
    return _node(_parsed(pattern), event)


def _node(pattern: Mapping[str, Any], event: Any) -> bool:
    """Every member is looked at, so that an unknown operator is an error whatever the event."""
    answers = []
    for key, wanted in pattern.items():
        if key == "$or":
            raise NotKnownHere("$or in an event pattern")
        inner = event.get(key, _ABSENT) if isinstance(event, Mapping) else _ABSENT
        answers.append(_node(wanted, inner) if isinstance(wanted, dict) else _leaf(wanted, inner))
    return all(answers)


def _leaf(wanted: Any, given: Any) -> bool:
    if not isinstance(wanted, list):
        raise NotKnownHere(f"the event pattern {wanted!r}, which is neither an object nor a list")
    values = given if isinstance(given, list) else [given]
    answers = [_one(choice, value) for choice in wanted for value in values or [_ABSENT]]
    return any(answers)


def _one(choice: Any, value: Any) -> bool:
    if not isinstance(choice, dict):
        return value is not _ABSENT and type(value) is type(choice) and bool(value == choice)
    ((operator, operand),) = choice.items() if len(choice) == 1 else ((json.dumps(choice), None),)
    if operator == "exists":
        return (value is not _ABSENT and not isinstance(value, Mapping)) is bool(operand)
    if operator == "prefix" and isinstance(operand, str):
        return isinstance(value, str) and value.startswith(operand)
    if operator == "anything-but" and not isinstance(operand, dict):
        excluded = operand if isinstance(operand, list) else [operand]
        return value is not _ABSENT and value not in excluded
    raise NotKnownHere(f"the operator {operator} in an event pattern")
