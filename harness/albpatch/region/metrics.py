"""Numbers that services publish of themselves or that are put, and the alarms of the control plane that look at them.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
A number that crosses an alarm's threshold puts it in ALARM at once: here no period is waited for, none ends it, and
numbers that do not come change nothing.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping

from albpatch.region.core import Region
from albpatch.region.operations import NotKnownHere

_COMPARE = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


class Metrics:
    """The metrics of a region (a region's part)."""

    def __init__(self, region: Region) -> None:
        self._region = region

    def put(self, namespace: str, name: str, dimensions: Mapping[str, str], value: float) -> None:
        """Publish a number. An alarm that it crosses goes to ALARM and says so in the journal, with its actions."""
        region = self._region
        for alarm in region.backend("cloudwatch", "DescribeAlarms", {})["MetricAlarms"]:
            own = {dimension["Name"]: dimension["Value"] for dimension in alarm.get("Dimensions", [])}
            if (alarm.get("Namespace"), alarm.get("MetricName"), own) != (namespace, name, dict(dimensions)):
                continue
            compare = _COMPARE.get(alarm["ComparisonOperator"])
            if compare is None:
                raise NotKnownHere(f"an alarm with {alarm['ComparisonOperator']}")
            if compare(value, alarm["Threshold"]) and alarm["StateValue"] != "ALARM":
                reason = f"Threshold Crossed: {name} is {value:g}."
                state = {"AlarmName": alarm["AlarmName"], "StateValue": "ALARM", "StateReason": reason}
                region.backend("cloudwatch", "SetAlarmState", state)
                actions = list(alarm.get("AlarmActions", []))
                region.journal.add("alarm", alarm["AlarmName"], state="ALARM", reason=reason, actions=actions)
