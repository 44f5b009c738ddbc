"""A difference between two versions of a runbook, and those between their parameters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from albpatch.document.model import MISSING, Document, Parameter
from albpatch.document.values import as_text

Effect = Literal["weakened", "changed", "plain"]


@dataclass(frozen=True)
class Difference:
    """One difference. effect: whether a guard is weakened, changed in a way that nobody but a reader can judge, or
    neither. step: the step, or empty."""

    step: str
    text: str
    effect: Effect = "plain"


def short(value: Any) -> str:
    """A value in at most 80 characters."""
    text = "nothing" if value is None or value is MISSING else as_text(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def parameters(before: Document, after: Document) -> Iterator[Difference]:
    """What differs between the parameters of two documents."""
    for name in dict.fromkeys([*before.parameters, *after.parameters]):
        old, new = before.parameters.get(name), after.parameters.get(name)
        if old is None or new is None:
            yield Difference("", f"parameter {name} {'added' if old is None else 'removed'}")
        elif old != new:
            yield from _parameter(name, old, new)


def _parameter(name: str, old: Parameter, new: Parameter) -> Iterator[Difference]:
    if old.type != new.type:
        yield Difference("", f"parameter {name}: type {old.type} became {new.type}", "changed")
    if old.default != new.default:
        effect: Effect = "weakened" if _lower(name, old.default, new.default) else "changed"
        yield Difference("", f"parameter {name}: default {short(old.default)} became {short(new.default)}", effect)
    if old.allowed_pattern != new.allowed_pattern:
        text = f"parameter {name}: allowedPattern {short(old.allowed_pattern)} became {short(new.allowed_pattern)}"
        yield Difference("", text, "weakened" if new.allowed_pattern is None else "changed")
    if old.allowed_values != new.allowed_values:
        more = new.allowed_values is None or set(map(str, new.allowed_values)) - set(map(str, old.allowed_values or ()))
        text = f"parameter {name}: allowedValues {short(old.allowed_values)} became {short(new.allowed_values)}"
        yield Difference("", text, "weakened" if old.allowed_values is not None and more else "changed")


def _lower(name: str, old: Any, new: Any) -> bool:
    """Whether a default that says how much capacity stays got smaller."""
    return name.startswith("MinHealthy") and str(old).isdigit() and str(new).isdigit() and int(new) < int(old)
