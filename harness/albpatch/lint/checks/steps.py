"""Does every step have its place, and does a failure show?"""

from __future__ import annotations

from collections.abc import Iterator

from albpatch.document.model import Step
from albpatch.findings import Finding
from albpatch.lint.rules import finding
from albpatch.lint.subject import Subject

_CHANGES = (
    "aws:changeInstanceState",
    "aws:copyImage",
    "aws:createImage",
    "aws:createStack",
    "aws:deleteImage",
    "aws:deleteStack",
    "aws:executeAutomation",
    "aws:executeStateMachine",
    "aws:invokeLambdaFunction",
    "aws:runCommand",
    "aws:runInstances",
)


def check(subject: Subject) -> Iterator[Finding]:
    flow = subject.flow
    after = {name: flow.reachable_after(name) for name in flow.live if name not in flow.loop_of}
    reported: list[str] = []
    for step in subject.steps:
        if step.name not in flow.live:
            yield finding("step-unreachable", step.where, f"no way leads to {step.name}")
        elif step.name in after.get(step.name, ()) and not any(other in after[step.name] for other in reported):
            reported.append(step.name)
            yield finding("cycle", step.where, f"a way leads from {step.name} back to it")
        if step.on_failure == "Continue" and step.is_critical is None and _changes(subject, step):
            yield finding("failure-hidden", step.where, f"{step.name} may fail, and nothing says so")


def _changes(subject: Subject, step: Step) -> bool:
    return step.action in _CHANGES or any(not call.reads for call in subject.made[step.name].calls)
