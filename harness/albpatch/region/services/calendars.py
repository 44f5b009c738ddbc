"""Change calendars: when changes are allowed (OPEN) and when not (CLOSED).

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCalendarState.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from albpatch.region.core import Region
from albpatch.region.operations import AwsError, Caller, NotKnownHere, operation
from albpatch.region.services.constraints import check

STATES = ("OPEN", "CLOSED")


class Calendars:
    """The calendars of the region (a region's part). They are not made through the API here."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self._states: dict[str, str] = {}

    def set(self, name: str, state: str) -> None:
        """Make a calendar, or change its state from now on. Raises ValueError for a state that is none."""
        if state not in STATES:
            raise ValueError(f"{state} is no state of a calendar")
        self._states[name] = state
        self._region.journal.add("calendar", name, state=state)

    def state(self, name_or_arn: str) -> str:
        """OPEN or CLOSED. Raises AwsError."""
        name = name_or_arn
        if name_or_arn.startswith("arn:"):
            head, _, name = name_or_arn.partition(":document/")
            if head != f"arn:{self._region.partition}:ssm:{self._region.name}:{self._region.account_id}":
                raise NotKnownHere(f"the calendar {name_or_arn} of another account or region")
        if name not in self._states:
            raise AwsError("InvalidDocument", f"Document with name {name} does not exist.")
        return self._states[name]


@operation("ssm", "GetCalendarState")
def get_calendar_state(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """OPEN only if all the calendars are open. NextTransitionTime is not known here and never answered."""
    check("ssm", "GetCalendarState", params)
    if "AtTime" in params:
        raise NotKnownHere("ssm:GetCalendarState AtTime")
    states = {region.part(Calendars).state(name) for name in params["CalendarNames"]}
    now = datetime.fromtimestamp(region.clock.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"State": "CLOSED" if "CLOSED" in states else "OPEN", "AtTime": now}
