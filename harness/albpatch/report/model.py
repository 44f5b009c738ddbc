"""What a report shows of one or more nights: plain data, made by the rehearsal and read by terminal, HTML and JSON.

Times are seconds from the start of a night, in the region's time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from albpatch.report.bound import Bound


class State(StrEnum):
    """What a machine is doing, as a reader of a timeline sees it."""

    IN_ROTATION = "in rotation"
    DRAINING = "draining"
    OUT = "out of rotation"
    PATCHING = "patching"
    REBOOTING = "rebooting"
    STARTING = "application starting"
    CHECKING = "waiting for health checks"
    DOWN_IN_ROTATION = "down while requests are sent to it"
    STOPPED = "stopped"


class Held(StrEnum):
    """What a night says about a promise. Never `held` without having been exercised."""

    HELD = "held"
    BROKEN = "broken"
    NOT_EXERCISED = "not exercised"
    NOT_COVERED = "not covered yet"


@dataclass(frozen=True)
class Span:
    """A stretch of time in one state; `text` says which step ran and why."""

    start: float
    end: float
    state: State
    text: str = ""


@dataclass(frozen=True)
class Machine:
    """One machine's night. `patched` and `healthy_again` are the moments, None when they did not come.

    `groups` are the target groups that it was registered in.
    """

    name: str
    instance_id: str
    outcome: str
    sentence: str
    spans: tuple[Span, ...]
    out_from: float | None = None
    out_to: float | None = None
    patched: float | None = None
    healthy_again: float | None = None
    lost: float = 0.0
    groups: tuple[str, ...] = ()

    @property
    def out_seconds(self) -> float:
        """How long it was out of rotation, in seconds; until the end of the night if it never came back."""
        if self.out_from is None:
            return 0.0
        return (self.spans[-1].end if self.out_to is None else self.out_to) - self.out_from


@dataclass(frozen=True)
class Loss:
    """Requests lost at a moment: a tick on the timeline."""

    at: float
    requests: float
    text: str


@dataclass(frozen=True)
class Group:
    """One target group's night: (time, healthy targets) at every change, the floor, and its requests.

    `routing` is (time, targets that requests are sent to, those of them that do not serve) at every change.
    """

    name: str
    registered: int
    floor: int
    capacity: tuple[tuple[float, int], ...]
    sent: float
    lost: float
    losses: tuple[Loss, ...] = ()
    floor_text: str = ""
    routing: tuple[tuple[float, int, int], ...] = ()

    @property
    def lowest(self) -> int:
        return min(count for _, count in self.capacity)


@dataclass(frozen=True)
class Promise:
    """One line of the contract with what the night showed of it."""

    id: str
    title: str
    held: Held
    evidence: str


@dataclass(frozen=True)
class Night:
    """A night as a report shows it. `words` is the sentence a reader sees first."""

    title: str
    words: str
    status: str
    seconds: float
    machines: tuple[Machine, ...]
    groups: tuple[Group, ...]
    promises: tuple[Promise, ...] = ()
    notes: tuple[str, ...] = ()
    acts: tuple[tuple[float, str], ...] = ()

    @property
    def sent(self) -> float:
        return sum(g.sent for g in self.groups)

    @property
    def lost(self) -> float:
        return sum(g.lost for g in self.groups)

    @property
    def broken(self) -> tuple[Promise, ...]:
        return tuple(p for p in self.promises if p.held is Held.BROKEN)


@dataclass(frozen=True)
class Cell:
    """One figure of one night. `value` None: there is none. `modelled`: it depends on something that is assumed."""

    text: str
    value: float | None
    modelled: bool = False


@dataclass(frozen=True)
class Row:
    """One figure of all nights; `best` are the titles of the nights that are best in it."""

    name: str
    cells: tuple[Cell, ...]
    best: tuple[str, ...]


@dataclass(frozen=True)
class Ratio:
    """How many times one length of time is another, and the number to reach: at least that, or at most."""

    name: str
    value: float
    aim: float
    at_least: bool = True

    @property
    def reached(self) -> bool:
        return self.value >= self.aim if self.at_least else self.value <= self.aim

    @property
    def text(self) -> str:
        side = "at least" if self.at_least else "at most"
        return f"{self.value:.2f}, to reach: {side} {self.aim:g}: {'reached' if self.reached else 'not reached'}"


@dataclass(frozen=True)
class Comparison:
    """Nights side by side: figures, and (promise, what each night says of it). `columns` are the nights' titles.

    `bound` is the least time of the roll, `ratios` compare the rolls with it and with each other.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    contract: tuple[tuple[str, tuple[str, ...]], ...] = ()
    notes: tuple[str, ...] = ()
    bound: Bound | None = None
    ratios: tuple[Ratio, ...] = ()


@dataclass(frozen=True)
class Report:
    """Several nights on the same machines. `held` is None when no night was under the contract.

    `scenario` is what was played, as plain values, where the figures are to be recomputed from the result.
    """

    title: str
    words: str
    held: bool | None
    nights: tuple[Night, ...]
    facts: tuple[tuple[str, str], ...] = ()
    coarse: str = ""
    comparison: Comparison | None = None
    scenario: Mapping[str, Any] | None = None

    @property
    def verdict(self) -> str:
        """The first thing a reader wants to know."""
        if self.held is None:
            return "The contract was not put to the test"
        return "The contract held" if self.held else "The contract did not hold"
