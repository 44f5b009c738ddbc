"""The table that puts nights of different runbooks side by side. It says who is best in each row, whoever that is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from albpatch.region.stacks import templates
from albpatch.rehearsal.figures import Figures
from albpatch.report.bound import Bound
from albpatch.report.model import Cell, Comparison, Night, Promise, Row
from albpatch.report.words import clock_text, count, many

EPSILON = 1e-6
NOT_UNDER_CONTRACT = "\u2013"
EXECUTIONS_AT_ONCE = 100  # child executions count: the user guide's "Automation quota"
PRICES = (
    "Cost: $0.002 a step and $0.00003 a script second, from secondary sources; the function, its log and the patch "
    "commands are not in it."
)


def modelled_note() -> str:
    """What stands behind the figures that are marked as modelled."""
    seconds = sum(r["seconds"] for template in templates().values() for r in template["resources"])
    return (
        "modelled: the function that AWS's runbook builds is not public. What it does is assumed, in its favour; "
        f"its stack is assumed to take {seconds:g} s to build and to remove. Every figure marked so depends on that."
    )


@dataclass(frozen=True)
class _Line:
    """How one figure is read. `more`: more is better; `certain`: it does not depend on the model."""

    name: str
    value: Callable[[Figures], float | None]
    text: Callable[[Figures], str]
    more: bool = False
    certain: bool = False


def _seconds(value: float | None) -> str:
    return "never out" if value is None else clock_text(value)


LINES = (
    _Line("Requests lost", lambda f: f.lost, lambda f: f"{count(f.lost)} of {count(f.sent)}"),
    _Line("Instances that were out or down", lambda f: f.was_out, lambda f: str(f.was_out)),
    _Line("Time out or down, median of these", lambda f: f.out_median, lambda f: _seconds(f.out_median)),
    _Line("Time out or down, worst", lambda f: f.out_worst, lambda f: _seconds(f.out_worst)),
    _Line("Length of the roll", lambda f: f.roll, lambda f: clock_text(f.roll)),
    _Line("Lowest capacity, healthy targets", lambda f: f.spare, lambda f: f.lowest, more=True),
    _Line("Instances left out although fit to serve", lambda f: f.left_out, lambda f: str(f.left_out)),
    _Line("Instances down while requests were sent to them", lambda f: f.down_in, lambda f: str(f.down_in)),
    _Line("Instances that still miss patches", lambda f: f.unpatched, lambda f: str(f.unpatched)),
    _Line("ELB writes on compliant instances", lambda f: f.needless_writes, lambda f: str(f.needless_writes)),
    _Line("API calls by roles", lambda f: f.calls, lambda f: f"{f.calls:,}"),
    _Line("Automation steps", lambda f: f.steps, lambda f: f"{f.steps:,}", certain=True),
    _Line("Script seconds", lambda f: f.script_seconds, lambda f: f"{f.script_seconds:,.0f}", certain=True),
    _Line("Cost of steps and scripts", lambda f: f.cost, lambda f: f"${f.cost:,.4f}", certain=True),
    _Line("Resources created at run time", lambda f: f.created, lambda f: str(f.created)),
)


def compare(nights: Sequence[Night], found: Sequence[Figures], bound: Bound) -> Comparison:
    """The table of nights of the same fleet, in their order. `bound` is the least time of its roll."""
    titles = tuple(night.title for night in nights)
    notes = [PRICES, split(bound)]
    most = max(f.most_at_once for f in found)
    if most:
        notes.append(
            f"Executions at a time, children included: at most {most:,}. AWS runs {EXECUTIONS_AT_ONCE} in an account "
            "and region unless adaptive concurrency is on, and queues the rest; this region queues none."
        )
    if any(f.modelled for f in found):
        notes.insert(0, modelled_note())
    return Comparison(
        columns=titles,
        rows=tuple(_row(line, titles, found) for line in LINES),
        contract=_contract(nights),
        notes=tuple(notes),
        bound=bound,
    )


def split(bound: Bound) -> str:
    """How the fleets are split over windows, in words."""
    fleets = [len(window.fleets) for window in bound.windows]
    at_a_time = sorted({fleet.concurrency for window in bound.windows for fleet in window.fleets})
    shared = f" ({', '.join(map(str, fleets))})" if len(fleets) > 1 else ""
    rounds = f", at most {bound.windows_at_once} open at a time" if len(fleets) > bound.windows_at_once else ""
    return (
        f"Split: {many(sum(fleets), 'fleet')} in {many(len(fleets), 'window')}{shared}{rounds}; fleets side by side, "
        f"in a fleet {' or '.join(map(str, at_a_time)) or 'none'} at a time."
    )


def _row(line: _Line, titles: Sequence[str], found: Sequence[Figures]) -> Row:
    values = [line.value(f) for f in found]
    cells = tuple(
        Cell(line.text(f), value, f.modelled and not line.certain) for f, value in zip(found, values, strict=True)
    )
    ranked = [0.0 if value is None else value for value in values]
    best = max(ranked) if line.more else min(ranked)
    return Row(line.name, cells, tuple(t for t, v in zip(titles, ranked, strict=True) if abs(v - best) <= EPSILON))


def _contract(nights: Sequence[Night]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What each night says of each promise: (promise, a word for every night)."""
    promises: dict[str, Promise] = {p.id: p for night in nights for p in night.promises}
    return tuple((f"{p.id} {p.title}", tuple(_held(night, p.id) for night in nights)) for p in promises.values())


def _held(night: Night, promise_id: str) -> str:
    return next((p.held.value for p in night.promises if p.id == promise_id), NOT_UNDER_CONTRACT)


def against(table: Comparison, ours: str, other: str) -> str:
    """One sentence: in how many rows `ours` is better than `other`, equal, and where it is worse."""
    mine, theirs = table.columns.index(ours), table.columns.index(other)
    better, equal, worse = list[str](), list[str](), list[str]()
    for row, line in zip(table.rows, LINES, strict=True):
        a, b = (row.cells[n].value or 0.0 for n in (mine, theirs))
        if line.more:
            a, b = -a, -b
        (equal if abs(a - b) <= EPSILON else better if a < b else worse).append(row.name)
    told = f"{ours} against {other}: better in {many(len(better), 'row')}, equal in {len(equal)}, worse in {len(worse)}"
    return f"{told} ({'; '.join(worse)})." if worse else f"{told}."
