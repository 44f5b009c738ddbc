"""aws:loop: inner steps again and again, while a condition holds or once for each item. UG "aws:loop"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from albpatch.document import conditions
from albpatch.document.values import WrongType, as_text, convert
from albpatch.region.automation.actions import RESOLVING, Result, StepFailed, Work, action

MOST_ITERATIONS = 100


@action("aws:loop", unresolved=("Steps", "LoopCondition"))
def run(work: Work) -> Result:
    limit = _limit(work)
    for number, (has_value, value) in enumerate(_rounds(work), start=1):
        if number > limit:
            break
        work.run.outputs["CurrentIteration"] = number
        if has_value:
            work.run.outputs["CurrentIteratorValue"] = value
        if not work.interpreter.run_inner(work.step, work.run, number, value):
            break
        if work.step.loop_condition is not None and not _goes_on(work):
            break
    return Result(dict(work.run.outputs))


def _limit(work: Work) -> int:
    try:
        limit = int(work.inputs.get("MaxIterations", MOST_ITERATIONS))
    except (TypeError, ValueError):
        limit = 0
    if not 1 <= limit <= MOST_ITERATIONS:
        raise StepFailed(RESOLVING, f"MaxIterations is between 1 and {MOST_ITERATIONS}", kind="Invalid")
    return limit


def _rounds(work: Work) -> Iterator[tuple[bool, Any]]:
    if "Iterators" not in work.inputs:
        while True:
            yield False, None
    items = work.inputs["Iterators"]
    if not isinstance(items, list):
        raise StepFailed(RESOLVING, f"Iterators is a list, found {as_text(items)}", kind="Invalid")
    if len(items) > MOST_ITERATIONS:
        raise StepFailed(RESOLVING, f"Iterators has {len(items)} items, the limit is {MOST_ITERATIONS}", kind="Invalid")
    for item in items:
        try:
            yield True, convert(item, str(work.inputs["IteratorDataType"]))
        except WrongType as error:
            raise StepFailed(RESOLVING, f"Iterators: {error}", kind="Invalid") from None


def _goes_on(work: Work) -> bool:
    assert work.step.loop_condition is not None
    try:
        return conditions.holds(work.step.loop_condition, work.scope.resolve)
    except conditions.NotComparable as error:
        raise StepFailed(RESOLVING, str(error), kind="Invalid") from None
