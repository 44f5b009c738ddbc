"""Will the restore runbook start by itself when an execution dies?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from albpatch.findings import Finding
from albpatch.plan.model import Call
from albpatch.plan.read import Mark, Resource
from albpatch.plan.rules import finding
from albpatch.plan.sides import Subject

_RULE, _TARGET = "aws_cloudwatch_event_rule", "aws_cloudwatch_event_target"


def check(subject: Subject) -> Iterator[Finding]:
    for call in subject.after.calls.values():
        for member in ("rule", "sweep_rule"):
            name = call.get("restore", "events", member)
            if isinstance(name, str):
                yield from _rule(call, name)


def _rule(call: Call, name: str) -> Iterator[Finding]:
    rule = next((r for r in call.of_type(_RULE) if r.values.get("name") == name), None)
    if rule is None:
        yield finding("recovery-off", call.record_address, f"There is no event rule {name}.")
        return
    if rule.values.get("state") == "DISABLED" or rule.values.get("is_enabled") is False:
        yield finding("recovery-off", rule.address, f"Event rule {name} is disabled.")
    targets = [target for target in call.of_type(_TARGET) if target.values.get("rule") in (name, rule.values.get("id"))]
    if not targets and not any(isinstance(t.values.get("rule"), Mark) for t in call.of_type(_TARGET)):
        yield finding("recovery-off", rule.address, f"Event rule {name} starts nothing.")
    for target in targets:
        yield from _target(call, target)


def _target(call: Call, target: Resource) -> Iterator[Finding]:
    document, arn = call.get("restore", "document"), target.values.get("arn")
    if isinstance(document, str) and isinstance(arn, str) and f":automation-definition/{document}:" not in arn:
        yield finding("recovery-off", target.address, f"It starts {arn} instead of {document}.")
    if not _known_or_set(target.values.get("dead_letter_config")):
        yield finding("recovery-unheard", target.address, "It has no dead letter queue.")


def _known_or_set(value: Any) -> bool:
    return isinstance(value, Mark) or bool(value)
