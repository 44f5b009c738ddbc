"""The sections `parameters` and `variables`: their fields, types and defaults.

UG "Data elements and parameters".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from albpatch.document import patterns
from albpatch.document.model import MISSING, Parameter, Variable
from albpatch.document.values import PARAMETER_TYPES, PLAIN_TYPES, as_text, has_type, is_list_type, resource_pattern

Complain = Callable[[str, str], None]

FIELDS = (
    "type",
    "description",
    "default",
    "allowedValues",
    "allowedPattern",
    "displayType",
    "minItems",
    "maxItems",
    "minChars",
    "maxChars",
    "interpolationType",
)
_NAME = re.compile(r"[A-Za-z0-9_.\-]+")
_SSM = re.compile(r"\{\{\s*ssm(-secure)?:[^{}]+\}\}")


def read_parameters(raw: Any, complain: Complain) -> dict[str, Parameter]:
    """The declared parameters; what is wrong goes to `complain`."""
    if not isinstance(raw, dict):
        complain("parameters", "is a map")
        return {}
    found = {}
    for name, fields in raw.items():
        where = f"parameters.{name}"
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            complain(where, "a name has letters, digits, '_', '-' and '.' only")
        if not isinstance(fields, dict):
            complain(where, "is a map")
            continue
        found[str(name)] = _parameter(str(name), fields, where, complain)
    return found


def _parameter(name: str, raw: dict[str, Any], where: str, complain: Complain) -> Parameter:
    for field in raw:
        if field not in FIELDS:
            complain(f"{where}.{field}", f"no field of a parameter (known: {', '.join(FIELDS)})")
    type_name = raw.get("type")
    if type_name not in PARAMETER_TYPES:
        what = (
            "type is missing"
            if type_name is None
            else f"{type_name!r} is no type (known: {', '.join(PARAMETER_TYPES)})"
        )
        complain(where, what)
        type_name = "String"
    _check_shapes(raw, where, complain)
    parameter = Parameter(
        name,
        type_name,
        _default(raw, type_name),
        tuple(raw["allowedValues"]) if isinstance(raw.get("allowedValues"), list) else None,
        raw.get("allowedPattern") if isinstance(raw.get("allowedPattern"), str) else None,
        min_items=_count(raw, "minItems", where, complain),
        max_items=_count(raw, "maxItems", where, complain),
        min_chars=_count(raw, "minChars", where, complain),
        max_chars=_count(raw, "maxChars", where, complain),
        description=str(raw.get("description", "")),
    )
    if parameter.default is not MISSING:
        for reason in _default_problems(parameter):
            complain(f"{where}.default", reason)
    return parameter


def _default(raw: dict[str, Any], type_name: str) -> Any:
    """The default; null is "" where the type is a resource (AWS-CreateWorkspace, AutomationAssumeRole)."""
    default = raw.get("default", MISSING)
    return "" if default is None and resource_pattern(type_name) else default


def _check_shapes(raw: dict[str, Any], where: str, complain: Complain) -> None:
    if "allowedValues" in raw and not (isinstance(raw["allowedValues"], list) and raw["allowedValues"]):
        complain(f"{where}.allowedValues", "is a list with at least one value")
    if raw.get("displayType", "textfield") not in ("textfield", "textarea"):
        complain(f"{where}.displayType", "is textfield or textarea")
    if raw.get("interpolationType", "ENV_VAR") != "ENV_VAR":
        complain(f"{where}.interpolationType", "is ENV_VAR")
    if not isinstance(raw.get("description", ""), str):
        complain(f"{where}.description", "is a text")
    pattern = raw.get("allowedPattern", "")
    if not isinstance(pattern, str):
        complain(f"{where}.allowedPattern", "is a text")
        return
    try:
        patterns.compile_java(pattern)
    except patterns.NotKnownHere:
        return  # said when a value has to be judged
    except patterns.BadPattern as error:
        complain(f"{where}.allowedPattern", f"{pattern!r} is no regular expression: {error}")


def _count(raw: dict[str, Any], field: str, where: str, complain: Complain) -> int | None:
    value = raw.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        complain(f"{where}.{field}", "is a whole number, 0 or above")
        return None
    return value


def _default_problems(parameter: Parameter) -> list[str]:
    default = parameter.default
    if isinstance(default, str) and _SSM.fullmatch(default.strip()):
        return []  # read from Parameter Store when the execution starts
    if default == "" and resource_pattern(parameter.type):
        return []  # AWS-owned documents give optional resource parameters the default ""
    if not has_type(default, parameter.type):
        return [f"{as_text(default)} is no {parameter.type}"]
    # Defaults of AWS-owned documents need not match allowedPattern (AWS-ArchiveEBSVolumeSnapshots, RetentionDays).
    return problems(replace(parameter, allowed_pattern=None), default)


def problems(parameter: Parameter, value: Any) -> list[str]:
    """Why a value of the right type is not allowed for the parameter. UG: allowedPattern, allowedValues, min, max."""
    found = []
    items = value if is_list_type(parameter.type) else [value]
    if parameter.allowed_values is not None:
        allowed = [as_text(one) for one in parameter.allowed_values]
        wrong = [as_text(item) for item in items if as_text(item) not in allowed]
        found += [f"{item!r} is none of the allowed values {', '.join(allowed)}" for item in wrong]
    for pattern in (parameter.allowed_pattern, resource_pattern(parameter.type)):
        if pattern is not None and not patterns.is_known(pattern):
            found.append(f"whether {as_text(value)} matches the allowed pattern {pattern} is not known here")
        elif pattern is not None:
            wrong = [as_text(item) for item in items if not patterns.matches(pattern, as_text(item))]
            found += [f"{item!r} does not match the allowed pattern {pattern}" for item in wrong]
    if is_list_type(parameter.type):
        found += _bounds(len(items), parameter.min_items, parameter.max_items, "items")
    for item in items:
        if isinstance(item, str):
            found += _bounds(len(item), parameter.min_chars, parameter.max_chars, "characters")
    return found


def _bounds(count: int, low: int | None, high: int | None, unit: str) -> list[str]:
    if low is not None and count < low:
        return [f"has {count} {unit}, at least {low} are needed"]
    if high is not None and count > high:
        return [f"has {count} {unit}, at most {high} are allowed"]
    return []


def read_variables(raw: Any, complain: Complain) -> dict[str, Variable]:
    """The declared variables: a type, and a default."""
    if not isinstance(raw, dict):
        complain("variables", "is a map")
        return {}
    found = {}
    for name, fields in raw.items():
        where = f"variables.{name}"
        if not isinstance(fields, dict) or fields.get("type") not in PLAIN_TYPES:
            complain(where, f"has a type, one of {', '.join(PLAIN_TYPES)}")
            continue
        for field in fields:
            if field not in ("type", "default", "description"):
                complain(f"{where}.{field}", "no field of a variable (known: type, default, description)")
        variable = Variable(str(name), fields["type"], fields.get("default", MISSING))
        default = variable.default
        if default is not MISSING and not has_type(default, variable.type) and not _is_reference(default):
            complain(f"{where}.default", f"{as_text(default)} is no {variable.type}")
        found[variable.name] = variable
    return found


def _is_reference(value: Any) -> bool:
    return isinstance(value, str) and "{{" in value
