"""Does a window task start the right document, with parameters that it takes, one instance at a time?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from albpatch.document.model import MISSING, Document, Parameter
from albpatch.document.parameters import problems
from albpatch.document.values import WrongType, from_api
from albpatch.findings import Finding
from albpatch.plan.groups import members
from albpatch.plan.leases import has_no_leases, lanes
from albpatch.plan.model import Call, Fleet, document, number
from albpatch.plan.read import Mark, Resource, State
from albpatch.plan.rules import finding
from albpatch.plan.sides import Subject

_RESOURCE_ID = "{{RESOURCE_ID}}"
_TARGET_ID = "{{TARGET_ID}}"


def check(subject: Subject) -> Iterator[Finding]:
    for call in subject.after.calls.values():
        found, _ = document(call.content)
        for fleet in call.fleets:
            if fleet.task is None:
                continue
            yield from _pinned(fleet, fleet.task)
            yield from _rate(call, fleet, fleet.task, subject.after.state)
            if found is not None:
                yield from _parameters(fleet, fleet.task, found)


def _pinned(fleet: Fleet, task: Resource) -> Iterator[Finding]:
    version = fleet.document_version
    if version in ("$LATEST", "$DEFAULT", "", None):
        shown = version or "no version, which is the default version of the day"
        yield finding("document-unpinned", task.address, f"The task of fleet {fleet.name} runs {shown}.")


def _rate(call: Call, fleet: Fleet, task: Resource, state: State) -> Iterator[Finding]:
    values = task.values
    concurrency, errors = values.get("max_concurrency"), values.get("max_errors")
    for name, value in (("max_concurrency", concurrency), ("max_errors", errors)):
        if isinstance(value, Mark):
            yield finding("not-shown", task.address, f"{name} of fleet {fleet.name} is {value}.")
    if isinstance(concurrency, str) and has_no_leases(call) and lanes(fleet, state) != 1:
        text = f"Fleet {fleet.name} is patched {concurrency} at once; {_allowed(fleet, state)}."
        yield finding("concurrency-above-floor", task.address, text)
    if isinstance(errors, str) and errors not in ("0", "0%"):
        yield finding("errors-tolerated", task.address, f"Fleet {fleet.name} tolerates {errors} errors.")
    if not isinstance(values.get("cutoff_behavior"), Mark) and values.get("cutoff_behavior") != "CANCEL_TASK":
        shown = values.get("cutoff_behavior") or "not set, which is CONTINUE_TASK"
        yield finding("cutoff-continues", task.address, f"cutoff_behavior of fleet {fleet.name} is {shown}.")


def _allowed(fleet: Fleet, state: State) -> str:
    least, percent = (number(fleet.get("disruption_budget", n)) for n in ("min_healthy", "min_healthy_percent"))
    known = members(state, fleet)
    if least is None or percent is None:
        return "its floor is not shown"
    floor = f"its floor is {least} healthy targets and {percent} %"
    if known is None:
        return f"{floor}, of a number that only the account knows"
    spare = len(known) - max(least, -(-len(known) * percent // 100))
    return f"{floor}, which leaves {max(0, spare)} to spare of the {len(known)} instances in this plan"


def _parameters(fleet: Fleet, task: Resource, found: Document) -> Iterator[Finding]:
    given = fleet.parameters
    for name in given:
        if name not in found.parameters:
            yield finding("parameter-undeclared", task.address, f"{name} is not declared by the document.")
    for name, parameter in found.parameters.items():
        if name in given:
            yield from _value(fleet, task, parameter, given[name])
        elif parameter.default is MISSING:
            yield finding("parameter-missing", task.address, f"{name} is not passed for fleet {fleet.name}.")
    shown = [value for value in given.values() if isinstance(value, list)]
    if not any(_RESOURCE_ID in value or _TARGET_ID in value for value in shown) and len(shown) == len(given):
        yield finding("instance-not-passed", task.address, f"The task of fleet {fleet.name} passes no {_RESOURCE_ID}.")


def _value(fleet: Fleet, task: Resource, parameter: Parameter, values: Any) -> Iterator[Finding]:
    """Pseudo parameters get their value when the task runs, and what the plan does not show is not judged."""
    if not isinstance(values, list) or any(isinstance(v, Mark) or str(v).strip().startswith("{{") for v in values):
        return
    where = f"{parameter.name} of fleet {fleet.name}"
    try:
        reasons = problems(parameter, from_api(parameter.type, [str(value) for value in values]))
    except WrongType as error:
        reasons = [str(error)]
    except ValueError as error:
        reasons = [f"its pattern is not known here: {error}"]
    for reason in reasons:
        yield finding("parameter-refused", task.address, f"{where}: {reason}.")
