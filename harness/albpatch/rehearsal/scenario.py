"""A rehearsal's scenario: what exists before Terraform runs, how the machines behave, the traffic, what goes wrong.

The format is `rehearsal.yaml`'s, whether it lies beside an example, is generated for a thousand machines or mutated by
a test. Numbers of seconds are the region's seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from albpatch.errors import InputError
from albpatch.region.faults import CallFault, EventFault
from albpatch.rehearsal.reader import Place
from albpatch.rehearsal.references import check_references
from albpatch.rehearsal.scenario_faults import Interference, Trigger, call_fault, event_fault, interference

__all__ = ["Interference", "Scenario", "Trigger", "load", "parse"]

PROTOCOLS = ("HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP")
IDLE = ("closed", "kept")


@dataclass(frozen=True)
class HealthCheck:
    """A target group's health check. Seconds and counts within ELB's limits (CreateTargetGroup)."""

    path: str = "/health"
    interval: int = 30
    timeout: int = 5
    healthy_threshold: int = 5
    unhealthy_threshold: int = 2


@dataclass(frozen=True)
class TargetGroup:
    """An instance target group. `load_balancer` None: no load balancer uses it, so its targets are `unused`."""

    port: int
    protocol: str = "HTTP"
    health_check: HealthCheck = field(default_factory=HealthCheck)
    attributes: Mapping[str, str] = field(default_factory=dict)
    load_balancer: str | None = "default"


@dataclass(frozen=True)
class Registration:
    """One registration of a machine. Port None is the target group's own."""

    target_group: str
    port: int | None = None


@dataclass(frozen=True)
class Machine:
    """An instance: where it stands, its tags, where it is registered, and its EC2 state before the night."""

    zone: str
    tags: Mapping[str, str] = field(default_factory=dict)
    registrations: tuple[Registration, ...] = ()
    state: str = "running"


@dataclass(frozen=True)
class Traffic:
    """Requests to each target group that a load balancer uses.

    `idle_connections`: what an Application Load Balancer does with them when a target is deregistered, "closed" or
    "kept" for 60 s. AWS does not say which.
    """

    requests_per_second: float = 1.0
    slow_share: float = 0.1
    slow_seconds: float = 8.0
    timeout: float = 30.0
    idle_connections: str = "closed"


@dataclass(frozen=True)
class Alarm:
    """A CloudWatch alarm: MetricAlarm or CompositeAlarm, and its state before the night."""

    kind: str = "MetricAlarm"
    state: str = "OK"


@dataclass(frozen=True)
class Scenario:
    """Everything a night needs besides the module's own resources."""

    zones: tuple[str, ...]
    target_groups: Mapping[str, TargetGroup]
    machines: Mapping[str, Machine]
    load_balancers: Mapping[str, str] = field(default_factory=lambda: {"default": "application"})
    profiles: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    assign: Mapping[str, str] = field(default_factory=dict)
    traffic: Traffic = field(default_factory=Traffic)
    call_faults: tuple[CallFault, ...] = ()
    event_faults: tuple[EventFault, ...] = ()
    interferences: tuple[Interference, ...] = ()
    alarms: Mapping[str, Alarm] = field(default_factory=dict)
    calendars: Mapping[str, str] = field(default_factory=dict)  # name -> OPEN or CLOSED
    topics: tuple[str, ...] = ()

    def profile(self, machine: str) -> Mapping[str, Any]:
        """How a machine behaves: the members of `region.hosts.Profile` that the scenario sets."""
        name = self.assign.get(machine)
        return {} if name is None else self.profiles[name]


