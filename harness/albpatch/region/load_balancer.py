"""The routing core: target states by Elastic Load Balancing's rules, and who gets new requests.

It does not know how checks are made or how requests arrive: in virtual time checks are worked out (`VirtualChecks`) and
no request is simulated; in scaled time both are real (`sockets`). Sources: "Health checks for your target groups",
"Target groups for your Application Load Balancers" (deregistration delay, fail-open) in the ELB user guides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from albpatch.region.clock import current_activity
from albpatch.region.core import Region
from albpatch.region.health_checks import HealthChecks, Probe, VirtualChecks
from albpatch.region.hosts import Host, Hosts
from albpatch.region.operations import AwsError, Caller, NotKnownHere
from albpatch.region.target_groups import Instances, TargetGroupSettings, settings
from albpatch.region.targets import DESCRIPTIONS, ROUTABLE, Group, Target, routable

__all__ = ["Group", "LoadBalancing", "Target"]


class LoadBalancing:
    """All target groups of a region (a region's part)."""

    def __init__(self, region: Region) -> None:
        self._region, self._clock, self._journal = region, region.clock, region.journal
        self._instances = region.part(Instances)
        self._groups: dict[str, Group] = {}
        self._of_instance: dict[str, set[Target]] = {}
        self.checks: HealthChecks = VirtualChecks(region, self.current, self.checked)
        self.removal_listeners: list[Callable[[Target], None]] = []
        region.part(Hosts).listeners.append(self._host_changed)

    def settings(self, arn: str) -> TargetGroupSettings:
        """The group's present settings. Raises AwsError when there is no such group."""
        return settings(self._region, arn)

    def current(self, group: Group) -> TargetGroupSettings | None:
        """The settings of a group met before; None, and the group is forgotten, when it has been deleted meanwhile."""
        try:
            now = self.settings(group.arn)
        except AwsError:
            now = None
        if now is not None and now.identity == group.identity:
            return now
        for target in group.targets.values():
            self.checks.unwatch(target)
            self._of_instance[target.id].discard(target)
        group.targets, group.late = {}, {}
        return None

    def use_checks(self, checks: HealthChecks) -> None:
        """Let somebody else make the health checks, from now on."""
        for target in [t for g in self._groups.values() for t in g.targets.values() if t.state in ROUTABLE]:
            self.checks.unwatch(target)
            checks.watch(target)
        self.checks = checks

    def group(self, arn: str) -> Group:
        """The group, brought up to date with whether a load balancer uses it. Raises AwsError when there is none."""
        now = self.settings(arn)
        group = self._groups.get(arn)
        if group is None or group.identity != now.identity:
            group = self._groups[arn] = Group(arn, now.identity, now.in_use)
        if group.in_use != now.in_use:
            group.in_use = now.in_use
            for target in [t for t in group.targets.values() if t.state != "draining"]:
                self._begin(target)
            self._reroute(group)
        return group

    def targets(self, arn: str) -> list[Target]:
        """Every target of the group, those that are draining included."""
        return list(self.group(arn).targets.values())

    def routed(self, arn: str) -> list[str]:
        """The keys ("<id>|<port>") that new requests may be sent to, late ones included."""
        return list(self.group(arn).routed)

    def register(self, caller: Caller, arn: str, descriptions: list[dict[str, Any]]) -> None:
        """RegisterTargets. All descriptions are checked before any of them takes effect."""
        group, now = self.group(arn), self.settings(arn)
        for description in descriptions:
            self._check_description(now, description)
        for description in descriptions:
            self._register(caller, group, description["Id"], description.get("Port", now.port))
        self._reroute(group)

    def deregister(self, caller: Caller, arn: str, descriptions: list[dict[str, Any]]) -> None:
        """DeregisterTargets. A target that is not registered under that id and port is passed over without an error."""
        group, now = self.group(arn), self.settings(arn)
        for description in descriptions:
            self._check_kind(now, description)
        for description in descriptions:
            target = group.targets.get((description["Id"], description.get("Port", now.port)))
            if target is not None and target.state != "draining":
                self._deregister(caller, target, now)
        self._reroute(group)

    def checked(self, target: Target, found: Probe) -> None:
        """A health check of the target has ended."""
        with self._clock.lock:
            now = self.current(target.group)
            if now is None or target.state not in ROUTABLE:
                return
            target.passes = target.passes + 1 if found.passed else 0
            target.fails = 0 if found.passed else target.fails + 1
            if found.passed and target.state != "healthy":
                if target.state == "initial" or target.passes >= now.healthy_threshold:
                    self._set(target, "healthy")
            elif not found.passed and target.state != "unhealthy":
                if target.fails >= now.unhealthy_threshold:
                    self._set(target, "unhealthy", found.reason, found.description)
                elif target.state == "initial" and target.reason != "Elb.InitialHealthChecking":
                    self._set(target, "initial", "Elb.InitialHealthChecking")
            elif not found.passed:
                target.reason, target.description = found.reason, found.description
            if target.state == ("healthy" if found.passed else "unhealthy"):
                target.passes = target.fails = 0
            self._reroute(target.group)

    def pick(self, arn: str) -> Target | None:
        """The target of the next request, in turn, or None when the group has nobody to send it to.

        Who asks counts the request with `in_flight`, up when it is sent and down when it is answered.
        """
        with self._clock.lock:
            group = self.group(arn)
            if not group.routed:
                return None
            group.turn += 1
            key = group.routed[group.turn % len(group.routed)]
            by_key = {t.key: t for t in group.targets.values()}
            return by_key.get(key) or group.late[key]

    def _check_kind(self, now: TargetGroupSettings, description: dict[str, Any]) -> None:
        if now.target_type != "instance":
            raise NotKnownHere(f"elbv2: targets of type {now.target_type}")
        unknown = set(description) - {"Id", "Port", "AvailabilityZone"}
        if unknown:
            raise NotKnownHere(f"elbv2: target description with {', '.join(sorted(unknown))}")
        if "AvailabilityZone" in description:
            raise AwsError(
                "ValidationError", "You cannot specify an Availability Zone for a target of a group of type 'instance'"
            )

    def _check_description(self, now: TargetGroupSettings, description: dict[str, Any]) -> None:
        self._check_kind(now, description)
        instance_id = description["Id"]
        instance = self._instances.get(instance_id)
        if instance is None:
            raise AwsError("InvalidTarget", f"The following targets are not valid instances: '{instance_id}'")
        if instance.state != "running":
            raise AwsError(
                "InvalidTarget",
                f"The following targets are not in a running state and cannot be registered: '{instance_id}'",
            )
        if now.vpc_id and instance.vpc_id and now.vpc_id != instance.vpc_id:
            raise AwsError(
                "InvalidTarget",
                f"The following targets are not in the target group VPC '{now.vpc_id}': '{instance_id}'",
            )

    def _register(self, caller: Caller, group: Group, instance_id: str, port: int) -> None:
        target = group.targets.get((instance_id, port))
        if target is not None and target.state != "draining":
            return
        if target is None:
            instance = self._instances.get(instance_id)
            zone = instance.zone if instance is not None else ""
            target = Target(group, instance_id, port, f"{instance_id}|{port}", zone, self._clock.time())
            group.targets[instance_id, port] = target
            self._of_instance.setdefault(instance_id, set()).add(target)
        elif target.end_draining is not None:
            target.end_draining()
            target.end_draining = None
        self._journal_registration("register", caller, target)
        self._begin(target)

    def _deregister(self, caller: Caller, target: Target, now: TargetGroupSettings) -> None:
        self._journal_registration("deregister", caller, target)
        self.checks.unwatch(target)
        group, time = target.group, self._clock.time()
        if target.key in group.routed:
            group.late[target.key] = target
            self._clock.call_at(time + now.late_seconds, lambda: self._not_late(group, target))
        if now.deregistration_delay == 0 or target.state == "unused":
            self._remove(target)
            return
        self._set(target, "draining", "Target.DeregistrationInProgress")
        target.end_draining = self._clock.call_at(time + now.deregistration_delay, lambda: self._remove(target))

    def _not_late(self, group: Group, target: Target) -> None:
        if group.late.get(target.key) is target:
            del group.late[target.key]
            self._reroute(group)

    def _remove(self, target: Target) -> None:
        target.end_draining = None
        if target.group.targets.pop((target.id, target.port), None) is None:
            return  # its group has been deleted
        self._of_instance[target.id].discard(target)
        self._set(target, "absent", "Target.NotRegistered")
        for listen in list(self.removal_listeners):
            listen(target)

    def _begin(self, target: Target) -> None:
        """Start the target's checks afresh, or show why it cannot be used."""
        target.since, target.passes, target.fails = self._clock.time(), 0, 0
        self.checks.unwatch(target)
        if not target.group.in_use:
            self._set(target, "unused", "Target.NotInUse")
        elif self._instances.state(target.id) != "running":
            self._set(target, "unused", "Target.InvalidState")
        else:
            self._set(target, "initial", "Elb.RegistrationInProgress")
            self.checks.watch(target)

    def _host_changed(self, host: Host) -> None:
        for target in sorted(self._of_instance.get(host.id, ()), key=lambda t: (t.group.arn, t.key)):
            if self.current(target.group) is None:
                continue
            usable = target.group.in_use and host.power not in ("stopped", "gone")
            if target.state in ROUTABLE and usable:
                self.checks.disturbed(target)
            elif target.state in ROUTABLE or (target.state == "unused" and usable):
                self._begin(target)
                self._reroute(target.group)

    def _set(self, target: Target, state: str, reason: str = "", description: str = "") -> None:
        previous, target.state, target.reason = target.state, state, reason
        target.description = description or DESCRIPTIONS.get(reason, "")
        subject = f"{target.group.arn}|{target.key}"
        self._journal.add("target", subject, state=state, previous=previous, reason=reason)

    def _reroute(self, group: Group) -> None:
        """Work out again who may get new requests; journal it when it has changed."""
        now = self.current(group)
        if now is None:
            return
        late = sorted(group.late)
        routed = sorted({t.key for t in routable(group.targets.values(), now)}.union(late))
        if (routed, late) != (group.routed, group.shown_late):
            group.routed, group.shown_late = routed, late
            self._journal.add("routing", group.arn, routed=routed, late=late)

    def _journal_registration(self, action: str, caller: Caller, target: Target) -> None:
        activity = current_activity()
        labels = dict(activity.labels) if activity is not None else {}
        subject = f"{target.group.arn}|{target.key}"
        self._journal.add("registration", subject, action=action, by=caller.arn, labels=labels)
