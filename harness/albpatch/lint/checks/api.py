"""Do the calls of native steps fit the operations that botocore knows?"""

from __future__ import annotations

from collections.abc import Generator, Iterator

from botocore.model import OperationModel, Shape

from albpatch.document.model import Document, Step
from albpatch.document.references import WHOLE
from albpatch.findings import Finding
from albpatch.lint import services
from albpatch.lint.answers import Anything, Nothing, selected
from albpatch.lint.calls import API_ACTIONS, own_inputs
from albpatch.lint.requests import problems
from albpatch.lint.rules import finding
from albpatch.lint.subject import Subject

_SINGLE = ("String", "Integer", "Boolean")


def check(subject: Subject) -> Iterator[Finding]:
    for step in subject.steps:
        if step.action in API_ACTIONS:
            yield from _step(subject.document, step)


def _step(document: Document, step: Step) -> Iterator[Finding]:
    service, name = step.inputs.get("Service"), step.inputs.get("Api")
    if not isinstance(service, str) or not isinstance(name, str):
        return
    if "{{" in service + name:
        yield finding("not-read", step.where, "which operation is called is given at the start")
        return
    if service.lower() not in services.names():
        yield finding("service-unknown", f"{step.where}.inputs.Service", f"boto3 has no service {service!r}")
        return
    called = services.operation(service.lower(), name)
    if called is None:
        text = f"{service} has no operation {name!r} ({services.VERSION})"
        yield finding("api-unknown", f"{step.where}.inputs.Api", text)
        return
    if called.has_event_stream_output or (called.has_streaming_output and step.action == "aws:executeAwsApi"):
        yield finding("api-streams", f"{step.where}.inputs.Api", f"{service}:{name} answers with a stream")
    given = own_inputs(step)
    for problem in problems(called, given, lambda text: _kind(document, text)):
        where = f"{step.where}.inputs" + (f".{problem.where}" if problem.where else "")
        yield finding(problem.rule, where, problem.text)
    yield from _selectors(step, called)


def _kind(document: Document, text: str) -> str | None:
    """The type of a parameter or output that a text is nothing but a reference to."""
    whole = WHOLE.fullmatch(text)
    name = whole[1] if whole else ""
    if name in document.parameters:
        return document.parameters[name].type
    if name.startswith("variable:") and name.removeprefix("variable:") in document.variables:
        return document.variables[name.removeprefix("variable:")].type
    source, _, output = name.partition(".")
    for step in document.all_steps():
        if step.name == source:
            return next((one.type for one in step.outputs if one.name == output), None)
    return None


def _selectors(step: Step, called: OperationModel) -> Iterator[Finding]:
    for number, output in enumerate(step.outputs):
        where = f"{step.where}.outputs[{number}]"
        found = yield from _select(called, output.selector, f"{where}.Selector")
        if found is not None:
            shapes, many = found
            lists = many or (bool(shapes) and all(shape.type_name == "list" for shape in shapes))
            maps = not many and bool(shapes) and all(shape.type_name in ("structure", "map") for shape in shapes)
            if (lists and output.type in _SINGLE and (many or output.type != "String")) or (
                maps and output.type in ("Integer", "Boolean")
            ):
                text = f"{output.selector} finds a {'list' if lists else 'map'}, the type is {output.type}"
                yield finding("selector-type", f"{where}.Type", text)
    selector = step.inputs.get("PropertySelector")
    if isinstance(selector, str) and "{{" not in selector:
        found = yield from _select(called, selector, f"{step.where}.inputs.PropertySelector")
        if found is not None:
            yield from _desired(step, found[0])


def _select(
    called: OperationModel, selector: str, where: str
) -> Generator[Finding, None, tuple[list[Shape], bool] | None]:
    try:
        return selected(called, selector)
    except Anything:
        return None
    except Nothing as nothing:
        known = f" (known there: {', '.join(nothing.known)})" if nothing.known and len(nothing.known) <= 12 else ""
        text = f"nothing in an answer of {called.name} matches {nothing.part!r} of {selector}{known}"
        yield finding("selector-unmatched", where, text)
        return None


def _desired(step: Step, shapes: list[Shape]) -> Iterator[Finding]:
    """A value that is none of the listed ones never comes. Case does not count: EC2 lists Windows, answers windows."""
    listed = [value for shape in shapes for value in getattr(shape, "enum", [])]
    wanted = step.inputs.get("DesiredValues")
    if not listed or not isinstance(wanted, list) or any(not getattr(shape, "enum", []) for shape in shapes):
        return
    for number, value in enumerate(wanted):
        if isinstance(value, str) and "{{" not in value and value.lower() not in [one.lower() for one in listed]:
            text = f"{value!r} is none of {', '.join(listed)}"
            yield finding("value-unknown", f"{step.where}.inputs.DesiredValues[{number}]", text)
