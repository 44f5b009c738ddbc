"""A model of the function that AWSEC2-PatchLoadBalancerInstance builds and calls twice. Its code is not public.

What follows from the document that calls it, and is certain:
* It gets `instance_id`, `drain_time` (minutes as text, or nothing) and `to_remove`. Its answer has `max_drain_time`,
  which the document hands to aws:sleep as it is and which is therefore an ISO 8601 duration, `is_error`, compared with
  the text "true", `target_group_details` (a list of maps) and `elb_names` (a list of texts).
* Called again with `to_remove` false and its own first answer as `lb_map`, it answers with `status`.

What AWS's page says in words: it finds the load balancers of the instance, makes sure that the instance is healthy, and
removes it.

What is modelled, that is, assumed (always in the function's favour):
* It finds the instance by asking every target group of the account, and puts back exactly what it took out, ports
  included. Classic Load Balancers are not looked at.
* Without a `drain_time` the wait is the longest deregistration delay of the groups.
* An instance in no target group, or not healthy in one of them, is a reported error, and nothing is removed.
* An error of the API while it removes is a reported error: its answer says what had been removed until then, and the
  document puts that back. An error while it puts back makes the function itself fail.
* A throttled call is repeated four times, as boto3 does. The pauses between them, and the time that the function runs,
  are counted as nothing.
* It does not look at any other target of a group.
"""

from __future__ import annotations

from typing import Any

from albpatch.region.core import Region
from albpatch.region.operations import AwsError, Caller

ATTEMPTS = 5
DELAY = "deregistration_delay.timeout_seconds"
_THROTTLING = ("Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException")
Details = list[dict[str, Any]]


class FunctionFailed(Exception):
    """The function raised. `kind` is the name of the exception."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def change_registrations(region: Region, role: Caller, event: dict[str, Any]) -> dict[str, Any]:
    """One invocation: take the instance out of its target groups, or put it back. Raises FunctionFailed."""
    try:
        if event["to_remove"]:
            return _Removal(region, role, event).run()
        for detail in event["lb_map"]["target_group_details"]:
            _call(region, role, "RegisterTargets", **detail)
    except (KeyError, TypeError) as error:
        raise FunctionFailed(type(error).__name__, str(error)) from None
    except AwsError as error:
        raise FunctionFailed("ClientError", str(error)) from None
    return {"status": "Success"}


class _Removal:
    def __init__(self, region: Region, role: Caller, event: dict[str, Any]) -> None:
        self._region, self._role = region, role
        self._instance: str = event["instance_id"]
        self._minutes: str = event.get("drain_time") or ""

    def run(self) -> dict[str, Any]:
        removed: Details = []
        try:
            found = self._find()
            seconds = int(self._minutes) * 60 if self._minutes.isdigit() else self._longest_delay(found)
            for detail in found:
                _call(self._region, self._role, "DeregisterTargets", **detail)
                removed.append(detail)
        except (AwsError, _NotHealthy):
            return _answer(removed, 0, error=True)
        return _answer(removed, seconds, error=False)

    def _find(self) -> Details:
        """The instance's registrations by target group. Raises _NotHealthy where it has none or is not healthy."""
        found = []
        for arn in self._groups():
            health = _call(self._region, self._role, "DescribeTargetHealth", TargetGroupArn=arn)
            mine = [d for d in health["TargetHealthDescriptions"] if d["Target"]["Id"] == self._instance]
            if any(d["TargetHealth"]["State"] != "healthy" for d in mine):
                raise _NotHealthy
            if mine:
                targets = [{"Id": d["Target"]["Id"], "Port": d["Target"]["Port"]} for d in mine]
                found.append({"TargetGroupArn": arn, "Targets": targets})
        if not found:
            raise _NotHealthy
        return found

    def _groups(self) -> list[str]:
        arns: list[str] = []
        params: dict[str, Any] = {}
        while True:
            answer = _call(self._region, self._role, "DescribeTargetGroups", **params)
            arns += [group["TargetGroupArn"] for group in answer["TargetGroups"]]
            if not answer.get("NextMarker"):
                return arns
            params = {"Marker": answer["NextMarker"]}

    def _longest_delay(self, found: Details) -> int:
        delays = []
        for detail in found:
            arn = detail["TargetGroupArn"]
            answer = _call(self._region, self._role, "DescribeTargetGroupAttributes", TargetGroupArn=arn)
            delays += [int(a["Value"]) for a in answer["Attributes"] if a["Key"] == DELAY]
        return max(delays, default=0)


class _NotHealthy(Exception):
    """The instance is not what the function asks for."""


def _answer(removed: Details, seconds: int, *, error: bool) -> dict[str, Any]:
    return {
        "max_drain_time": f"PT{seconds}S",
        "is_error": "true" if error else "false",
        "target_group_details": removed,
        "elb_names": [],
    }


def _call(region: Region, role: Caller, operation: str, **params: Any) -> dict[str, Any]:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return region.call(role, "elbv2", operation, params)
        except AwsError as error:
            if error.code not in _THROTTLING or attempt == ATTEMPTS:
                raise
    raise AssertionError("the last attempt returns or raises")