def load(path: Path) -> Scenario:
    """Read a scenario file. Raises `InputError` with one line that names the place of the mistake."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: is not YAML: {' '.join(str(error).split())}") from None
    return parse(content, path.name)


def parse(content: Any, source: str = "rehearsal.yaml") -> Scenario:
    """A scenario from a file's content. Raises `InputError`."""
    top = Place(source, "", content).mapping(
        "exists", "profiles", "assign", "traffic", "faults", required=("exists", "profiles", "assign")
    )
    exists = top.at("exists").mapping(
        "zones",
        "load_balancers",
        "target_groups",
        "instances",
        "alarms",
        "calendars",
        "topics",
        required=("zones", "target_groups", "instances"),
    )
    faults = Place(source, "faults", top.value.get("faults") or {}).mapping("calls", "events", "acts")
    balancers = exists.at("load_balancers").named(_load_balancer) or {"default": "application"}
    made = Scenario(
        zones=exists.at("zones").each(Place.text),
        load_balancers=balancers,
        target_groups=exists.at("target_groups").named(lambda place: _target_group(place, balancers)),
        machines=exists.at("instances").named(_machine),
        profiles=top.at("profiles").named(_profile),
        assign=top.at("assign").named(Place.text),
        traffic=_traffic(top.at("traffic")),
        call_faults=faults.at("calls").each(call_fault),
        event_faults=faults.at("events").each(event_fault),
        interferences=faults.at("acts").each(interference),
        alarms=exists.at("alarms").named(_alarm),
        calendars=exists.at("calendars").named(lambda place: place.one_of(("OPEN", "CLOSED"))),
        topics=exists.at("topics").each(Place.text),
    )
    check_references(made, top)
    return made


def _load_balancer(place: Place) -> str:
    return place.mapping("type").at("type").one_of(("application", "network"), "application")


def _target_group(place: Place, balancers: Mapping[str, str]) -> TargetGroup:
    place.mapping("port", "protocol", "health_check", "attributes", "load_balancer", required=("port",))
    balancer = place.at("load_balancer")
    first = next(iter(balancers))
    return TargetGroup(
        port=place.at("port").whole(1, 65535),
        protocol=place.at("protocol").one_of(PROTOCOLS, "HTTP"),
        health_check=_health_check(place.at("health_check")),
        attributes=place.at("attributes").texts(),
        load_balancer=(balancer.text() if balancer.value is not None else None)
        if "load_balancer" in place.value
        else first,
    )


def _health_check(place: Place) -> HealthCheck:
    if place.value is None:
        return HealthCheck()
    place.mapping("path", "interval", "timeout", "healthy_threshold", "unhealthy_threshold")
    made = HealthCheck(
        path=place.at("path").text("/health"),
        interval=place.at("interval").whole(5, 300, 30),
        timeout=place.at("timeout").whole(2, 120, 5),
        healthy_threshold=place.at("healthy_threshold").whole(2, 10, 5),
        unhealthy_threshold=place.at("unhealthy_threshold").whole(2, 10, 2),
    )
    if made.timeout >= made.interval:
        raise place.at("timeout").wrong("must be below the interval, as ELB demands")
    return made


def _machine(place: Place) -> Machine:
    place.mapping("zone", "tags", "registrations", "state", required=("zone",))
    return Machine(
        zone=place.at("zone").text(),
        tags=place.at("tags").texts(),
        registrations=place.at("registrations").each(_registration),
        state=place.at("state").one_of(("running", "stopped"), "running"),
    )


def _registration(place: Place) -> Registration:
    place.mapping("target_group", "port", required=("target_group",))
    port = place.at("port")
    return Registration(place.at("target_group").text(), None if port.value is None else port.whole(1, 65535))


def _profile(place: Place) -> Mapping[str, Any]:
    from albpatch.region.profiles import Profile

    mapping = dict(place.mapping().value)
    try:
        Profile.from_mapping(mapping)
    except (ValueError, TypeError) as error:
        raise place.wrong(" ".join(str(error).split())) from None
    return mapping


def _traffic(place: Place) -> Traffic:
    if place.value is None:
        return Traffic()
    place.mapping("requests_per_second", "slow_share", "slow_seconds", "timeout", "idle_connections")
    return Traffic(
        requests_per_second=place.at("requests_per_second").number(0.01, 1000, 1.0),
        slow_share=place.at("slow_share").number(0, 1, 0.1),
        slow_seconds=place.at("slow_seconds").number(0, 3600, 8.0),
        timeout=place.at("timeout").number(1, 3600, 30.0),
        idle_connections=place.at("idle_connections").one_of(IDLE, "closed"),
    )


def _alarm(place: Place) -> Alarm:
    place.mapping("kind", "state")
    return Alarm(
        kind=place.at("kind").one_of(("MetricAlarm", "CompositeAlarm"), "MetricAlarm"),
        state=place.at("state").one_of(("OK", "ALARM", "INSUFFICIENT_DATA"), "OK"),
    )
