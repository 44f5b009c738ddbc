"""aws:sleep: for a duration, or until a moment. UG "aws:sleep"."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from albpatch.document.actions import SLEEP_SECONDS
from albpatch.region.automation.actions import RESOLVING, Result, StepFailed, Work, action

_DURATION = re.compile(
    r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
_UNITS = {"weeks": 604_800, "days": 86_400, "hours": 3600, "minutes": 60, "seconds": 1}


@action("aws:sleep")
def run(work: Work) -> Result:
    seconds = _seconds(work)
    if seconds > SLEEP_SECONDS:
        raise StepFailed(RESOLVING, f"{seconds:g} seconds are more than {SLEEP_SECONDS} (7 days)", kind="Invalid")
    if seconds > 0:
        work.clock.sleep(seconds)
    return Result()


def _seconds(work: Work) -> float:
    if "Duration" in work.inputs:
        return duration(str(work.inputs["Duration"]))
    text = str(work.inputs["Timestamp"])
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise StepFailed(RESOLVING, f"{text!r} is no ISO 8601 timestamp", kind="Invalid") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - work.clock.time()


def duration(text: str) -> float:
    """Seconds of an ISO 8601 duration such as PT10M. Raises StepFailed."""
    match = _DURATION.fullmatch(text.strip().upper())
    if match is None or not any(match.groupdict().values()):
        raise StepFailed(RESOLVING, f"{text!r} is no ISO 8601 duration", kind="Invalid")
    return sum(float(match[unit]) * seconds for unit, seconds in _UNITS.items() if match[unit])
