"""The target groups behind a fleet's ARNs, and what the plan shows of them: delay, type, targets, who else owns them.

In the plan that creates a target group its ARN is unknown. Then the argument `fleets` of the module's call says which
resources it comes from; a plan does not carry the definitions of locals, so a way through one ends there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from albpatch.plan.model import Call, Fleet
from albpatch.plan.read import Mark, Plan, Resource, State

GROUP_TYPES = ("aws_lb_target_group", "aws_alb_target_group")
ATTACHMENT_TYPES = ("aws_lb_target_group_attachment", "aws_alb_target_group_attachment")
_INDEX = re.compile(r"\[[^\]]*\]")
_KEY = re.compile(r"(?:data\.)?\w+\.[\w-]+\[([^\]]+)\]")
_NAME = re.compile(r":targetgroup/([A-Za-z0-9-]+)/")


@dataclass(frozen=True)
class Named:
    """A resource as an expression names it. module: without indexes. key: None where the expression names none."""

    module: str
    name: str
    key: str | None


@dataclass(frozen=True)
class Group:
    """A target group of a fleet. arn: text or a mark. resources: what it is, or may be if there are several.

    whole: whether it can be nothing else than one of them.
    """

    arn: Any
    resources: tuple[Resource, ...] = ()
    whole: bool = True

    @property
    def resource(self) -> Resource | None:
        return self.resources[0] if len(self.resources) == 1 and self.whole else None

    @property
    def shown(self) -> str:
        """Its name, or what is known of it."""
        if isinstance(self.arn, str):
            match = _NAME.search(self.arn)
            return match[1] if match else self.arn
        named = ", ".join(resource.address for resource in self.resources)
        if self.resource is not None:
            return f"{named} {self.arn}"
        return f"perhaps {named}" if named and not self.whole else f"one of {named}" if named else str(self.arn)

    @property
    def identity(self) -> str | None:
        """What two fleets have in common if they share it; None where the plan does not tell."""
        if isinstance(self.arn, str):
            return self.arn
        return self.resource.address if self.resource else None

    @property
    def delay(self) -> int | None:
        """Seconds of the longest deregistration delay that it may have, None where the plan does not show it."""
        found = [_seconds(resource.values.get("deregistration_delay")) for resource in self.resources]
        known = [seconds for seconds in found if seconds is not None]
        return max(known) if known and len(known) == len(found) and self.whole else None


class Groups:
    """The target groups of the calls in one side of a plan."""

    def __init__(self, plan: Plan, state: State) -> None:
        self._plan, self._state = plan, state
        self._all = list(state.of_type(*GROUP_TYPES))
        self._candidates: dict[str, tuple[tuple[Resource, ...], bool]] = {}
        self._followed: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        self._by_arn = {r.values["arn"]: r for r in self._all if isinstance(r.values.get("arn"), str)}

    def of(self, call: Call, fleet: Fleet) -> list[Group]:
        """The fleet's target groups. An unknown ARN has what it may be as resources."""
        candidates: tuple[tuple[Resource, ...], bool] | None = None
        found = []
        for arn in fleet.target_groups:
            if isinstance(arn, Mark):
                candidates = self._unknown(call) if candidates is None else candidates
                found.append(Group(arn, *candidates))
            else:
                found.append(Group(arn, (self._by_arn[arn],) if arn in self._by_arn else ()))
        return found

    def delay(self, groups: Iterable[Group]) -> int | None:
        """The longest delay of several, None if one of them is not known."""
        found = [group.delay for group in groups]
        known = [seconds for seconds in found if seconds is not None]
        return max(known) if known and len(known) == len(found) else None

    def attachments(self, group: Group) -> list[Resource]:
        """The attachments in the plan that register targets in it."""
        return self._attachments.get(group.identity, []) if group.identity is not None else []

    @cached_property
    def _attachments(self) -> dict[str, list[Resource]]:
        """ARN of a group, or the address of one whose ARN is unknown -> attachments."""
        found: dict[str, list[Resource]] = {}
        for resource in self._state.of_type(*ATTACHMENT_TYPES):
            arn = resource.values.get("target_group_arn")
            for name in [arn] if isinstance(arn, str) else self.behind(resource, "target_group_arn"):
                found.setdefault(name, []).append(resource)
        return found

    def points_at(self, resource: Resource, attribute: str, group: Group) -> bool:
        """Whether an attribute of a resource names the group; an unknown value is followed in the configuration."""
        leaves = list(_leaves(resource.values.get(attribute)))
        if isinstance(group.arn, str):
            return group.arn in leaves
        if group.resource is None or not any(isinstance(leaf, Mark) for leaf in leaves):
            return False
        return group.resource.address in self.behind(resource, attribute)

    def behind(self, resource: Resource, attribute: str) -> list[str]:
        """The address of the one target group that an unknown attribute surely comes from, or nothing."""
        references = _references(_part(self._configured(resource), "expressions").get(attribute))
        key = resource.module, tuple(references)
        if key not in self._followed:
            found = set(self._named(resource.module, references, set()))
            groups = [r.address for r in found_resources(self._state, found) if r.type in GROUP_TYPES]
            self._followed[key] = groups if _whole(found) and len(groups) == 1 else []
        return self._followed[key]

    def _unknown(self, call: Call) -> tuple[tuple[Resource, ...], bool]:
        """The target groups with an unknown ARN that the call's fleets may come from, and whether these are all."""
        if call.address not in self._candidates:
            self._candidates[call.address] = self._search(call)
        return self._candidates[call.address]

    def _search(self, call: Call) -> tuple[tuple[Resource, ...], bool]:
        named = set(self._argument(call.address, "fleets", set()))
        found = found_resources(self._state, named)
        groups = (r for r in found if r.type in GROUP_TYPES and isinstance(r.values.get("arn"), Mark))
        return tuple(groups), _whole(named)

    def _argument(self, module: str, name: str, seen: set[tuple[str, str]]) -> Iterator[Named]:
        """What an argument of a module's call leads to; each.value leads to what the call is repeated for."""
        parent, _, step = module.rpartition("module.")
        parent = parent.rstrip(".")
        call = self._call(parent, step)
        references = _references(_part(call, "expressions").get(name))
        if any(reference.startswith("each.") for reference in references):
            references += _references(call.get("for_each_expression"))
        yield from self._named(parent, references, seen)

    def _named(self, module: str, references: Iterable[str], seen: set[tuple[str, str]]) -> Iterator[Named]:
        """Everything that references lead to."""
        for reference in references:
            if (module, reference) in seen:
                continue
            seen.add((module, reference))
            parts = _INDEX.sub("", reference).split(".")
            if parts[0] == "var" and module and len(parts) > 1:
                yield from self._argument(module, parts[1], seen)
            elif parts[0] == "module" and len(parts) > 2:
                output = _part(self._call(module, parts[1]), "module", "outputs", parts[2])
                inner = f"{module}.module.{parts[1]}".lstrip(".")
                yield from self._named(inner, _references(output.get("expression")), seen)
            elif len(parts) > 1:
                name = ".".join(parts[1:3] if parts[0] == "data" else parts[:2])
                key = _KEY.match(reference)
                yield Named(_INDEX.sub("", module), name, key[1].strip('"') if key else None)

    def _call(self, module: str, step: str) -> Mapping[str, Any]:
        return _part(self._configuration(module), "module_calls", _INDEX.sub("", step))

    def _configuration(self, module: str) -> Mapping[str, Any]:
        found = _part(self._plan.configuration)
        for step in [part for part in re.split(r"\.?module\.", _INDEX.sub("", module)) if part]:
            found = _part(found, "module_calls", step, "module")
        return found

    def _configured(self, resource: Resource) -> Mapping[str, Any]:
        listed = self._configuration(resource.module).get("resources")
        for found in listed if isinstance(listed, list) else []:
            if (_part(found).get("type"), _part(found).get("name")) == (resource.type, resource.name):
                return _part(found)
        return {}


