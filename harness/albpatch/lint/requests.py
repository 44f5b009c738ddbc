"""Does a request fit the operation? What is not written out is not judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.model import OperationModel, Shape

from albpatch.document.values import is_list_type
from albpatch.lint import services


@dataclass(frozen=True)
class Problem:
    """What is wrong: the id of its rule, where in the request, what."""

    rule: str
    where: str
    text: str


KindOf = Callable[[str], str | None]  # a text that is one reference -> the type of what it stands for


def problems(called: OperationModel, given: Mapping[str, Any], kind_of: KindOf) -> Iterator[Problem]:
    """What is wrong with a request that is wholly known, references aside."""
    yield from missing(called, given)
    yield from values(called, given, kind_of)


def missing(called: OperationModel, given: Mapping[str, Any]) -> Iterator[Problem]:
    """The members that the operation requires and nobody gives."""
    for name in services.required(called):
        if name not in given:
            yield Problem("input-missing", "", f"{_name(called)} requires {name}")


def values(
    called: OperationModel, given: Mapping[str, Any], kind_of: KindOf, besides: tuple[str, ...] = ()
) -> Iterator[Problem]:
    """What is wrong with the members that are given. besides: further names that are taken."""
    members = called.input_shape.members if called.input_shape is not None else {}
    for name, value in given.items():
        if name in members:
            yield from _value(members[name], value, name, kind_of)
        elif name not in besides:
            yield Problem("input-unknown", str(name), f"{_name(called)} takes no {name}{_near(str(name), members)}")


def _name(called: OperationModel) -> str:
    return f"{called.service_model.service_name}:{called.name}"


def _near(name: str, members: Mapping[str, Any]) -> str:
    return next((f" (it takes {member})" for member in members if member.lower() == name.lower()), "")


def _value(shape: Shape, value: Any, where: str, kind_of: KindOf) -> Iterator[Problem]:
    if isinstance(value, str) and "{{" in value:
        yield from _reference(shape, value, where, kind_of)
    elif getattr(shape, "is_document_type", False) or value is None:
        return
    elif shape.type_name == "structure":
        yield from _structure(shape, value, where, kind_of)
    elif shape.type_name == "map":
        if not isinstance(value, Mapping):
            yield from _wrong(value, where, "a map")
            return
        for key, item in value.items():
            yield from _value(shape.value, item, f"{where}.{key}", kind_of)
    elif shape.type_name == "list":
        if isinstance(value, Mapping):
            yield Problem("input-shape", where, f"{where} is a list, not a map")
        elif isinstance(value, list | tuple):
            for number, item in enumerate(value):
                yield from _value(shape.member, item, f"{where}[{number}]", kind_of)
    elif isinstance(value, Mapping) or (isinstance(value, list) and len(value) != 1):
        yield from _wrong(value, where, f"a single value ({shape.type_name})")
    else:
        yield from _listed(shape, value, where)


def _structure(shape: Shape, value: Any, where: str, kind_of: KindOf) -> Iterator[Problem]:
    if not isinstance(value, Mapping):
        yield from _wrong(value, where, "a map")
        return
    for key, item in value.items():
        if key in shape.members:
            yield from _value(shape.members[key], item, f"{where}.{key}", kind_of)
        elif not any("{{" in str(one) for one in value):
            near = _near(str(key), shape.members)
            yield Problem("input-unknown", f"{where}.{key}", f"{where} has no member {key}{near}")
    for name in shape.required_members:
        if name not in value:
            yield Problem("input-missing", where, f"{where} requires {name}")


def _wrong(value: Any, where: str, expected: str) -> Iterator[Problem]:
    if isinstance(value, str):
        return  # Automation reads JSON out of a text
    found = "a map" if isinstance(value, Mapping) else "a list" if isinstance(value, list | tuple) else "a single value"
    yield Problem("input-shape", where, f"{where} is {expected}, not {found}")


def _reference(shape: Shape, text: str, where: str, kind_of: KindOf) -> Iterator[Problem]:
    kind = kind_of(text)
    if kind is None:
        return
    scalar = shape.type_name not in ("structure", "map", "list")
    if scalar and (kind in ("StringMap", "MapList")):
        yield Problem("input-shape", where, f"{where} is a single value, {text} is a {kind}")
    elif shape.type_name == "list" and kind == "StringMap":
        yield Problem("input-shape", where, f"{where} is a list, {text} is a StringMap")
    elif shape.type_name in ("structure", "map") and (is_list_type(kind) or kind in ("Integer", "Boolean")):
        yield Problem("input-shape", where, f"{where} is a map, {text} is a {kind}")


def _listed(shape: Shape, value: Any, where: str) -> Iterator[Problem]:
    listed = getattr(shape, "enum", [])
    if listed and isinstance(value, str) and value not in listed:
        shown = ", ".join(listed[:12]) + (", ..." if len(listed) > 12 else "")
        yield Problem("value-unknown", where, f"{value!r} is none of {shown}")
