"""What only the whole document shows: step names, jumps, cancel targets and references."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from albpatch.document.actions import ACTIONS, NO_CANCEL_TARGETS, OUTPUTS_KNOWN
from albpatch.document.model import Defect, Document, Parameter, Step
from albpatch.document.references import REFERENCE, SYSTEM_VARIABLES, WHOLE, references
from albpatch.document.values import is_list_type

SSM_REFERENCE = re.compile(r"\{\{\s*ssm(-secure)?:")
# Window and Run Command pseudo parameters are resolved before Automation sees them (UG aws:runCommand, InstanceIds).
PSEUDO_PARAMETERS = ("RESOURCE_ID", "TARGET_ID")


def check(document: Document) -> list[Defect]:
    """Every defect that takes more than one step to see."""
    return [*_names(document), *_jumps(document.steps, {}), *_references(document), *_variables(document)]


def _names(document: Document) -> Iterator[Defect]:
    for name, count in Counter(step.name for step in document.all_steps()).items():
        if count > 1:
            yield Defect(name, f"{count} steps have this name")


def _jumps(steps: tuple[Step, ...], outer: dict[str, Step]) -> Iterator[Defect]:
    known = {**outer, **{step.name: step for step in steps}}
    for step in steps:
        for key, target in step.targets():
            if target not in known:
                yield Defect(f"{step.where}.{key}", f"there is no step {target!r}")
            elif key == "onCancel" and known[target].action in NO_CANCEL_TARGETS:
                action = known[target].action
                yield Defect(f"{step.where}.onCancel", f"cannot move to {target!r}: {action} is no target of onCancel")
        yield from _jumps(step.steps, known)


def _references(document: Document) -> Iterator[Defect]:
    yield from _assume_role(document)
    order = {step.name: number for number, step in enumerate(document.all_steps())}
    for step in document.all_steps():
        if _has_ssm(step.inputs):
            yield Defect(f"{step.where}.inputs", "{{ssm:...}} is allowed only as the default of a parameter")
        for where, name in references(_checked_inputs(step), "inputs"):
            yield from _reference(document, order, step, f"{step.where}.{where}", name)
        if step.action == "aws:runCommand":
            yield from _run_command_types(document, step)
    for number, name in enumerate(document.outputs):
        problem = _unknown(document, name)
        if problem:
            yield Defect(f"outputs[{number}]", problem)


def _checked_inputs(step: Step) -> dict[str, Any]:
    """Inputs whose braces are references: the text of a script may hold braces of its own; inner steps come later."""
    left_out = ("Script",) if step.action == "aws:executeScript" else ("Steps",) if step.action == "aws:loop" else ()
    return {key: value for key, value in step.inputs.items() if key not in left_out}


def _assume_role(document: Document) -> Iterator[Defect]:
    if SSM_REFERENCE.search(document.assume_role):
        yield Defect("assumeRole", "{{ssm:...}} is allowed only as the default of a parameter")
        return
    for name in REFERENCE.findall(document.assume_role):
        if name not in document.parameters and name not in SYSTEM_VARIABLES:
            yield Defect("assumeRole", f"there is no parameter {name!r}")


def _has_ssm(value: Any) -> bool:
    if isinstance(value, str):
        return SSM_REFERENCE.search(value) is not None
    if isinstance(value, dict):
        return any(_has_ssm(item) for key, item in value.items() if key != "Script")
    return isinstance(value, list) and any(_has_ssm(item) for item in value)


def _reference(document: Document, order: dict[str, int], step: Step, where: str, name: str) -> Iterator[Defect]:
    if name.startswith(("ssm:", "ssm-secure:")) or (step.action == "aws:runCommand" and name in PSEUDO_PARAMETERS):
        return
    problem = _unknown(document, name)
    if problem:
        yield Defect(where, problem)
        return
    source = name.split(".")[0]
    if "." in name and name not in document.parameters and order[source] > order[step.name]:
        yield Defect(where, f"{source!r} stands later: its output may not be there yet, the text would stay", "run")


def _unknown(document: Document, name: str) -> str | None:
    """Why the name stands for nothing, or None."""
    if name in document.parameters or name in SYSTEM_VARIABLES:
        return None
    if name.startswith("variable:"):
        variable = name.removeprefix("variable:")
        return None if variable in document.variables else f"there is no variable {variable!r}"
    if ":" in name:
        return f"there is no system variable {name!r} (known: {', '.join(SYSTEM_VARIABLES)})"
    step_name, dot, output = name.partition(".")
    if not dot:
        return f"there is no parameter {name!r}"
    for step in document.all_steps():
        if step.name == step_name:
            if step.action not in OUTPUTS_KNOWN:
                return None
            given = (*(one.name for one in step.outputs), *ACTIONS[step.action].outputs)
            return None if output.split(".")[0] in given else f"step {step_name!r} has no output {output!r}"
    return f"there is no step {step_name!r}"


def _run_command_types(document: Document, step: Step) -> Iterator[Defect]:
    """The one action whose parameter types are checked at creation."""
    ids = step.inputs.get("InstanceIds")
    if isinstance(ids, str):
        parameter = _parameter(document, ids)
        if parameter is None and WHOLE.fullmatch(ids) is None:
            yield Defect(f"{step.where}.inputs.InstanceIds", "is a list")
        elif parameter is not None and not is_list_type(parameter.type):
            yield Defect(f"{step.where}.inputs.InstanceIds", f"is a list, {parameter.name!r} is a {parameter.type}")
    for key, expected in (("TimeoutSeconds", "Integer"), ("DocumentName", "String"), ("Comment", "String")):
        parameter = _parameter(document, step.inputs.get(key))
        if parameter is not None and parameter.type != expected:
            yield Defect(f"{step.where}.inputs.{key}", f"is {expected}, {parameter.name!r} is a {parameter.type}")


def _parameter(document: Document, value: Any) -> Parameter | None:
    whole = WHOLE.fullmatch(value) if isinstance(value, str) else None
    return document.parameters.get(whole[1]) if whole else None


def _variables(document: Document) -> Iterator[Defect]:
    for step in document.all_steps():
        for output in step.outputs:
            if output.name.startswith("variable:"):
                name = output.name.removeprefix("variable:")
                yield from _same_type(document, f"{step.where}.outputs.{output.name}", name, output.type)
        if step.action == "aws:updateVariable" and isinstance(step.inputs.get("Name"), str):
            name = step.inputs["Name"].removeprefix("variable:")
            yield from _same_type(document, f"{step.where}.inputs.Name", name, None)


def _same_type(document: Document, where: str, name: str, type_name: str | None) -> Iterator[Defect]:
    variable = document.variables.get(name)
    if variable is None:
        yield Defect(where, f"there is no variable {name!r}")
    elif type_name not in (None, variable.type):
        yield Defect(where, f"is {type_name}, the variable {name!r} is {variable.type}")