def _part(value: Any, *path: str) -> Mapping[str, Any]:
    """The map at a path of the configuration, empty if there is none."""
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _whole(named: set[Named]) -> bool:
    """Whether every way could be followed to its end: a plan does not carry the definitions of locals."""
    return not any(one.name.startswith("local.") for one in named)


def found_resources(state: State, named: set[Named]) -> list[Resource]:
    """The resources of these names. Where an expression names a key, the plan lists it without one too: keys decide."""
    keys: dict[tuple[str, str], set[str]] = {}
    for one in named:
        keys.setdefault((one.module, one.name), set()).update([one.key] if one.key is not None else [])
    found = []
    for resource in state.resources.values():
        wanted = keys.get((_INDEX.sub("", resource.module), f"{resource.type}.{resource.name}"))
        if wanted is not None and (not wanted or str(resource.key) in wanted):
            found.append(resource)
    return found


def members(state: State, fleet: Fleet) -> list[str] | None:
    """The instances of a fleet that the plan shows: ids or addresses. None where only the account knows them."""
    ids, tags = fleet.get("instance_ids"), fleet.get("tags")
    if isinstance(ids, list) and ids:
        return [str(one) for one in ids]
    if not isinstance(tags, Mapping) or not tags:
        return None
    found: list[str] | None = None
    for key, values in tags.items():
        wanted = values if isinstance(values, list) else []
        having = {a for v in wanted if isinstance(v, str) for a in state.instances_by_tag.get((key, v), ())}
        found = sorted(having) if found is None else [address for address in found if address in having]
    return found or None


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _references(expression: Any) -> list[str]:
    """Every reference in an expression, also in nested blocks."""
    if isinstance(expression, Mapping):
        if isinstance(expression.get("references"), list):
            return [one for one in expression["references"] if isinstance(one, str)]
        expression = list(expression.values())
    return [r for part in expression for r in _references(part)] if isinstance(expression, list) else []


def _seconds(value: Any) -> int | None:
    return int(value) if isinstance(value, str | int) and str(value).isdigit() else None
