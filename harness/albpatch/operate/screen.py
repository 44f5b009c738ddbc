"""A roll that is followed: a table that is drawn over and over in a terminal, a line for each change elsewhere."""

from __future__ import annotations

import sys
from typing import Any, Protocol

from albpatch.operate.show import style_of
from albpatch.operate.watch import Frame, Line
from albpatch.report.plain import visible
from albpatch.report.words import clock_text

_BAR = 20  # cells of the progress bar; and up to so many targets a group is drawn
_TARGETS = 3  # so many of an instance's registrations are named
_STYLES = {"healthy": "green", "initial": "cyan", "draining": "yellow", "out": "yellow", "unhealthy": "bold red"}
_WORDS = {"failed": "bold red", "deferred": "yellow", "skipped": "yellow", "not reached": "yellow", "at work": "cyan"}


class Screen(Protocol):
    """Where frames go."""

    def show(self, frame: Frame) -> None:
        """Show what is going on now."""

    def close(self) -> None:
        """Show no more."""


class Plain:
    """A line for each change, for a file or a pipeline."""

    def __init__(self) -> None:
        self._last: dict[str, str] = {}

    def show(self, frame: Frame) -> None:
        said = {line.turn.instance: _words(line) for line in frame.lines}
        said |= {f"target group {name}": f"{healthy} of {all_} healthy" for name, healthy, all_ in frame.groups}
        said["albpatch"] = frame.note
        for subject, text in said.items():
            if text != self._last.get(subject, ""):
                print(visible(f"{frame.at:%H:%M:%S}  {subject}  {text}"), flush=True)
        self._last |= said

    def close(self) -> None:
        """Nothing to undo."""


class Live:
    """A table that is drawn over and over; the last one stays."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live as RichLive

        self._live = RichLive(console=Console(file=sys.stdout), auto_refresh=False, vertical_overflow="ellipsis")
        self._live.start()

    def show(self, frame: Frame) -> None:
        self._live.update(_drawn(frame), refresh=True)

    def close(self) -> None:
        self._live.stop()


def screen() -> Screen:
    """Live in a terminal, plain otherwise."""
    return Live() if sys.stdout.isatty() else Plain()


def _words(line: Line) -> str:
    turn = line.turn
    step = f": {turn.why}" if turn.why else ""
    state = f" [{line.state}]" if line.state else ""
    return f"{turn.word}{step}{state}; {_targets(line)}"


def _targets(line: Line) -> str:
    shown = ", ".join(f"{where} {state}" for where, state in line.targets[:_TARGETS])
    more = len(line.targets) - _TARGETS
    return (shown or "registered nowhere") + (f" and {more} more" if more > 0 else "")


def _drawn(frame: Frame) -> Any:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    roll = frame.roll
    over = sum(turn.word not in ("waiting", "at work") for turn in roll.turns)
    elapsed = clock_text((frame.at - roll.started).total_seconds())
    head = Text.assemble(
        (f"{roll.outcome}", style_of(roll)),
        f"  {bar(over, len(roll.turns))} {over} of {len(roll.turns)}  {elapsed}  roll {roll.id}",
        (f"  halted: {visible(roll.halted)}" if roll.halted else "", "bold red"),
    )
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for header in ("instance", "fleet", "in this roll", "step", "record", "targets"):
        table.add_column(header, no_wrap=header not in ("step", "targets"))
    for line in frame.lines:
        turn, worst = line.turn, next((s for _, s in line.targets if s != "healthy"), "healthy")
        step = turn.why if turn.word == "at work" else turn.why.partition(":")[0]
        table.add_row(
            visible(turn.instance),
            visible(turn.fleet),
            Text(turn.word, style=_WORDS.get(turn.word, "")),
            Text(visible(step)),
            line.state,
            Text(visible(_targets(line)), style=_STYLES.get(worst, "")),
        )
    groups = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for name, healthy, registered in frame.groups:
        drawn = "\u2588" * healthy + "\u2591" * (registered - healthy) if registered <= _BAR else ""
        groups.add_row(f"target group {visible(name)}", f"{drawn} {healthy} of {registered} healthy".strip())
    return Group(head, table, groups, Text(visible(frame.note), style="yellow"))


def bar(part: int, whole: int) -> str:
    """How far something is, drawn."""
    full = _BAR * part // whole if whole else 0
    return "\u2588" * full + "\u2591" * (_BAR - full)
