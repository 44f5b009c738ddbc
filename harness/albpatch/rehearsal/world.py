"""What a scenario became in a region: names for its ids. Timelines and verdicts read the journal through it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from albpatch.rehearsal.scenario import Scenario


@dataclass(frozen=True)
class Budget:
    """How far a target group may go down: healthy targets, and percent of what was registered before.

    `max_unavailable` is how many of our instances may be out of it at a time.
    """

    min_healthy: int = 1
    min_healthy_percent: int = 50
    max_unavailable: int = 1

    def floor(self, registered: int) -> int:
        return max(self.min_healthy, math.ceil(self.min_healthy_percent * registered / 100))


@dataclass(frozen=True)
class World:
    """The scenario's things in one region."""

    scenario: Scenario
    groups: Mapping[str, str]  # name -> ARN
    machines: Mapping[str, str]  # name -> instance id
    budgets: Mapping[str, Budget] = field(default_factory=dict)  # target group ARN -> budget

    def group_name(self, arn: str) -> str:
        return self._group_names.get(arn, arn)

    def machine_name(self, instance_id: str) -> str:
        return self._machine_names.get(instance_id, instance_id)

    @property
    def used_groups(self) -> list[str]:
        """ARNs of the target groups that a load balancer sends requests to."""
        return [self.groups[n] for n, g in self.scenario.target_groups.items() if g.load_balancer is not None]

    def registered(self, arn: str) -> list[tuple[str, int]]:
        """(instance id, port) of every registration of a target group before the night."""
        return list(self._registrations.get(self.group_name(arn), ()))

    def registrations(self, instance_id: str) -> list[tuple[str, int]]:
        """(target group ARN, port) of every registration of an instance before the night, group by group."""
        return list(self._registrations_of.get(instance_id, ()))

    @property
    def keep_open(self) -> list[str]:
        """ARNs of the groups whose open connections outlive the deregistration delay: a network load balancer's."""
        return [self.groups[n] for n, g in self.scenario.target_groups.items() if g.protocol not in ("HTTP", "HTTPS")]

    def zones(self, arn: str) -> dict[str, list[str]]:
        """Target keys `id|port` of a group by zone: all in the zone "" where cross-zone balancing is on.

        A network load balancer's is off unless the group says otherwise.
        """
        own = self.scenario.target_groups[self.group_name(arn)].attributes.get(CROSS_ZONE, BALANCERS)
        split = own == "false" or (own == BALANCERS and arn in self.keep_open)
        found: dict[str, list[str]] = {}
        for instance_id, port in self.registered(arn):
            zone = self.scenario.machines[self.machine_name(instance_id)].zone if split else ""
            found.setdefault(zone, []).append(f"{instance_id}|{port}")
        return found

    def floor(self, arn: str, keys: Iterable[str]) -> int:
        """The floor of a group, or of the part of it that stands in one zone."""
        return self.budgets.get(arn, Budget()).floor(len(list(keys)))

    # A verdict asks for these once for every machine: searched anew, its time would grow with the square of the fleet.
    @cached_property
    def _group_names(self) -> dict[str, str]:
        return {arn: name for name, arn in reversed(list(self.groups.items()))}

    @cached_property
    def _machine_names(self) -> dict[str, str]:
        return {instance_id: name for name, instance_id in reversed(list(self.machines.items()))}

    @cached_property
    def _registrations(self) -> dict[str, list[tuple[str, int]]]:
        found: dict[str, list[tuple[str, int]]] = {}
        for machine, what in self.scenario.machines.items():
            for r in what.registrations:
                port = self.scenario.target_groups[r.target_group].port if r.port is None else r.port
                found.setdefault(r.target_group, []).append((self.machines[machine], port))
        return found

    @cached_property
    def _registrations_of(self) -> dict[str, list[tuple[str, int]]]:
        found: dict[str, list[tuple[str, int]]] = {}
        for arn in self.groups.values():
            for instance_id, port in self.registered(arn):
                found.setdefault(instance_id, []).append((arn, port))
        return found


CROSS_ZONE = "load_balancing.cross_zone.enabled"
BALANCERS = "use_load_balancer_configuration"
