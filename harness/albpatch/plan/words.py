"""What will happen on patch night, in words. What the plan does not show is said, never filled in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from albpatch.document.model import Document
from albpatch.findings import Block
from albpatch.plan.duration import Bound, bound, words
from albpatch.plan.graph import Graph
from albpatch.plan.groups import Group, members
from albpatch.plan.leases import lanes, room, table
from albpatch.plan.model import Call, Fleet, document, number
from albpatch.plan.read import UNKNOWN, Mark, State
from albpatch.plan.sides import Subject, made_now, schedule
from albpatch.schedule.cron import ScheduleError
from albpatch.schedule.openings import NotKnownYet, next_openings

OPENINGS = 5
FORMULA = (
    "Worst case: the longest way through the document, failures included; a step counts timeoutSeconds x maxAttempts,"
    " or the absolute limit that its input names."
)


def night(subject: Subject, call: Call) -> list[Block]:
    """The blocks about a call as it will be."""
    found, _ = document(call.content)
    blocks = [_window(subject, call), *_recovery(subject, call)]
    for fleet in call.fleets:
        groups = subject.after.groups.of(call, fleet)
        blocks.append(_fleet(subject, call, fleet, groups, found))
    if isinstance(call.get("fleets"), Mark):
        blocks.append(Block("Fleets", lines=(f"Which fleets there are is {call.get('fleets')}.",)))
    return blocks


def _window(subject: Subject, call: Call) -> Block:
    get = call.get
    opens = f"{show(get('window', 'expression'))} in {show(get('window', 'timezone'))}"
    if number(get("window", "offset_days")):
        opens += f", and {get('window', 'offset_days')} days later"
    facts = [
        ("opens", opens),
        ("for", f"{show(get('window', 'duration_hours'))} h, in the last {show(get('window', 'cutoff_hours'))} h of"
         " which no instance is started"),
    ]  # fmt: skip
    if get("window", "enabled") is not True:
        shown = "disabled: it does not open" if get("window", "enabled") is False else f"{get('window', 'enabled')}"
        facts.append(("enabled", shown))
    times, lines = _openings(subject, call)
    facts += [("next openings" if n == 0 else "", text) for n, text in enumerate(times)]
    return Block("Window", tuple(facts), tuple(lines))


def _openings(subject: Subject, call: Call) -> tuple[list[str], list[str]]:
    plain = schedule(call)
    if plain is None:
        return [str(UNKNOWN)], []
    try:
        made = subject.now if made_now(subject, call) else None
        found = next_openings(plain, subject.now, OPENINGS, made)
    except NotKnownYet as error:
        return [f"{plain.expression}, {error}"], []
    except ScheduleError as error:
        return [f"not known: {error}"], []
    shown = [moment(o.start) for o in found]
    return shown or ["none: the schedule is over"], [f"{o.start:%Y-%m-%d}: {o.doubt}." for o in found if o.doubt]


def _recovery(subject: Subject, call: Call) -> list[Block]:
    """Where leases are taken, and what puts back who was left out."""
    name, restore = call.get("lease_table"), call.get("restore")
    if not keeps_a_floor(call) or name is None:
        return []
    made = table(subject.after.state, call)
    whose = "of this call" if made and made.address in call.resources else "of this plan" if made else "shared"
    shown = f"{show(name)} ({whose})" if isinstance(name, str) else show(name)
    facts = (("lease table", shown), ("restore runbook", show(_of(restore, "document"))))
    return [Block("Leases and recovery", facts)]


def _fleet(subject: Subject, call: Call, fleet: Fleet, groups: list[Group], found: Document | None) -> Block:
    facts = [("instances", instances(fleet, subject.after.state)), ("at once", at_once(fleet))]
    delays = [f"{g.shown}{_delay(g)}" for g in groups]
    facts += [("target groups" if n == 0 else "", text) for n, text in enumerate(delays)]
    facts.append(("floor", floor(call, fleet)))
    lines: list[str] = []
    if found is not None:
        timing = Timing(call, fleet, found, subject.after.groups.delay(groups), subject.after.state)
        facts += timing.facts
        lines += timing.lines
    else:
        facts.append(("time", f"the runbook is {show(call.content)}" if call.content else "there is no runbook"))
    return Block(f"Fleet {fleet.name}", tuple(facts), tuple(lines))


def keeps_a_floor(call: Call) -> bool:
    """Whether the runbook looks at the other targets: the clone of AWS's does not."""
    return bool(call.get("document", "source") != "aws-owned")


def floor(call: Call, fleet: Fleet) -> str:
    """What stays healthy."""
    if not keeps_a_floor(call):
        return "none: this runbook does not look at other targets"
    budget = fleet.get("disruption_budget")
    least, percent = (show(_of(budget, name)) for name in ("min_healthy", "min_healthy_percent"))
    targets = "healthy target" if least == "1" else "healthy targets"
    text = f"{least} {targets} and {percent} % of the registered ones, in every target group"
    most = number(_of(budget, "max_unavailable"))
    return text if most is None else f"{text}; at most {most} out at a time"


