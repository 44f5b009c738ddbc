"""Requests that were really sent, as the evidence of a night."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from albpatch.region.journal import Entry
from albpatch.rehearsal.losses import SERVES, GroupTraffic
from albpatch.rehearsal.traffic import Request
from albpatch.rehearsal.world import World
from albpatch.report.model import Loss


def count_requests(
    requests: Sequence[Request], entries: Iterable[Entry], world: World, start: float
) -> dict[str, GroupTraffic]:
    """Requests sent and lost by target group ARN. A lost one is put down to the machine of its group that was down."""
    entries = list(entries)
    down, removals = _down(entries), _removals(entries)
    found = {arn: GroupTraffic() for arn in world.used_groups}
    for request in sorted(requests, key=lambda r: r.ended):
        traffic = found[request.target_group]
        traffic.sent += 1
        if not request.lost:
            continue
        members = {i for i, _ in world.registered(request.target_group)}
        guilty = [i for i in members if any(a <= request.ended and request.began <= b for a, b in down.get(i, ()))]
        if not guilty and any(_within(request, at) for at in removals[request.target_group]):
            traffic.cut_by_delay += 1
        elif request.slow:
            traffic.cut += 1
        else:
            traffic.refused += 1
        kind = "slow request" if request.slow else "request"
        traffic.losses.append(Loss(max(0.0, request.ended - start), 1, f"{kind}: {request.fault}"))
        for instance_id in guilty:
            traffic.by_host[instance_id] += 1 / len(guilty)
    return found


def _within(request: Request, at: float) -> bool:
    return request.began <= at <= request.ended


def _removals(entries: Iterable[Entry]) -> dict[str, list[float]]:
    """When targets were gone for good, the deregistration delay over, by target group ARN."""
    found: dict[str, list[float]] = defaultdict(list)
    for entry in entries:
        if entry.kind == "target" and entry.detail["state"] == "absent":
            found[entry.subject.split("|", 1)[0]].append(entry.time)
    return found


def _down(entries: Iterable[Entry]) -> dict[str, list[tuple[float, float]]]:
    """When each instance did not serve, as (from, to) in seconds since the epoch."""
    since: dict[str, float] = {}
    found: dict[str, list[tuple[float, float]]] = {}
    for entry in entries:
        if entry.kind != "host":
            continue
        if entry.detail["state"] not in SERVES:
            since.setdefault(entry.subject, entry.time)
        elif entry.subject in since:
            found.setdefault(entry.subject, []).append((since.pop(entry.subject), entry.time))
    for instance_id, at in since.items():
        found.setdefault(instance_id, []).append((at, float("inf")))
    return found
