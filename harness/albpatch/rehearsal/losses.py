"""Requests lost in a virtual night, computed from the journal: no request is simulated.

A target group's requests spread evenly over the targets that the load balancer routes to. A request is lost when the
target it goes to does not serve, when there is no target, or when the host goes down while a slow request is open:
lost = rate x share of the routed targets that do not serve x length of the violation. A connection that a client keeps
open for long and that the host cuts counts as one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from albpatch.region.journal import Entry
from albpatch.rehearsal.scenario import Traffic
from albpatch.report.model import Loss

EPSILON = 1e-9
SERVES = ("serving", "sick")  # a machine that is sick on its own answers with errors whatever the night does


@dataclass
class GroupTraffic:
    """Requests of one target group.

    Attributes:
        sent: all of them.
        refused: nobody served them.
        cut: the host went down while they were open.
        cut_by_delay: the load balancer closed them because the group's own deregistration delay was over.
        routing: (seconds from the start, targets that are routed to, those that do not serve) from each change on.
    """

    sent: float = 0.0
    refused: float = 0.0
    cut: float = 0.0
    cut_by_delay: float = 0.0
    losses: list[Loss] = field(default_factory=list)
    by_host: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    routing: list[tuple[float, int, int]] = field(default_factory=list)

    @property
    def lost(self) -> float:
        return self.refused + self.cut + self.cut_by_delay


@dataclass
class _Stretch:
    """A time in which a target got `share` of the group's requests."""

    start: float
    end: float
    share: float


class _Group:
    """Follows one target group through the journal."""

    def __init__(self, traffic: Traffic, start: float) -> None:
        self.traffic, self.since, self.start = traffic, start, start
        self.routed: list[str] = []
        self.stretches: dict[str, list[_Stretch]] = defaultdict(list)
        self.result = GroupTraffic()
        self._violation: Loss | None = None

    def until(self, now: float, serving: Mapping[str, bool]) -> None:
        """Account for the time since the last change."""
        seconds = now - self.since
        if seconds <= 0:
            return
        rate = self.traffic.requests_per_second
        self.result.sent += rate * seconds
        down = [t for t in self.routed if not serving.get(_host(t), False)]
        now_routed = (len(self.routed), len(down))
        if not self.result.routing or self.result.routing[-1][1:] != now_routed:
            self.result.routing.append((self.since - self.start, *now_routed))
        if not self.routed:
            self._lose(rate * seconds, "no target is routed to")
        else:
            share = 1 / len(self.routed)
            for target in down:
                self.result.by_host[_host(target)] += rate * seconds * share
            if down:
                self._lose(rate * seconds * len(down) * share, f"routed to {', '.join(map(_host, down))}, down")
            else:
                self._violation = None
            for target in set(self.routed).difference(down):
                self._remember(target, now, share)
        self.since = now

    def goes_down(self, host: str, now: float) -> None:
        """Slow requests that are open on the host are cut."""
        for target in self.stretches:
            if _host(target) == host:
                self.result.cut += self._cut(target, now, f"{host} goes down")

    def is_removed(self, target: str, now: float) -> None:
        """The deregistration delay is over: the load balancer closes what is still open."""
        self.result.cut_by_delay += self._cut(target, now, "the deregistration delay is over")

    def loses_connections(self, target: str, now: float, count: int) -> None:
        """Connections that clients keep open for long end because the host stops serving."""
        self.result.cut += count
        self.result.by_host[_host(target)] += count
        self.result.losses.append(Loss(now - self.start, count, f"long connections cut: {_host(target)} goes down"))

    def _cut(self, target: str, now: float, why: str) -> float:
        slow, stretches = self.traffic.slow_seconds, self.stretches[target]
        open_share = sum(s.share * max(0.0, s.end - max(s.start, now - slow)) for s in stretches)
        stretches.clear()
        cut = self.traffic.requests_per_second * self.traffic.slow_share * open_share
        if cut <= EPSILON:
            return 0.0
        self.result.by_host[_host(target)] += cut
        self.result.losses.append(Loss(now - self.start, cut, f"open requests cut: {why}"))
        return cut

    def _lose(self, requests: float, why: str) -> None:
        """Count refused requests; a violation that goes on is one loss, told where it began."""
        self.result.refused += requests
        began, last = self.since - self.start, self._violation
        if last is not None and last.text == why:
            self.result.losses.remove(last)
            began, requests = last.at, last.requests + requests
        self._violation = Loss(began, requests, why)
        self.result.losses.append(self._violation)

    def _remember(self, target: str, now: float, share: float) -> None:
        kept = self.stretches[target]
        kept.append(_Stretch(self.since, now, share))
        horizon = now - self.traffic.slow_seconds
        while kept and kept[0].end <= horizon:
            kept.pop(0)


def lost(
    entries: Iterable[Entry],
    traffic: Traffic,
    groups: Iterable[str],
    start: float,
    end: float,
    keep_open: Collection[str] = (),
) -> dict[str, GroupTraffic]:
    """Requests sent and lost between `start` and `end` for each target group that a load balancer uses.

    Args:
        entries: the region's journal from its beginning (what stood before `start` counts).
        groups: ARNs of the target groups that get requests.
        start, end: seconds since the epoch.
        keep_open: those of them whose open requests outlive the deregistration delay.
    """
    followed = {arn: _Group(traffic, start) for arn in groups}
    serving: dict[str, bool] = {}
    for entry in entries:
        if entry.time > end:
            break
        if entry.kind == "routing" and entry.subject in followed:
            group = followed[entry.subject]
            group.until(entry.time, serving)
            group.routed = list(entry.detail["routed"])
        elif entry.kind == "target" and entry.detail["state"] == "absent" and entry.time >= start:
            arn, target = entry.subject.split("|", 1)
            if arn in followed and arn not in keep_open:
                followed[arn].until(entry.time, serving)
                followed[arn].is_removed(target, entry.time)
        elif entry.kind == "cut" and entry.time >= start:
            arn, target = entry.subject.split("|", 1)
            if arn in followed:
                followed[arn].loses_connections(target, entry.time, entry.detail["connections"])
        elif entry.kind == "host":
            serves = entry.detail["state"] in SERVES
            was = serving.get(entry.subject, False)
            if serves == was:
                continue
            for group in followed.values():
                if any(_host(t) == entry.subject for t in group.routed):
                    group.until(entry.time, serving)
                if was and entry.time >= start:
                    group.goes_down(entry.subject, entry.time)
            serving[entry.subject] = serves
    for group in followed.values():
        group.until(end, serving)
    return {arn: group.result for arn, group in followed.items()}


def _host(target: str) -> str:
    return target.split("|", 1)[0]