def _delay(group: Group) -> str:
    return f" (deregistration delay {group.delay} s)" if group.delay is not None else ""


class Timing:
    """How long an instance and the roll of a fleet may take, and whether the window is long enough."""

    def __init__(self, call: Call, fleet: Fleet, found: Document, delay: int | None, state: State) -> None:
        graph, started = Graph(found, call.documents), call.documents
        self.delay_known = delay is not None
        self.whole: Bound = bound(found, delay, None, started)
        taken_out = graph.disturbing[0] if graph.disturbing else None
        self.out: Bound | None = bound(found, delay, taken_out, started) if taken_out else None
        known = members(state, fleet)
        self.count = len(known) if known is not None else None
        self.exact = bool(fleet.get("instance_ids")) and isinstance(fleet.get("instance_ids"), list)
        self.lanes = _lanes(fleet, state)
        duration, cutoff = (number(call.get("window", name)) for name in ("duration_hours", "cutoff_hours"))
        self.duration = duration * 3600 if duration is not None else None
        self.starting = (duration - cutoff) * 3600 if duration is not None and cutoff is not None else None

    @property
    def pace(self) -> str:
        return "one after the other" if self.lanes == 1 else f"{self.lanes} at once"

    @property
    def facts(self) -> list[tuple[str, str]]:
        if self.whole.seconds is None:
            return [("one instance", f"no bound: nothing limits {', '.join(self.whole.unbounded)}")]
        text = f"at most {words(self.whole.seconds)}"
        if self.out is not None and self.out.seconds is not None:
            text += f", out of rotation for at most {words(self.out.seconds)}"
        if not self.delay_known:
            text += " (deregistration delay not known, counted with ELB's longest)"
        return [("one instance", text), ("the roll", self._roll(self.whole.seconds))]

    def _roll(self, one: int) -> str:
        if self.starting is None:
            return f"the window's hours are {UNKNOWN}"
        turns = max(1, -(-self.starting // one)) * self.lanes if one else 1
        open_for = f"instances are started for {words(self.starting)}"
        least = f"in the worst case {turns} {'gets its' if turns == 1 else 'get their'} turn"
        if self.count is None:
            return f"how many instances there are is not in the plan; {open_for}, {self.pace}: {least}"
        plural = "instance" if self.count == 1 else "instances"
        known = f"{self.count} {plural}" if self.exact else f"{self.count} {plural} of this plan"
        worst = -(-self.count // self.lanes) * one
        verdict = "fits" if worst <= self.starting else f"does not fit: {least}, the others wait for the next window"
        return f"{known}, {self.pace}: at most {words(worst)}; {open_for}: {verdict}"

    @property
    def lines(self) -> list[str]:
        if self.whole.seconds is None:
            return []
        way = ", ".join(f"{name} {words(length)}" for name, length in self.whole.way if length)
        return [FORMULA, f"Here: {way}."]


def _lanes(fleet: Fleet, state: State) -> int:
    """How many instances are surely worked on at once: the target group of all of them spares no more."""
    started, spared = lanes(fleet, state), room(fleet, 1)
    return max(1, min(started, spared)) if started is not None and spared is not None else 1


def moment(at: datetime) -> str:
    """An opening in its own time zone."""
    offset = f"{at:%z}"
    return f"{at:%a %Y-%m-%d %H:%M} {at:%Z} (UTC{offset[:3]}:{offset[3:]})"


def instances(fleet: Fleet, state: State) -> str:
    """Which instances a fleet has."""
    tags, ids, group = fleet.get("tags"), fleet.get("instance_ids"), fleet.get("resource_group")
    if isinstance(ids, list) and ids:
        return ", ".join(show(one) for one in ids)
    if isinstance(tags, Mapping) and tags:
        text = " and ".join(f"tag {key} = {_either(values)}" for key, values in tags.items())
        known = members(state, fleet)
        return f"{text} ({len(known)} of them in this plan)" if known else text
    if isinstance(group, str):
        return f"the instances of resource group {group}"
    return str(next((value for value in (tags, ids, group) if isinstance(value, Mark)), "none"))


def at_once(fleet: Fleet) -> str:
    """Concurrency, error threshold and what happens at the cutoff, as the window task has them."""
    if fleet.task is None:
        return "no window task"
    values = fleet.task.values
    concurrency, errors = show(values.get("max_concurrency")), show(values.get("max_errors"))
    stop = "the first failure stops the roll" if errors == "0" else f"error threshold {errors}"
    version = fleet.document_version
    return f"{concurrency}; {stop}; document version {show(version)}"


def show(value: Any) -> str:
    """A value as a reader sees it."""
    if value is None or isinstance(value, bool):
        return {None: "not set", True: "true", False: "false"}[value]
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list):
        return ", ".join(show(item) for item in value) or "none"
    return str(value)


def _either(values: Any) -> str:
    return " or ".join(show(one) for one in values) if isinstance(values, list) else show(values)


def _of(value: Any, name: str) -> Any:
    return value.get(name, UNKNOWN) if isinstance(value, Mapping) else UNKNOWN
