"""TCP connections to a host's target ports, as its kernel knows them: from the load balancer, and from others.

Nothing is simulated between two looks: what is open now follows from when the load balancer sent its last request.
Sources: "Target groups for your Application Load Balancers" (deregistration delay), "Application Load Balancers" (idle
time-out) in the ELB user guides. Whether an Application Load Balancer closes idle connections when a target is
deregistered is documented nowhere: `Shape.keeps_idle` is both answers.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from moto.backends import get_backend

from albpatch.region.core import Region
from albpatch.region.health_checks import phase
from albpatch.region.hosts import Host, Hosts
from albpatch.region.journal import Entry
from albpatch.region.load_balancer import LoadBalancing
from albpatch.region.operations import AwsError
from albpatch.region.target_groups import TargetGroupSettings
from albpatch.region.targets import ROUTABLE, Target

IDLE_SECONDS = 60.0  # the default of idle_timeout.timeout_seconds
LINGER_SECONDS = 60.0  # TIME_WAIT on Linux
CLIENTS = ("198.51.100.7", "198.51.100.8")  # what a Network Load Balancer's targets see: the client itself
OUTSIDE = "203.0.113.9"
_HTTP, _UP = ("HTTP", "HTTPS"), ("serving", "sick")


@dataclass(frozen=True)
class Connection:
    """A connection to `port`; `state` is TCP's name for it."""

    port: int
    peer: str
    peer_port: int
    state: str = "ESTABLISHED"


@dataclass
class Shape:
    """The traffic of every target group.

    Attributes:
        flows: whether there are requests at all.
        slow_seconds: how long the longest of them take.
        keeps_idle: an Application Load Balancer keeps idle connections to a target that is deregistered, for 60 s.
    """

    flows: bool = True
    slow_seconds: float = 0.0
    keeps_idle: bool = False


@dataclass
class _Sent:
    """When the load balancer last sent a request to a target; None: it still does. When it forgot the target."""

    arn: str
    port: int
    last: float | None = None
    removed: float | None = None
    nodes: tuple[str, ...] = field(default_factory=tuple)


