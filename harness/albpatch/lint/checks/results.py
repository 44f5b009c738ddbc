"""Has every output that a step uses surely been made before?"""

from __future__ import annotations

from collections.abc import Iterator

from albpatch.document.model import Step
from albpatch.document.references import references
from albpatch.findings import Finding
from albpatch.lint.flow import Edge
from albpatch.lint.rules import finding
from albpatch.lint.subject import Subject


def check(subject: Subject) -> Iterator[Finding]:
    for step in subject.steps:
        if step.name in subject.flow.live:
            used: dict[str, str] = {}
            for where, name in references(_inputs(step), "inputs"):
                source = name.partition(".")[0]
                if "." in name and name not in subject.document.parameters and source in subject.flow.steps:
                    used.setdefault(source, where)
            for source, where in used.items():
                yield from _use(subject, step, source, where)


def _inputs(step: Step) -> dict[str, object]:
    """The inputs without a loop's steps, which come by themselves."""
    return {key: value for key, value in step.inputs.items() if key != "Steps" or step.action != "aws:loop"}


def _use(subject: Subject, step: Step, source: str, where: str) -> Iterator[Finding]:
    flow, address = subject.flow, f"{step.where}.{where}"
    if _crosses_a_loop(subject, step.name, source):
        return  # when the outputs of a loop, and those of its steps, are there is not documented
    if source != step.name and source in flow.begun[step.name]:
        if source not in flow.sure[step.name]:
            yield finding(
                "output-not-sure", address, f"{_way_past(subject, step.name, source)} leads here without {source}"
            )
        return
    what = f"{source} itself" if source == step.name else f"{source}, which cannot have run"
    yield finding("output-never", address, f"{step.name} takes an output of {what}")


def _crosses_a_loop(subject: Subject, name: str, source: str) -> bool:
    """Whether one of the two steps stands in a loop in which the other does not stand, or which the other is."""
    around, at_source = _around(subject, name), _around(subject, source)
    return source in around or name in at_source or not at_source <= around


def _around(subject: Subject, name: str) -> set[str]:
    """The loops that a step stands in."""
    found: set[str] = set()
    while name in subject.flow.loop_of:
        name = subject.flow.loop_of[name]
        found.add(name)
    return found


def _way_past(subject: Subject, name: str, source: str) -> str:
    """The last part of a way to a step on which `source` has not succeeded, in words."""

    def skip(edge: Edge) -> bool:
        return edge.source == source and edge.kind == "success"

    reached = subject.flow.reachable(subject.flow.start, skip)
    for edge in subject.flow.into(name):
        if edge.source in reached and not skip(edge):
            return f"the {edge.kind} of {edge.source}"
    return "a way"
