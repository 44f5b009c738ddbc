"""The conditions of aws:branch and aws:loop: reading them, and judging one against resolved values.

UG "Using conditional statements in runbooks".
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from albpatch.document.actions import NUMBER_OPERATORS, OPERATORS, TEXT_OPERATORS
from albpatch.document.model import Choice, Combined, Compare, Condition
from albpatch.document.values import as_text

Complain = Callable[[str, str], None]  # where, what


class NotComparable(ValueError):
    """A value that the operator cannot compare."""


def read_choices(raw: Any, where: str, complain: Complain) -> tuple[Choice, ...]:
    """The choices of a branch; what is wrong goes to `complain`."""
    if not isinstance(raw, list) or not raw:
        complain(where, "Choices must be a list with at least one choice")
        return ()
    found = []
    for number, item in enumerate(raw):
        here = f"{where}[{number}]"
        if not isinstance(item, dict):
            complain(here, "a choice is a map")
            continue
        target = item.get("NextStep")
        if not isinstance(target, str) or not target:
            complain(here, "NextStep is missing")
        condition = read_condition({k: v for k, v in item.items() if k != "NextStep"}, here, complain)
        if isinstance(target, str) and target and condition is not None:
            found.append(Choice(target, condition))
    return tuple(found)


def read_condition(raw: Any, where: str, complain: Complain) -> Condition | None:
    """One condition: a comparison, or And, Or, Not of conditions."""
    if not isinstance(raw, dict):
        complain(where, "a condition is a map")
        return None
    combined = [key for key in ("And", "Or", "Not") if key in raw]
    if combined:
        if len(raw) > 1:
            complain(where, f"{combined[0]} stands alone, found also {', '.join(sorted(set(raw) - {combined[0]}))}")
        return _read_combined(combined[0], raw[combined[0]], where, complain)
    return _read_compare(raw, where, complain)


def _read_combined(kind: Any, raw: Any, where: str, complain: Complain) -> Condition | None:
    items = raw if isinstance(raw, list) else [raw] if kind == "Not" else None
    if not items or (kind == "Not" and len(items) != 1):
        complain(f"{where}.{kind}", f"{kind} takes {'one condition' if kind == 'Not' else 'a list of conditions'}")
        return None
    parts = [read_condition(item, f"{where}.{kind}[{n}]", complain) for n, item in enumerate(items)]
    known = tuple(part for part in parts if part is not None)
    return Combined(kind, known) if len(known) == len(parts) else None


def _read_compare(raw: dict[str, Any], where: str, complain: Complain) -> Condition | None:
    names = [key for key in raw if key != "Variable"]
    good = True
    if "Variable" not in raw:
        complain(where, "Variable is missing")
        good = False
    for name in names:
        if name not in OPERATORS:
            complain(where, f"{name!r} is no operator of a condition (known: {', '.join(OPERATORS)})")
            good = False
    if len(names) != 1:
        complain(where, "a condition has exactly one operator")
        good = False
    return Compare(raw["Variable"], names[0], raw[names[0]]) if good else None


def holds(condition: Condition, resolve: Callable[[Any], Any]) -> bool:
    """Whether the condition is true. Raises NotComparable."""
    if isinstance(condition, Combined):
        judged = (holds(part, resolve) for part in condition.parts)
        if condition.kind == "And":
            return all(judged)
        return any(judged) if condition.kind == "Or" else not any(judged)
    return compare(condition.operator, resolve(condition.variable), resolve(condition.operand))


_TEXT: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": operator.eq,
    "EqualsIgnoreCase": lambda value, operand: value.lower() == operand.lower(),
    "StartsWith": str.startswith,
    "EndsWith": str.endswith,
    "Contains": lambda value, operand: operand in value,
}
_NUMBER: dict[str, Callable[[float, float], bool]] = {
    "NumericEquals": operator.eq,
    "NumericGreater": operator.gt,
    "NumericLesser": operator.lt,
    "NumericGreaterOrEquals": operator.ge,
    "NumericLesserOrEquals": operator.le,
}


def compare(name: str, value: Any, operand: Any) -> bool:
    """One comparison of resolved values. Raises NotComparable."""
    if name in TEXT_OPERATORS:
        return _TEXT[name](as_text(value), as_text(operand))
    if name in NUMBER_OPERATORS:
        return _NUMBER[name](_number(value, name), _number(operand, name))
    return _truth(value) is _truth(operand)


def _number(value: Any, name: str) -> float:
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            return float(value)
        except ValueError:
            pass
    raise NotComparable(f"{name} needs a number, found {as_text(value)}")


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise NotComparable(f"BooleanEquals needs true or false, found {as_text(value)}")
