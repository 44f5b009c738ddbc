"""JSON or YAML text -> plain values. A key given twice is an error: which one counts is nobody's guess."""

from __future__ import annotations

import json
from collections.abc import Hashable
from typing import Any

import yaml


class Unreadable(Exception):
    """The text is neither JSON nor YAML, or says something twice."""


# libyaml is ten times as fast; where PyYAML was built without it, the result is the same.
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):
    """YAML as SSM documents use it: no dates (a Timestamp stays text), no key twice."""


def _mapping(loader: Any, node: Any) -> dict[Hashable, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if isinstance(key, Hashable) and key in seen:
            raise Unreadable(f"the key {key!r} is given twice (line {key_node.start_mark.line + 1})")
        seen.add(key if isinstance(key, Hashable) else repr(key))
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


def _build_loader() -> None:
    _Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
    _Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_build_loader()


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise Unreadable(f"the key {key!r} is given twice")
        found[key] = value
    return found


def parse(text: str) -> Any:
    """The value that the text stands for. Raises Unreadable with one line."""
    if text.lstrip()[:1] == "{":
        try:
            return json.loads(text, object_pairs_hook=_pairs)
        except json.JSONDecodeError as error:
            if text.lstrip()[1:].lstrip()[:1] == '"':  # else it is a flow mapping of YAML
                place = f"line {error.lineno}, column {error.colno}"
                raise Unreadable(f"not valid JSON: {error.msg} ({place})") from None
    return _yaml(text)


def _yaml(text: str) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise Unreadable(f"not valid YAML: {error.problem or error.context}{place}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Unreadable(f"not valid YAML: {' '.join(str(error).split())}") from None
