"""CloudWatch: the states of alarms, and metrics that are put.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
"""

from __future__ import annotations

from typing import Any

from albpatch.region.core import Region
from albpatch.region.metrics import Metrics
from albpatch.region.operations import Caller, NotKnownHere, operation
from albpatch.region.services.constraints import check

PAGE = 50
_KNOWN = {"AlarmNames", "AlarmTypes", "MaxRecords", "NextToken"}
_KINDS = {"MetricAlarm": "MetricAlarms", "CompositeAlarm": "CompositeAlarms"}
STATES = ("OK", "ALARM", "INSUFFICIENT_DATA")


class Alarms:
    """Alarms whose states are given from outside (a region's part), beside the metric alarms of the control plane.

    These states stay as given; those of the control plane follow what is measured (region/metrics.py).
    """

    def __init__(self, region: Region) -> None:
        self._region = region
        self._states: dict[str, tuple[str, str]] = {}

    def set(self, name: str, state: str, kind: str = "") -> None:
        """Make an alarm, a MetricAlarm unless its kind is CompositeAlarm, or change its state from now on."""
        if state not in STATES or kind not in ("", *_KINDS):
            raise ValueError(f"an alarm cannot be {kind} {state}")
        self._states[name] = (kind or self._states.get(name, ("MetricAlarm", ""))[0], state)
        self._region.journal.add("alarm", name, state=state)

    def described(self, kind: str) -> dict[str, dict[str, Any]]:
        """Alarms of one kind by name, as DescribeAlarms answers them."""
        there = self._region.backend("cloudwatch", "DescribeAlarms", {})[_KINDS[kind]]
        return {a["AlarmName"]: a for a in there} | {
            name: self._shown(name, state) for name, (its, state) in self._states.items() if its == kind
        }

    def _shown(self, name: str, state: str) -> dict[str, Any]:
        region = self._region
        arn = f"arn:{region.partition}:cloudwatch:{region.name}:{region.account_id}:alarm:{name}"
        return {"AlarmName": name, "AlarmArn": arn, "StateValue": state}


@operation("cloudwatch", "DescribeAlarms")
def describe_alarms(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """The alarms of the given names, or all; metric alarms only unless AlarmTypes says more."""
    check("cloudwatch", "DescribeAlarms", params)
    if set(params) - _KNOWN:
        raise NotKnownHere(f"cloudwatch:DescribeAlarms {', '.join(sorted(set(params) - _KNOWN))}")
    kinds = params.get("AlarmTypes") or ["MetricAlarm"]
    if set(kinds) - set(_KINDS):
        raise NotKnownHere(f"cloudwatch:DescribeAlarms of {', '.join(sorted(set(kinds) - set(_KINDS)))}")
    names = params.get("AlarmNames")
    found = [
        (_KINDS[kind], alarm)
        for kind in _KINDS
        if kind in kinds
        for name, alarm in sorted(region.part(Alarms).described(kind).items())
        if not names or name in names
    ]
    first = int(params.get("NextToken") or 0)
    after = first + min(params.get("MaxRecords") or PAGE, PAGE)
    answer: dict[str, Any] = {"MetricAlarms": [], "CompositeAlarms": []}
    for key, alarm in found[first:after]:
        answer[key].append(alarm)
    return {**answer, "NextToken": str(after)} if after < len(found) else answer


@operation("cloudwatch", "PutMetricData")
def put_metric_data(region: Region, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """Put values of metrics; each is journaled with its dimensions, and may cross an alarm's threshold."""
    check("cloudwatch", "PutMetricData", params)
    if set(params) - {"Namespace", "MetricData"}:
        raise NotKnownHere("cloudwatch:PutMetricData with more than Namespace and MetricData")
    region.backend("cloudwatch", "PutMetricData", params)
    for one in params["MetricData"]:
        if "Value" not in one:
            raise NotKnownHere("cloudwatch:PutMetricData without Value")
        dimensions = {d["Name"]: d["Value"] for d in one.get("Dimensions", [])}
        name = f"{params['Namespace']} {one['MetricName']}"
        region.journal.add("metric", name, value=one["Value"], dimensions=dimensions, by=caller.arn)
        region.part(Metrics).put(params["Namespace"], one["MetricName"], dimensions, one["Value"])
    return {}
