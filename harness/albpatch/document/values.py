"""Types of Automation: what a value must look like, and how a result becomes a typed output.

UG "Data elements and parameters" (types) and "Using action outputs as inputs" (types of outputs).
"""

from __future__ import annotations

import json
from typing import Any

PLAIN_TYPES = ("String", "StringList", "Integer", "Boolean", "MapList", "StringMap")
RESOURCE_PATTERNS = {
    "AWS::EC2::Instance::Id": r"m?i-[a-z0-9]{8,17}",
    "AWS::S3::Bucket::Name": r"[0-9a-z][a-z0-9\-.]{3,63}",
    "AWS::IAM::Role::Arn": r"arn:(aws|aws-cn|aws-us-gov|aws-iso|aws-iso-b):iam::[0-9]{12}:role/.*",
}
LIST_TYPES = ("StringList", "MapList", *(f"List<{name}>" for name in RESOURCE_PATTERNS))
PARAMETER_TYPES = (*PLAIN_TYPES, *RESOURCE_PATTERNS, *(f"List<{name}>" for name in RESOURCE_PATTERNS))


class WrongType(ValueError):
    """A value does not have the type that was declared."""


def is_list_type(type_name: str) -> bool:
    return type_name in LIST_TYPES


def resource_pattern(type_name: str) -> str | None:
    """The pattern that every value of a resource type must match, or None."""
    inner = type_name.removeprefix("List<").removesuffix(">")
    return RESOURCE_PATTERNS.get(inner)


def as_text(value: Any) -> str:
    """A value as it is written inside a longer string: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), default=str)


def as_strings(value: Any) -> list[str]:
    """A value as the API lists it: a list of strings."""
    return [as_text(item) for item in value] if isinstance(value, list) else [as_text(value)]


def has_type(value: Any, type_name: str) -> bool:
    """Whether a value of a document has the type, without any conversion."""
    if type_name in ("String", *RESOURCE_PATTERNS):
        return isinstance(value, str)
    if type_name == "Integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if type_name == "Boolean":
        return isinstance(value, bool)
    if type_name == "StringMap":
        return isinstance(value, dict)
    if type_name == "MapList":
        return isinstance(value, list) and all(isinstance(item, dict) for item in value)
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def from_api(type_name: str, given: list[str]) -> Any:
    """The value that a start gives: every parameter arrives as a list of strings. Raises WrongType."""
    if type_name == "MapList":
        return [_mapping(item) for item in given]
    if is_list_type(type_name):
        return list(given)
    if len(given) != 1:
        raise WrongType(f"takes one value, {len(given)} are given")
    [value] = given
    if type_name == "Integer":
        try:
            return int(value)
        except ValueError:
            raise WrongType(f"{value!r} is no Integer") from None
    if type_name == "Boolean":
        if value not in ("true", "false"):
            raise WrongType(f"{value!r} is no Boolean: only true or false")
        return value == "true"
    return _mapping(value) if type_name == "StringMap" else value


def convert(value: Any, type_name: str) -> Any:
    """A result as an output of that type. Raises WrongType where no conversion makes sense."""
    if type_name == "StringList":
        return as_strings(value)
    if type_name == "MapList":
        items = value if isinstance(value, list) else [value]
        return [_mapping(item) for item in items]
    if (
        isinstance(value, list)
        and len(value) == 1
        and not (type_name == "String" and isinstance(value[0], (dict, list)))
    ):
        [value] = value
    if type_name == "StringMap":
        return _mapping(value)
    if type_name == "String":
        return as_text(value)
    if type_name == "Integer":
        return _integer(value)
    if type_name == "Boolean":
        return _boolean(value)
    raise WrongType(f"{type_name!r} is no type of an output")


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise WrongType(f"{as_text(value)} is no Integer")
    try:
        number = float(value)
        if number != int(number):
            raise ValueError
        return int(number)
    except (ValueError, OverflowError):
        raise WrongType(f"{value!r} is no Integer") from None


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise WrongType(f"{as_text(value)} is no Boolean")


def _mapping(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except json.JSONDecodeError:
            raise WrongType(f"{value!r} is no JSON object") from None
    if not isinstance(value, dict):
        raise WrongType(f"{as_text(value)} is no map")
    return value
