"""Policy variables: ${key}, ${key, 'default'}, and ${*}, ${?}, ${$} for the characters themselves.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re
from collections.abc import Callable

from albpatch.iam.policy import AS_IT_STANDS, VARIABLE, NotEvaluable

Values = Callable[[str], tuple[str, ...] | None]
_KEY = re.compile(r"(?P<key>[^\s,']+)(?:\s*,\s*'(?P<default>[^']*)')?")


class _NoValue(Exception):
    """A variable has no value in this request, and no default."""


def filled(text: str, values: Values) -> str | None:
    """The text with the values of its variables; None where one has none: then nothing equals or resembles the text.

    Args:
        values: a condition key -> what the request has for it (conditions.Context.get).

    Raises:
        NotEvaluable: nothing is known of a key, or what AWS would put in its place is not documented.
    """
    try:
        return VARIABLE.sub(lambda found: _value(found[1], values), text)
    except _NoValue:
        return None


def _value(inside: str, values: Values) -> str:
    if inside in AS_IT_STANDS:
        return AS_IT_STANDS[inside]
    found = _KEY.fullmatch(inside.strip())
    if found is None:
        raise NotEvaluable(f"policy variable {inside}")
    given = values(found["key"])
    if given is not None and len(given) != 1:
        raise NotEvaluable(f"policy variable {found['key']} of {len(given)} values")
    value = found["default"] if given is None else given[0]
    if value is None:
        raise _NoValue
    if set(value) & set("*?"):
        raise NotEvaluable(f"policy variable {found['key']} with the value {value}: a pattern, or the characters")
    return value