class Connections:
    """The connections of every host (a region's part). Hears of routing and removal through the journal."""

    def __init__(self, region: Region) -> None:
        self._region, self._clock = region, region.clock
        self._balancing, self._hosts = region.part(LoadBalancing), region.part(Hosts)
        self.shape = Shape()
        self._routed: dict[str, frozenset[str]] = {}
        self._sent: dict[str, dict[str, _Sent]] = {}
        self._states: dict[str, str] = {}
        for entry in region.journal.entries:
            self._heard(entry)
        region.journal.listeners.append(self._heard)

    def sockets(self, host: Host) -> list[Connection]:
        """What the host's own network namespace shows: not what is sent on into a container."""
        return [] if host.profile.container_nat else self._all(host)

    def tracked(self, host: Host) -> list[Connection] | None:
        """What connection tracking shows, translated or not; None where the kernel does not show it."""
        return self._all(host) if host.profile.conntrack else None

    def _all(self, host: Host) -> list[Connection]:
        with self._clock.lock:
            if host.state not in _UP:
                return []
            return [c for sent, settings in self._targets(host) for c in self._of_target(host, sent, settings)]

    def _targets(self, host: Host) -> Iterator[tuple[_Sent, TargetGroupSettings]]:
        """Every target that the host is or was, in a group that still exists."""
        for sent in self._sent.get(host.id, {}).values():
            with suppress(AwsError):
                yield sent, self._balancing.settings(sent.arn)

    def _of_target(self, host: Host, sent: _Sent, settings: TargetGroupSettings) -> Iterator[Connection]:
        nodes = self._nodes(sent)
        peers = CLIENTS if settings.network else nodes
        for number, seconds in enumerate(self._lasting(host, settings)):
            if self._open(host, sent, settings, seconds):
                yield from (Connection(sent.port, peer, 40_000 + number) for peer in peers)
        yield from self._checks(host, sent, settings, nodes)
        if host.profile.scraper != "none":
            peer = OUTSIDE if host.profile.scraper == "outside" or not nodes else _neighbour(nodes[0])
            yield Connection(sent.port, peer, 50_000)

    def _lasting(self, host: Host, settings: TargetGroupSettings) -> Iterator[float]:
        """How long after the last request each kind of connection stays open."""
        if self.shape.flows:
            yield self.shape.slow_seconds
            if self.shape.keeps_idle and not settings.network:
                yield self.shape.slow_seconds + IDLE_SECONDS
        if host.profile.long_connections_seconds:
            yield host.profile.long_connections_seconds

    def _open(self, host: Host, sent: _Sent, settings: TargetGroupSettings, seconds: float) -> bool:
        """Whether a connection is open that lasts for `seconds` after the last request."""
        if sent.last is None:
            return True
        if sent.last < host.up_since or self._clock.time() >= sent.last + seconds:
            return False
        # At the end of the delay an Application Load Balancer closes what it sent before; late requests come after it.
        return sent.removed is None or settings.network or sent.last > sent.removed

    def _checks(
        self, host: Host, sent: _Sent, settings: TargetGroupSettings, nodes: tuple[str, ...]
    ) -> Iterator[Connection]:
        """The last health check. It asks for `Connection: close`, so the host closes and waits in TIME_WAIT."""
        target = self._target(host, sent)
        if target is None or settings.check_port not in ("traffic-port", str(sent.port)):
            return
        age = self._clock.time() - target.since - phase(target, settings.interval)
        if age < 0:
            return
        age %= settings.interval
        if age <= host.profile.answer_seconds:
            yield from (Connection(sent.port, node, 60_000) for node in nodes)
        elif settings.check_protocol in _HTTP and age < LINGER_SECONDS:
            yield from (Connection(sent.port, node, 60_000, "TIME_WAIT") for node in nodes)

    def _target(self, host: Host, sent: _Sent) -> Target | None:
        target = self._balancing.group(sent.arn).targets.get((host.id, sent.port))
        return target if target is not None and target.state in ROUTABLE else None

    def _nodes(self, sent: _Sent) -> tuple[str, ...]:
        """The addresses of the load balancer: one in each of its subnets."""
        if not sent.nodes:
            elb = get_backend("elbv2")[self._region.account_id][self._region.name]
            group = elb.target_groups[sent.arn]
            balancers = [elb.load_balancers[arn] for arn in group.load_balancer_arns if arn in elb.load_balancers]
            blocks = [subnet.cidr_block for balancer in balancers for subnet in balancer.subnets]
            sent.nodes = tuple(str(ipaddress.ip_network(block).network_address + 5) for block in blocks)
        return sent.nodes

    def _heard(self, entry: Entry) -> None:
        if entry.kind == "routing":
            before, after = self._routed.get(entry.subject, frozenset()), frozenset(entry.detail["routed"])
            self._routed[entry.subject] = after
            for key in after - before:
                now_sent = self._of(entry.subject, key)
                now_sent.last = now_sent.removed = None
            for key in before - after:
                self._of(entry.subject, key).last = entry.time
        elif entry.kind == "target" and entry.detail["state"] == "absent":
            arn, key = entry.subject.split("|", 1)
            self._of(arn, key).removed = entry.time
        elif entry.kind == "host":
            was, now = self._states.get(entry.subject), entry.detail["state"]
            self._states[entry.subject] = now
            if was in _UP and now not in _UP:
                self._cut(self._hosts.get(entry.subject))

    def _of(self, arn: str, key: str) -> _Sent:
        instance_id, port = key.split("|")
        return self._sent.setdefault(instance_id, {}).setdefault(
            f"{arn}|{port}", _Sent(arn, int(port), last=float("-inf"))
        )

    def _cut(self, host: Host | None) -> None:
        """Journal the long connections that end because the host stops serving."""
        if host is None or not host.profile.long_connections_seconds:
            return
        for sent, settings in list(self._targets(host)):
            if self._open(host, sent, settings, host.profile.long_connections_seconds):
                peers = CLIENTS if settings.network else self._nodes(sent)
                self._region.journal.add("cut", f"{sent.arn}|{host.id}|{sent.port}", connections=len(peers))


def _neighbour(node: str) -> str:
    """Another machine in the subnet of the load balancer's node."""
    return str(ipaddress.ip_address(node) + 100)
