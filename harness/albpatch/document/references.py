"""References in double braces: where they stand and what they name.

A reference names a parameter ("{{ InstanceId }}"), an output ("{{ Step.Output }}"), a variable ("{{ variable:x }}") or
a system variable ("{{ global:REGION }}", "{{ automation:EXECUTION_ID }}"). User Guide: "Automation system variables".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

REFERENCE = re.compile(r"\{\{\s*([A-Za-z0-9_.:\-/]+)\s*\}\}")
WHOLE = re.compile(r"\s*\{\{\s*([A-Za-z0-9_.:\-/]+)\s*\}\}\s*")
SYSTEM_VARIABLES = (
    "global:ACCOUNT_ID",
    "global:DATE",
    "global:DATE_TIME",
    "global:AWS_PARTITION",
    "global:REGION",
    "automation:EXECUTION_ID",
)
UNRESOLVED = object()

Lookup = Callable[[str], Any]


def references(value: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Every reference inside a value, as (where, name)."""
    if isinstance(value, str):
        for match in REFERENCE.finditer(value):
            yield where, match[1]
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from references(item, f"{where}[{number}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from references(item, f"{where}.{key}" if where else str(key))
            yield from references(key, where)


def resolve(value: Any, lookup: Lookup, as_text: Callable[[Any], str]) -> Any:
    """Replace every reference that `lookup` knows; one that it does not know stays as it is.

    A string that is nothing but one reference becomes the value with its type; inside a longer string the value is
    written as text; an item of a list that becomes a list is spliced in.
    """
    if isinstance(value, str):
        return _resolve_text(value, lookup, as_text)
    if isinstance(value, list):
        items: list[Any] = []
        for item in value:
            resolved = resolve(item, lookup, as_text)
            spliced = isinstance(item, str) and isinstance(resolved, list)
            items.extend(resolved if spliced else [resolved])
        return items
    if isinstance(value, dict):
        return {k: resolve(v, lookup, as_text) for k, v in value.items()}
    return value


def _resolve_text(value: str, lookup: Lookup, as_text: Callable[[Any], str]) -> Any:
    whole = WHOLE.fullmatch(value)
    if whole is not None:
        found = lookup(whole[1])
        return value if found is UNRESOLVED else found

    def replace(match: re.Match[str]) -> str:
        found = lookup(match[1])
        return match[0] if found is UNRESOLVED else as_text(found)

    return REFERENCE.sub(replace, value)
