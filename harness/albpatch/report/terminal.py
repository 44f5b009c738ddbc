"""The rehearsal in a terminal: live progress with rich, plain lines without a terminal, and the summary at the end."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TextIO

from albpatch.report.model import Comparison, Held, Night, Report
from albpatch.report.side_by_side import contract_table, figures_table
from albpatch.report.words import clock_text, count, moment

PLAIN_EVERY = 4.0  # real seconds between two plain progress lines
WIDTH = 110
STYLES = {Held.HELD: "green", Held.BROKEN: "bold red", Held.NOT_EXERCISED: "dim", Held.NOT_COVERED: "yellow"}


@dataclass(frozen=True)
class Snapshot:
    """What is going on: (machine, state, step), (target group, healthy, registered, floor), requests so far."""

    title: str
    seconds: float
    machines: Sequence[tuple[str, str, str]]
    groups: Sequence[tuple[str, int, int, int]]
    sent: int
    lost: int


class Screen(Protocol):
    """Where progress goes."""

    def line(self, text: str) -> None:
        """Say something that stays."""

    def show(self, snapshot: Snapshot) -> None:
        """Show what is going on now."""

    def close(self) -> None:
        """Show progress no more."""


class PlainScreen:
    """Progress as text lines, for a file or a pipeline."""

    def __init__(self, out: TextIO) -> None:
        self._out, self._last = out, 0.0

    def line(self, text: str) -> None:
        print(text, file=self._out, flush=True)

    def show(self, snapshot: Snapshot) -> None:
        if time.monotonic() - self._last < PLAIN_EVERY:
            return
        self._last = time.monotonic()
        busy = ", ".join(f"{name} {state}" for name, state, _ in snapshot.machines if state != "in rotation")
        self.line(
            f"  {clock_text(snapshot.seconds):>6}  {snapshot.sent} requests, {snapshot.lost} lost; "
            f"{busy or 'all in rotation'}"
        )

    def close(self) -> None:
        """Nothing to undo."""


class LiveScreen:
    """Progress as a table that is drawn over and over."""

    def __init__(self, out: TextIO) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(file=out)
        self._live = Live(console=self._console, refresh_per_second=6, transient=True)
        self._live.start()

    def line(self, text: str) -> None:
        from rich.text import Text

        self._console.print(Text(text))

    def show(self, snapshot: Snapshot) -> None:
        self._live.update(_live_table(snapshot))

    def close(self) -> None:
        self._live.stop()


def screen(out: TextIO | None = None) -> Screen:
    """The screen for an output: live in a terminal, plain otherwise."""
    out = sys.stdout if out is None else out
    return LiveScreen(out) if out.isatty() else PlainScreen(out)


def _live_table(snapshot: Snapshot) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2), show_header=False)
    lost = Text(f"{snapshot.lost} lost", style="bold red" if snapshot.lost else "green")
    table.add_row(
        Text(clock_text(snapshot.seconds), style="bold"),
        Text(snapshot.title, style="bold"),
        f"{snapshot.sent} requests",
        lost,
    )
    for name, state, step in snapshot.machines:
        style = "bold red" if state.startswith("down") else "" if state == "in rotation" else "cyan"
        table.add_row("", name, Text(state, style=style), Text(step, style="dim"))
    for name, healthy, registered, floor in snapshot.groups:
        bar = "\u2588" * healthy + "\u2591" * max(0, registered - healthy)
        if registered > 20:
            bar = ""
        table.add_row("", f"target group {name}", f"{bar} {healthy} of {registered} healthy", f"floor {floor}")
    return table


def summary(report: Report, out: TextIO | None = None) -> None:
    """Everything a reader needs at the end, the verdict last."""
    from rich.console import Console
    from rich.text import Text

    out = sys.stdout if out is None else out
    console = Console(file=out, width=None if out.isatty() else WIDTH, highlight=False, markup=False)
    if report.comparison is not None:
        _comparison(console, report.comparison)
    else:
        for night in report.nights:
            _night(console, night)
    console.print()
    if report.coarse:
        console.print(Text(report.coarse, style="dim"))
    console.print(Text(report.words, style="bold"))
    style = {True: "bold green", False: "bold red", None: "bold"}[report.held]
    console.print(Text(f"{report.verdict}.", style=style))


def _comparison(console: Any, comparison: Comparison) -> None:
    from rich.text import Text

    console.print()
    console.print(figures_table(comparison))
    console.print()
    console.print(contract_table(comparison))
    console.print()
    for ratio in comparison.ratios:
        style = "" if ratio.reached else "yellow"
        console.print(Text(f"{ratio.name}: {ratio.text}", style=style))
    if comparison.ratios:
        console.print()
    for note in comparison.notes:
        console.print(Text(f"* {note}" if note.startswith("modelled") else note, style="dim"))


def _night(console: Any, night: Night) -> None:
    from rich.text import Text

    console.print()
    console.print(Text(night.title, style="bold underline"))
    console.print(Text(night.words))
    console.print(f"requests: {count(night.sent)} sent, {count(night.lost)} lost; it took {clock_text(night.seconds)}")
    for group in night.groups:
        console.print(
            f"target group {group.name}: lowest capacity {group.lowest} of {group.registered} healthy, "
            f"floor {group.floor}"
        )
    console.print(_machines(night))
    if night.promises:
        console.print(_contract(night))
    for note in night.notes:
        console.print(Text(note, style="dim"))


def _machines(night: Night) -> Any:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for header in ("machine", "out from", "to", "patched", "healthy again", "lost", "outcome"):
        table.add_column(header, no_wrap=header != "outcome")
    for machine in night.machines:
        stays = machine.out_from is not None and machine.out_to is None
        table.add_row(
            machine.name,
            moment(machine.out_from),
            "not back" if stays else moment(machine.out_to),
            moment(machine.patched),
            moment(machine.healthy_again),
            count(machine.lost),
            f"{machine.outcome}: {machine.sentence}" if machine.sentence else machine.outcome,
        )
    return table


def _contract(night: Night) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for header in ("contract", "this night", "evidence"):
        table.add_column(header, no_wrap=header != "evidence")
    for promise in night.promises:
        held = Text(promise.held.value, style=STYLES[promise.held])
        table.add_row(f"{promise.id} {promise.title}", held, Text(promise.evidence))
    return table
