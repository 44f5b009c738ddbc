"""How checks compare and name things."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from albpatch.live.verdicts import Item, right, wrong

_NAMED = 5  # so many of a list are named
_LENGTH = 60  # and so many characters of a value


def name_of(arn: str) -> str:
    """A target group as people call it."""
    return "target group " + (arn.split("/")[1] if arn.count("/") == 2 else arn)


def listed(names: Iterable[str]) -> str:
    """The names; of a long list the first ones and how many more there are."""
    found = sorted(names)
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return ", ".join(found[:_NAMED]) + more


def compared(rule: str, subject: str, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[Item]:
    """An item for each member that differs, or one for all when none does."""
    different = [key for key in sorted({*wanted, *found}) if found.get(key) != wanted.get(key)]
    for key in different:
        yield wrong(rule, subject, f"{key} is {found.get(key)!r}", repr(wanted.get(key)))
    if not different:
        yield right(subject, ", ".join(f"{key} {_short(value)}" for key, value in found.items()), "as recorded")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LENGTH else f"{text[:_LENGTH]}..."
