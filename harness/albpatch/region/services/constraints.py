"""Limits that an operation's model states: lengths, patterns, ranges, enumerations. botocore sends what breaks them.

Every AWS API answers such a request with ValidationException.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import botocore.session
from botocore.model import OperationModel, Shape

from albpatch.region.operations import AwsError

# Java's Unicode classes, which Python's patterns do not have, as the nearest class that takes no less.
_CLASSES = {r"\p{L}": r"\w", r"\p{N}": r"\d", r"\p{Z}": r"\s"}


@lru_cache
def _pattern(text: str) -> re.Pattern[str]:
    for theirs, ours in _CLASSES.items():
        text = text.replace(theirs, ours)
    return re.compile(text)


@lru_cache
def _operation(service: str, name: str) -> OperationModel:
    return _models(service).operation_model(name)


@lru_cache
def _models(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def check(service: str, operation: str, params: dict[str, Any]) -> None:
    """Raise AwsError("ValidationException") for the first values that break a limit of the operation's model."""
    problems = list(_problems(_operation(service, operation).input_shape, params, ""))
    if problems:
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected"
        raise AwsError("ValidationException", f"{count}: {'; '.join(problems)}")


def _problems(shape: Shape | None, value: Any, path: str) -> Iterator[str]:
    if shape is None or value is None:
        return
    if shape.type_name == "structure":
        for name in shape.required_members:
            if name not in value:
                yield f"Value null at '{_member(path, name)}' failed to satisfy constraint: Member must not be null"
        for name, member in shape.members.items():
            yield from _problems(member, value.get(name), _member(path, name))
        return
    yield from _own_problems(shape, value, path)
    if shape.type_name == "list":
        for index, item in enumerate(value, start=1):
            yield from _problems(shape.member, item, f"{path}.{index}.member")
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from _problems(shape.key, key, f"{path}.key")
            yield from _problems(shape.value, item, f"{path}.{key}")


def _own_problems(shape: Shape, value: Any, path: str) -> Iterator[str]:
    def broken(rule: str) -> str:
        return f"Value '{value}' at '{path}' failed to satisfy constraint: Member must {rule}"

    is_number = shape.type_name in ("integer", "long")
    size = value if is_number else len(value) if isinstance(value, str | list | dict) else 0
    limits = shape.metadata
    if "min" in limits and size < limits["min"]:
        yield broken(f"have a value or length greater than or equal to {limits['min']}")
    if "max" in limits and size > limits["max"]:
        yield broken(f"have a value or length less than or equal to {limits['max']}")
    if limits.get("enum") and value not in limits["enum"]:
        yield broken(f"satisfy enum value set: [{', '.join(limits['enum'])}]")
    if "pattern" in limits and isinstance(value, str) and not _pattern(limits["pattern"]).fullmatch(value):
        yield broken(f"satisfy regular expression pattern: {limits['pattern']}")


def _member(path: str, name: str) -> str:
    lowered = name[0].lower() + name[1:]
    return f"{path}.{lowered}" if path else lowered
