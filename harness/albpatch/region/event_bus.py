"""The default event bus at work: executions and windows emit events, rules match them or keep a schedule, targets are
invoked.

https://docs.aws.amazon.com/systems-manager/latest/userguide/monitoring-systems-manager-event-examples.html
Rules, targets and queues are the control plane's state. Not documented by AWS, and so assumptions here: every change
of an execution's status makes an event, and one comes a second later; `cancelled` says how that status is spelt, for
which AWS's event reference and its API differ; the event of an opening that goes on has no end-time, and PENDING,
which lasts no time here, makes none. Delivery is best effort: `Faults.events` says which are lost.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from albpatch.region.automation.executions import Execution
from albpatch.region.automation.service import Automation
from albpatch.region.core import Region
from albpatch.region.event_patterns import matches
from albpatch.region.event_targets import Targets
from albpatch.region.journal import Entry
from albpatch.region.operations import NotKnownHere
from albpatch.region.services.windows import Windows

DELIVERY_SECONDS = 1.0
EXECUTION_CHANGED = "EC2 Automation Execution Status-change Notification"
OPENING_CHANGED = "Maintenance Window Execution State-change Notification"
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}


class EventBus:
    """The default event bus (a part of the region). Nothing happens on it before `start`.

    Attributes:
        cancelled: how the status of a cancelled execution is spelt in an event, "Cancelled" or "Canceled".
        targets: what invokes the targets of rules.
    """

    def __init__(self, region: Region) -> None:
        self._region = region
        self._started = False
        self._count = 0
        self.cancelled = "Cancelled"
        self.targets = Targets(region)
        self._waiting = 0

    @property
    def pending(self) -> int:
        """How many events or invocations are on their way: what they start has not begun yet."""
        return self._waiting + self.targets.waiting

    def start(self) -> None:
        """Let executions emit events, and scheduled rules count from now. The region needs its control plane."""
        self._started = True
        self._region.journal.listeners.append(self._heard)
        for rule in self._rules():
            if rule.scheduled_expression:
                self._schedule(rule.name, period(rule.scheduled_expression))

    def put(self, source: str, detail_type: str, detail: Mapping[str, Any], resources: list[str]) -> None:
        """Put an event: a moment later every rule that matches it invokes its targets."""
        if not self._started:
            return
        event = self._event(source, detail_type, detail, resources)
        if self._region.faults.loses(event):
            self._region.journal.add("event-lost", source, detail_type=detail_type, detail=dict(detail))
            return
        self._waiting += 1
        self._region.clock.call_at(self._region.clock.time() + DELIVERY_SECONDS, lambda: self._deliver(event))

    def _deliver(self, event: dict[str, Any]) -> None:
        self._waiting -= 1
        for rule in self._rules():
            pattern = rule.event_pattern.dump()
            if rule.state == "ENABLED" and pattern and matches(pattern, event):
                self.targets.invoke(rule, event)

    def _event(self, source: str, detail_type: str, detail: Mapping[str, Any], resources: list[str]) -> dict[str, Any]:
        region, now = self._region, datetime.fromtimestamp(self._region.clock.time(), UTC)
        self._count += 1
        return {
            "version": "0",
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"bus {self._count}")),
            "detail-type": detail_type,
            "source": source,
            "account": region.account_id,
            "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": region.name,
            "resources": resources,
            "detail": dict(detail),
        }

    def _rules(self) -> list[Any]:
        from moto.events.models import events_backends  # takes long, and simulate has no control plane

        region = self._region
        return list(events_backends[region.account_id][region.name].event_buses["default"].rules.values())

    def _heard(self, entry: Entry) -> None:
        if entry.kind == "window":
            self._opening_changed(entry)
        elif entry.kind == "execution":
            self._execution_changed(entry)

    def _opening_changed(self, entry: Entry) -> None:
        opening, region = self._region.part(Windows).get(entry.subject), self._region
        window = entry.detail["window"]
        ended = {} if opening.end is None else {"end-time": _instant(opening.end)}
        detail = {"start-time": _instant(opening.start), **ended, "window-id": window}
        detail |= {"window-execution-id": opening.id, "status": entry.detail["status"]}
        arn = f"arn:{region.partition}:ssm:{region.name}:{region.account_id}:maintenancewindow/{window}"
        self.put("aws.ssm", OPENING_CHANGED, detail, [arn])

    def _execution_changed(self, entry: Entry) -> None:
        execution = self._region.part(Automation).executions[entry.subject]
        prefix = f"arn:{self._region.partition}:ssm:{self._region.name}:{self._region.account_id}"
        definition = f"{prefix}:automation-definition/{execution.document_name}:{execution.version}"
        resources = [f"{prefix}:automation-execution/{execution.id}", definition]
        self.put("aws.ssm", EXECUTION_CHANGED, self._detail(execution, entry), resources)

    def _detail(self, execution: Execution, entry: Entry) -> dict[str, Any]:
        status = entry.detail["status"]
        detail: dict[str, Any] = {
            "ExecutionId": execution.id,
            "Definition": execution.document_name,
            "DefinitionVersion": float(execution.version),
            "Status": self.cancelled if status == "Cancelled" else status,
            "StartTime": _moment(execution.started),
            "Time": round(1000 * (entry.time - execution.started), 1),
            "ExecutedBy": execution.caller.arn,
        }
        return detail if execution.ended is None else {**detail, "EndTime": _moment(execution.ended)}

    def _schedule(self, name: str, seconds: int) -> None:
        """A rate counts from the rule's creation; here, from the start of the bus."""
        self._region.clock.call_at(self._region.clock.time() + seconds, lambda: self._due(name, seconds))

    def _due(self, name: str, seconds: int) -> None:
        rule = next((rule for rule in self._rules() if rule.name == name), None)
        if rule is None:
            return
        if rule.state == "ENABLED":
            self.targets.invoke(rule, self._event("aws.events", "Scheduled Event", {}, [rule.arn]))
        self._schedule(name, seconds)


def period(expression: str) -> int:
    """The seconds of a rate expression. Raises NotKnownHere for a cron expression."""
    match = _RATE.fullmatch(expression)
    if match is None:
        raise NotKnownHere(f"a scheduled rule with {expression}")
    return int(match[1]) * _SECONDS[match[2]]


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _moment(seconds: float) -> str:
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{at:%b} {at.day}, {at:%Y} {int(at.strftime('%I'))}:{at:%M:%S %p}"
