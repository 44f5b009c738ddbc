"""What a script puts into the requests that it makes, by the name of the member, as far as its text tells.

A value is written out in the script, or is a member of its input that the document writes out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any


@dataclass(frozen=True)
class Given:
    """names: every member that is passed somewhere. values: member -> what is surely passed, (text, whether it is the
    name of an input)."""

    names: frozenset[str]
    values: frozenset[tuple[str, str, bool]]

    def of(self, name: str, payload: Mapping[str, Any]) -> list[str]:
        """The values of a member; payload: what the script gets as its input."""
        found = []
        for member, text, is_input in sorted(self.values):
            value = payload.get(text) if is_input else text
            if member == name and isinstance(value, str) and value and "{{" not in value:
                found.append(value)
        return list(dict.fromkeys(found))


@lru_cache(maxsize=512)
def given(script: str) -> Given:
    """The members of all requests of a script; none for a text that is no Python."""
    try:
        tree = ast.parse(script)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Given(frozenset(), frozenset())
    pairs = list(_pairs(tree))
    values = {(name, *known) for name, node in pairs if (known := _known(node)) is not None}
    return Given(frozenset(name for name, _ in pairs), frozenset(values))


def _pairs(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """(member, value) of keyword arguments, of dictionaries, and of assignments to their members."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from ((keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value, value
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            key = node.targets[0].slice
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value, node.value


def _known(node: ast.expr) -> tuple[str, bool] | None:
    if isinstance(node, ast.List | ast.Tuple) and len(node.elts) == 1:
        return _known(node.elts[0])
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value, False
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "event":
        key = node.slice
        return (key.value, True) if isinstance(key, ast.Constant) and isinstance(key.value, str) else None
    return None
