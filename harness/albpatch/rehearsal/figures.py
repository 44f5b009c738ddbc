"""The figures of one night that a comparison shows, each computed from journal and call log and from nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from albpatch.rehearsal.evidence import OVER, Evidence
from albpatch.rehearsal.losses import SERVES
from albpatch.report.model import Night, State

SCRIPT = "aws:executeScript"
# Prices in US dollars as secondary sources state them; AWS's own page was not at hand (docs/field-notes.md).
STEP_PRICE, SCRIPT_SECOND_PRICE = 0.002, 0.00003


@dataclass(frozen=True)
class Figures:
    """Numbers of one night. Times in seconds, money in US dollars.

    Attributes:
        out_median, out_worst: time out of rotation of the instances that were out; None where none was.
        roll: from the start until the last execution or command was over.
        spare: lowest number of healthy targets above the floor, over all target groups; negative when below.
        left_out: instances that are fit to serve and not registered as before at the end.
        down_in: instances that were down while the load balancer sent requests to them.
        unpatched: instances that still miss patches at the end.
        needless_writes: registrations and deregistrations of instances with nothing to install.
        calls: API calls made by roles.
        created: resources that roles created.
        modelled: a function whose code is not public had a part in it.
        most_at_once: the most executions that were in progress at one moment, parents and children counted.
    """

    sent: float
    lost: float
    out_median: float | None
    out_worst: float | None
    was_out: int
    roll: float
    spare: int
    lowest: str
    left_out: int
    down_in: int
    unpatched: int
    needless_writes: int
    calls: int
    steps: int
    script_seconds: float
    created: int
    modelled: bool
    most_at_once: int = 0

    @property
    def cost(self) -> float:
        return self.steps * STEP_PRICE + self.script_seconds * SCRIPT_SECOND_PRICE


def figures(e: Evidence, night: Night) -> Figures:
    """The figures of a night. `night` is what its report shows."""
    out = sorted(m.out_seconds for m in night.machines if m.out_from is not None)
    steps, script_seconds = _steps(e)
    spare, lowest = min(
        ((g.lowest - g.floor, f"{g.lowest} of {g.registered}, floor {g.floor}") for g in night.groups),
        default=(0, "no target group"),
    )
    unfit = {i for i in e.world.machines.values() if e.last_host.get(i) not in SERVES}
    missing = {i for i in e.world.machines.values() if e.missing(i)}
    return Figures(
        sent=night.sent,
        lost=night.lost,
        out_median=median(out) if out else None,
        out_worst=out[-1] if out else None,
        was_out=len(out),
        roll=_last(e) - e.start,
        spare=spare,
        lowest=lowest,
        left_out=len(missing - unfit),
        down_in=sum(any(s.state is State.DOWN_IN_ROTATION for s in m.spans) for m in night.machines),
        unpatched=sum(m.patched is None and bool(_profile(e, m.name, "missing_patches")) for m in night.machines),
        needless_writes=_needless_writes(e),
        calls=len(e.role_calls),
        steps=steps,
        script_seconds=script_seconds,
        created=sum(c.error is None and c.operation.startswith("Create") for c in e.role_calls),
        modelled=any(c.service == "lambda" for c in e.role_calls),
        most_at_once=_most_at_once(e),
    )


def _last(e: Evidence) -> float:
    return max((x.time for x in e.night if x.kind in ("execution", "command", "window", "invocation")), default=e.start)


def _steps(e: Evidence) -> tuple[int, float]:
    """Steps that ran, and the seconds of their scripts."""
    begun: dict[tuple[str, str], float] = {}
    number, seconds = 0, 0.0
    for entry in e.night:
        if entry.kind != "step":
            continue
        key = (entry.subject, str(entry.detail["step"]))
        if entry.detail["status"] == "InProgress":
            number += 1
            begun[key] = entry.time
        elif entry.detail["action"] == SCRIPT and key in begun:
            seconds += entry.time - begun.pop(key)
    return number, seconds


def _most_at_once(e: Evidence) -> int:
    running, most = set[str](), 0
    for entry in e.night:
        if entry.kind == "execution":
            (running.discard if entry.detail["status"] in OVER else running.add)(entry.subject)
            most = max(most, len(running))
    return most


def _needless_writes(e: Evidence) -> int:
    names = ("missing_patches", "pending_reboot")
    idle = {i for n, i in e.world.machines.items() if not any(_profile(e, n, name) for name in names)}
    return sum(any(t["Id"] in idle for t in c.params["Targets"]) for c in e.writes)


def _profile(e: Evidence, machine: str, name: str) -> object:
    return e.world.scenario.profile(machine).get(name, 0)
