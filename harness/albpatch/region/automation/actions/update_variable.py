"""aws:updateVariable: a new value for a variable, without any conversion. UG "aws:updateVariable"."""

from __future__ import annotations

from typing import Any

from albpatch.document.values import as_text, has_type
from albpatch.region.automation.actions import RESOLVING, Result, StepFailed, Work, action


@action("aws:updateVariable")
def run(work: Work) -> Result:
    name = str(work.inputs["Name"]).removeprefix("variable:")
    value = work.inputs["Value"]
    problem = why_not(value, work.execution.document.variables[name].type)
    if problem:
        raise StepFailed(RESOLVING, f"variable {name!r}: {problem}", kind="Invalid")
    work.execution.variables[name] = value
    return Result()


def why_not(value: Any, type_name: str) -> str | None:
    """Why a variable of that type cannot have the value, or None."""
    if not has_type(value, type_name):
        return f"{as_text(value)} is no {type_name}"
    if type_name == "StringList" and len(value) > 50:
        return f"has {len(value)} items, at most 50 are allowed"
    if type_name == "MapList" and len(value) > 200:
        return f"has {len(value)} items, at most 200 are allowed"
    texts = [value] if type_name == "String" else value if type_name == "StringList" else []
    if any(not 1 <= len(text) <= 512 for text in texts):
        return "a text has 1 to 512 characters"
    maps = [value] if type_name == "StringMap" else value if type_name == "MapList" else []
    if any(not 1 <= len(str(key)) <= 50 for one in maps for key in one):
        return "a key has 1 to 50 characters"
    return None
