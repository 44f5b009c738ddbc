"""When a window opens next by its schedule. Windows open on demand here; this is what GetMaintenanceWindow says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from albpatch.region.operations import NotKnownHere
from albpatch.schedule.cron import ScheduleError
from albpatch.schedule.openings import Schedule, next_openings


def next_execution(members: Mapping[str, Any], now: datetime) -> str | None:
    """NextExecutionTime: the next opening that the window's own dates allow, None for one that is disabled or over.

    Not documented by AWS, and so an assumption here: a disabled window has none.

    Raises:
        NotKnownHere: a schedule that cannot be read.
    """
    if not members["Enabled"]:
        return None
    rate = members["Schedule"].startswith("rate")
    start = members.get("StartDate") or (members["CreatedDate"].isoformat() if rate else None)
    offset, zone = members.get("ScheduleOffset"), members.get("ScheduleTimezone") or "UTC"
    schedule = Schedule(members["Schedule"], zone, members["Duration"], offset, start, members.get("EndDate"))
    try:
        found = next_openings(schedule, now, 1)
    except ScheduleError as error:
        raise NotKnownHere(f"a maintenance window's schedule: {error}") from None
    return found[0].start.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ") if found else None
