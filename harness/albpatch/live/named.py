"""What others made and the runbook names: alarms, change calendars, a topic."""

from __future__ import annotations

from collections.abc import Sequence

from albpatch.live.calls import Calls

_AT_ONCE = 100  # names in a call of DescribeAlarms
_KINDS = (("MetricAlarm", "MetricAlarms"), ("CompositeAlarm", "CompositeAlarms"))
_NO_CALENDAR = ("InvalidDocument", "InvalidDocumentType")
_NO_TOPIC = ("NotFound", "NotFoundException")


class Named:
    """Alarms, calendars and topics of the region."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def alarms(self, names: Sequence[str]) -> set[str]:
        """Those of the names that are alarms, metric or composite ones."""
        found = set[str]()
        for first in range(0, len(names), _AT_ONCE):
            some = list(names[first : first + _AT_ONCE])
            for kind, key in _KINDS:
                asked = {"AlarmNames": some, "AlarmTypes": [kind]}
                there = self._calls.pages("cloudwatch", "describe_alarms", key, **asked)
                found |= {alarm["AlarmName"] for alarm in there}
        return found

    def calendar(self, name: str) -> str | None:
        """OPEN or CLOSED."""
        found = self._calls.ask("ssm", "get_calendar_state", _NO_CALENDAR, CalendarNames=[name])
        return None if found is None else str(found["State"])

    def has_topic(self, arn: str) -> bool:
        return self._calls.ask("sns", "get_topic_attributes", _NO_TOPIC, TopicArn=arn) is not None
