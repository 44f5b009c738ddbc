"""Where something can go wrong: every step of a machine's executions in a night, and every call made in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from albpatch.region.automation.service import Automation
from albpatch.rehearsal.interfere import instance_of
from albpatch.rehearsal.nights import Night


@dataclass(frozen=True)
class Point:
    """A step, or call number `number` of `call` ("service.Operation") in it."""

    step: str
    call: str | None = None
    number: int = 1

    @property
    def name(self) -> str:
        return self.step if self.call is None else f"{self.step}/{self.call}-{self.number}"


def steps(night: Night, machine: str) -> list[Point]:
    """Every step that the machine's executions began, in their order, each once."""
    mine = _executions(night, machine)
    begun = [
        e.detail["step"]
        for e in night.evidence.night
        if e.kind == "step" and e.subject in mine and e.detail["status"] == "InProgress"
    ]
    return [Point(step) for step in dict.fromkeys(begun)]


def calls(night: Night, machine: str) -> list[Point]:
    """Every call that the machine's executions made, in their order.

    A step that looks again and again makes the same call many times: the first two and the last stand for all.
    """
    mine, counted = _executions(night, machine), Counter[tuple[str, str]]()
    found: dict[tuple[str, str], list[Point]] = {}
    for call in night.evidence.calls:
        if call.time < night.evidence.start or call.labels.get("execution") not in mine or "step" not in call.labels:
            continue
        key = call.labels["step"], f"{call.service}.{call.operation}"
        counted[key] += 1
        found.setdefault(key, []).append(Point(*key, counted[key]))
    return [point for points in found.values() for point in _some(points)]


def _some(points: list[Point]) -> Iterable[Point]:
    return dict.fromkeys([*points[:2], points[-1]])


def _executions(night: Night, machine: str) -> set[str]:
    instance = night.world.machines[machine]
    ids = night.region.part(Automation).executions
    return {id_ for id_ in ids if instance_of(night.region, night.world, id_) == instance}
