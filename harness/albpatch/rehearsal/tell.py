"""From the evidence of a night to what a report shows of it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from albpatch.rehearsal.evidence import Evidence, Execution
from albpatch.rehearsal.timeline import PATCHING, Timeline, draw
from albpatch.rehearsal.verdict import contract
from albpatch.report.model import Group, Machine, Night, Span, State

OUTCOME, SENTENCE = ".Outcome", ".Sentence"


def tell(
    evidence: Evidence,
    *,
    title: str,
    words: str,
    status: str,
    under_contract: bool = True,
    notes: Sequence[str] = (),
    acts: Sequence[tuple[float, str]] = (),
) -> Night:
    """The night as a report shows it. `acts` are (seconds since the epoch, words)."""
    timeline = draw(evidence.entries, evidence.world, evidence.start, evidence.end, evidence.instances)
    return Night(
        title=title,
        words=words,
        status=status,
        seconds=evidence.end - evidence.start,
        machines=tuple(_machine(evidence, timeline, name) for name in evidence.world.scenario.machines),
        groups=tuple(_group(evidence, timeline, name) for name in evidence.world.groups),
        promises=contract(evidence) if under_contract else (),
        notes=tuple(notes),
        acts=tuple((at - evidence.start, what) for at, what in acts),
    )


def _machine(e: Evidence, timeline: Timeline, name: str) -> Machine:
    instance_id = e.world.machines[name]
    spans = timeline.spans[instance_id]
    out_from, out_to = _out(spans)
    execution = next((x for x in reversed(e.executions) if x.instance == instance_id), None)
    patched = _patched(e, instance_id)
    return Machine(
        name=name,
        instance_id=instance_id,
        outcome=_output(execution, OUTCOME) or _outcome(execution, patched),
        sentence=re.sub(rf"(?<!'){instance_id}(?!')", name, _output(execution, SENTENCE)),  # quoted: to be typed
        spans=spans,
        out_from=out_from,
        out_to=out_to,
        patched=patched,
        healthy_again=_healthy_again(e, instance_id, out_from),
        lost=sum(t.by_host.get(instance_id, 0.0) for t in e.traffic.values()),
        groups=tuple(dict.fromkeys(r.target_group for r in e.world.scenario.machines[name].registrations)),
    )


def _out(spans: Sequence[Span]) -> tuple[float | None, float | None]:
    """From when to when it was not simply in rotation; no end if it is not back at the end of the night."""
    away = [s for s in spans if s.state is not State.IN_ROTATION]
    if not away or (away[0] is spans[0] and len(away) == len(spans)):
        return None, None  # always in rotation, or never
    back = spans[-1].state is State.IN_ROTATION
    return away[0].start, spans[-1].start if back else None


def _patched(e: Evidence, instance_id: str) -> float | None:
    """When an installation on the instance had succeeded."""
    done = [
        x.time
        for x in e.of_instance.get(instance_id, ())
        if x.kind == "command" and x.detail.get("operation") == PATCHING and x.detail["status"] == "Success"
    ]
    had_work = e.world.scenario.profile(e.name(instance_id)).get("missing_patches", 0)
    return done[-1] - e.start if done and had_work else None


def _healthy_again(e: Evidence, instance_id: str, out_from: float | None) -> float | None:
    if out_from is None:
        return None
    healthy = [
        x.time - e.start
        for x in e.of_instance.get(instance_id, ())
        if x.kind == "target" and x.detail["state"] == "healthy"
    ]
    later = [at for at in healthy if at > out_from]
    return later[-1] if later else None


def _output(execution: Execution | None, suffix: str) -> str:
    if execution is None:
        return ""
    return next((v[0] for k, v in execution.outputs.items() if k.endswith(suffix)), "")


def _outcome(execution: Execution | None, patched: float | None) -> str:
    if execution is not None:
        return "died" if execution.killed else execution.status.lower()
    return "patched" if patched is not None else "not touched"


def _group(e: Evidence, timeline: Timeline, name: str) -> Group:
    arn = e.world.groups[name]
    registered = e.world.registered(arn)
    zones = e.world.zones(arn)
    floor = e.world.floor(arn, (f"{i}|{p}" for i, p in registered))
    traffic = e.traffic.get(arn)
    return Group(
        name=name,
        registered=len(registered),
        floor=floor,
        capacity=timeline.capacity[arn],
        sent=traffic.sent if traffic else 0.0,
        lost=traffic.lost if traffic else 0.0,
        losses=tuple(traffic.losses) if traffic else (),
        floor_text="" if list(zones) in ([""], []) else "per zone",
        routing=tuple(traffic.routing) if traffic else (),
    )
