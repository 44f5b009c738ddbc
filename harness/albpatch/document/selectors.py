"""JSONPath as Automation uses it: the only importer of the JSONPath library.

UG "Using action outputs as inputs": a path begins with "$."; dot child, array index and deep scan (`..`, whose result
is always a list). AWS-owned documents also use one filter form: `[?(@.Key == 'value')].Other`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import jsonpath

NOTHING = object()
_QUOTED = re.compile(r"\.('[^']*')")  # .'a.b' (AWSSupport-ResetAccess) is ['a.b']


class BadSelector(ValueError):
    """Not a JSONPath that Automation takes."""


@lru_cache(maxsize=4096)
def _compiled(selector: str) -> Any:
    if not selector.startswith(("$.", "$[")) and selector != "$":
        raise BadSelector(f"{selector!r} must start with '$.'")
    try:
        return jsonpath.compile(_QUOTED.sub(r"[\1]", selector))
    except (jsonpath.JSONPathError, RecursionError) as error:
        raise BadSelector(f"{selector!r} is no JSONPath: {str(error).splitlines()[0]}") from None


def rooted(selector: Any) -> Any:
    """A PropertySelector with its "$.": documents that Amazon owns leave it out."""
    return f"$.{selector}" if isinstance(selector, str) and selector[:1].isalpha() else selector


def check(selector: Any) -> None:
    """Raises BadSelector when it is not a path of the documented dialect."""
    if not isinstance(selector, str) or not selector:
        raise BadSelector("a selector is a text")
    _compiled(selector)


def select(selector: str, value: Any) -> Any:
    """What the path selects: NOTHING, one value, or a list when the path can select several."""
    found = _compiled(rooted(selector)).findall(value)
    if is_list(selector):
        return found
    return found[0] if found else NOTHING


def is_list(selector: str) -> bool:
    """Whether the path can select several values: a deep scan, a filter or a wildcard."""
    plain = re.sub(r"'[^']*'|\"[^\"]*\"", "", selector)
    return ".." in plain or "?" in plain or "*" in plain
