"""aws:waitForAwsResourceProperty and aws:assertAwsResourceProperty: one look at a property, repeated or not.

UG pages of the two actions. A path that gives a list matches when there is a value and every value is desired; what AWS
does with an empty list is not documented, here it does not match.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from albpatch.document import selectors
from albpatch.document.values import as_text
from albpatch.region.automation.actions import POLLING, RESOLVING, Result, StepFailed, Work, action, api

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 10.0


@action("aws:assertAwsResourceProperty")
def assert_property(work: Work) -> Result:
    found = _look(work)
    if not _matches(found, _desired(work)):
        raise StepFailed(
            POLLING,
            f"Property value from the API output: {_shown(found)} is not in the desired values {_desired(work)}",
        )
    return Result(payload=None)


@action("aws:waitForAwsResourceProperty", seconds=3600)
def await_property(work: Work) -> Result:
    pauses = growing_pauses()
    while not _matches(_look(work), _desired(work)):
        work.clock.sleep(next(pauses))
    return Result(payload=None)


def growing_pauses() -> Iterator[float]:
    """Seconds between two looks. AWS states none."""
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 1.5, LONGEST_PAUSE)


def _look(work: Work) -> Any:
    try:
        return selectors.select(str(work.inputs["PropertySelector"]), api.call_of_step(work))
    except selectors.BadSelector as error:
        raise StepFailed(RESOLVING, str(error), kind="Invalid") from None


def _desired(work: Work) -> list[str]:
    values = work.inputs["DesiredValues"]
    return [property_text(value) for value in (values if isinstance(values, list) else [values])]


def _matches(found: Any, desired: list[str]) -> bool:
    if found is selectors.NOTHING:
        return False
    values = found if isinstance(found, list) else [found]
    return bool(values) and all(property_text(value) in desired for value in values)


def property_text(value: Any) -> str:
    """A value as DesiredValues writes it: booleans are `True` and `False`."""
    return str(value) if isinstance(value, bool) else as_text(value)


def _shown(found: Any) -> str:
    return "(nothing)" if found is selectors.NOTHING else as_text(found)
