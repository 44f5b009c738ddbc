"""What can go wrong at a point of a night, each as the `faults` of a scenario."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from albpatch.rehearsal.matrix.fleets import OTHER, STRUCK
from albpatch.rehearsal.matrix.points import Point

FOREVER = "for ever"
HANGS = 14_400  # seconds; no step waits as long for one answer
Faults = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """One night of the matrix. `name` is what `--only` finds: `many/Detach/elbv2.DeregisterTargets-2/lost`."""

    fleet: str
    kind: str
    point: Point
    victim: str | None = None  # the machine that the fault itself takes down
    base: str = ""  # what has gone wrong before: the name of an act at a step

    @property
    def name(self) -> str:
        return "/".join(filter(None, (self.fleet, self.base, self.point.name, self.kind)))

    @property
    def faults(self) -> Faults:
        """The scenario's `faults`."""
        made = (AT_CALL if self.point.call else AT_STEP)[self.kind](self.point)
        if self.base:
            act, _, step = self.base.partition("@")
            before = {"act": act, "machine": STRUCK, "when": {"step": step, "after": 1}}
            made = {**made, "acts": [before, *made.get("acts", [])]}
        return made


def _call(**more: Any) -> Callable[[Point], Faults]:
    """The point's call of the struck machine's execution fails, or is late."""

    def make(point: Point) -> Faults:
        here = {"call": point.call, "step": point.step, "machine": STRUCK, "first": point.number}
        return {"calls": [{**here, **more}]}

    return make


def _act(act: str, other: str | None = None, **more: Any) -> Callable[[Point], Faults]:
    """Somebody or fate acts at the point."""

    def make(point: Point) -> Faults:
        when: dict[str, Any] = {"step": point.step, **more}
        if point.call is not None:
            when |= {"call": point.call, "number": point.number}
        return {"acts": [{"act": act, "machine": STRUCK, "when": when, **({"other": other} if other else {})}]}

    return make


LOST = {"carried_out": True, "code": "ServiceUnavailable", "message": "The answer is lost.", "status": 503}
AT_CALL: Mapping[str, Callable[[Point], Faults]] = {
    "error": _call(code="ValidationException", message="injected", times=FOREVER),
    "error once": _call(code="ValidationException", message="injected"),
    "throttled": _call(code="ThrottlingException", times=2),
    "throttled for ever": _call(code="ThrottlingException", times=FOREVER),
    "denied": _call(code="AccessDeniedException", message="User is not authorized", times=FOREVER),
    "lost": _call(**LOST),
    "lost for ever": _call(**LOST, times=FOREVER),
    "no answer": _call(seconds=HANGS),
    "carried out without an answer": _call(seconds=HANGS, carried_out=True),
    "cancelled before": _act("cancel"),
    "cancelled after": _act("cancel", carried_out=True),
    "died before": _act("kill"),
    "died after": _act("kill", carried_out=True),
}
AT_STEP: Mapping[str, Callable[[Point], Faults]] = {
    "cancelled": _act("cancel", after=1),
    "died": _act("kill", after=1),
    "host stopped": _act("stop"),
    "host crashed": _act("crash"),
    "turns sick": _act("sicken"),
    "other sick": _act("sicken", OTHER),
    "taken out by hand": _act("deregister"),
    "put in by hand": _act("register"),
}
VICTIMS = {"host stopped": STRUCK, "host crashed": STRUCK}


def all_of(fleet: str, steps: list[Point], calls: list[Point], base: str = "") -> list[Fault]:
    """Every kind at every point."""
    at_calls = [Fault(fleet, kind, point, base=base) for point in calls for kind in AT_CALL]
    at_steps = [Fault(fleet, kind, point, VICTIMS.get(kind), base) for point in steps for kind in AT_STEP]
    return at_calls + at_steps
