"""Does whoever starts the document know what to give, and can he give only what is meant?"""

from __future__ import annotations

from collections.abc import Iterator

from albpatch.document import patterns
from albpatch.document.model import MISSING, Parameter
from albpatch.document.parameters import problems
from albpatch.document.references import REFERENCE, references
from albpatch.document.values import as_text, has_type, resource_pattern
from albpatch.findings import Finding
from albpatch.lint.rules import finding
from albpatch.lint.subject import Subject


def check(subject: Subject) -> Iterator[Finding]:
    used = {name for step in subject.steps for _, name in references(step.inputs)}
    used |= {name for one in subject.document.parameters.values() for _, name in references(one.default)}
    role = set(REFERENCE.findall(subject.document.assume_role))
    for name, parameter in subject.document.parameters.items():
        where = f"parameters.{name}"
        if not parameter.description.strip():
            yield finding("parameter-undescribed", where, f"{name} has no description")
        if _unmatched(parameter):
            text = f"{as_text(parameter.default)!r} does not match {parameter.allowed_pattern}"
            yield finding("default-refused", f"{where}.default", text)
        if not any(one.partition(".")[0] == name for one in (*used, *role, *subject.document.outputs)):
            yield finding("parameter-unused", where, f"no step uses {name}")
        elif _loose(parameter) and name in used:
            yield finding("parameter-loose", where, f"{name} accepts any text")


def _unmatched(parameter: Parameter) -> bool:
    """Whether the default is one that the pattern does not take."""
    default = parameter.default
    if parameter.allowed_pattern is None or default is MISSING or not has_type(default, parameter.type):
        return False
    if "{{" in as_text(default) or (default == "" and resource_pattern(parameter.type)):
        return False  # resolved, or left empty, when the execution starts
    only = Parameter(parameter.name, parameter.type, allowed_pattern=parameter.allowed_pattern)
    try:
        return patterns.is_known(parameter.allowed_pattern) and bool(problems(only, default))
    except patterns.BadPattern:
        return False  # refused, which is said already


def _loose(parameter: Parameter) -> bool:
    limited = parameter.allowed_pattern or parameter.allowed_values
    return parameter.type in ("String", "StringList") and not limited
