"""What the operator's verbs print: facts and tables, in a terminal or as plain text."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from albpatch.operate.left import Left
from albpatch.operate.rolls import Roll
from albpatch.operate.status import Status
from albpatch.report.plain import visible
from albpatch.report.words import many

_WIDTH = 110
STYLES = {"done": "bold green", "nothing to do": "bold green", "under way": "bold cyan"}
_BAD = "bold red"
_ROWS = 20  # so many turns are shown
_ORDER = ("failed", "at work", "deferred", "skipped")
_KINDS = {"window": "the window's roll", "start": "the roll started by hand", "execution": "the execution"}


def console() -> Any:
    """Where a verb prints."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else _WIDTH
    return Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False)


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> Any:
    """A table of text. The last column takes what is left of the width."""
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for header in headers:
        made.add_column(header, no_wrap=header != headers[-1])
    for row in rows:
        made.add_row(*(Text(visible(cell)) for cell in row))
    return made


def say(out: Any, text: str, style: str = "") -> None:
    """One paragraph."""
    from rich.text import Text

    out.print(Text(visible(text), style=style))


def facts(out: Any, pairs: Iterable[tuple[str, str]]) -> None:
    """Labels and what there is to say to them, indented."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    made.add_column(no_wrap=True, style="dim")
    made.add_column()
    for label, text in pairs:
        made.add_row(Text(label), Text(visible(text)))
    out.print(Padding(made, (0, 0, 0, 4)))


def show(found: Status) -> None:
    """The whole status: the outcome of the roll first."""
    out, roll = console(), found.roll
    if roll is None:
        say(out, f"{found.session.deployment.name}: no roll in the last 30 days", "bold")
    else:
        headline = f"{found.session.deployment.name}: {roll.outcome}"
        say(out, f"{headline} \u2013 {_KINDS[roll.kind]} of {moment(roll.started)}: {roll.words}", style_of(roll))
        say(out, f"roll {roll.id}" + (f", halted: {roll.halted}" if roll.halted else ""))
    if found.pause is not None:
        since = "" if found.pause.since is None else f" since {moment(found.pause.since)}"
        say(out, f"paused{since} by {found.pause.by}: {found.pause.reason}", "bold yellow")
    if roll is not None and (rows := [(t.instance, t.fleet, t.word, t.why) for t in roll.turns if _matters(t.word)]):
        out.print()
        out.print(table(("instance", "fleet", "in this roll", "why"), sorted(rows, key=_worst)[:_ROWS]))
        if len(rows) > _ROWS:
            say(out, f"and {len(rows) - _ROWS} more; --format json names all", "dim")
    out.print()
    left_over(out, found.left, found.session.now())
    for name, why in found.failed.items():
        say(out, f"{name} failed last time ({why}): windows defer it until a start by hand patches it.", "yellow")
    if found.others:
        say(out, f"The lease table also holds {many(found.others, 'open record')} of other deployments.", "dim")


def _matters(word: str) -> bool:
    return word not in ("patched", "compliant", "waiting")


def _worst(row: tuple[str, str, str, str]) -> int:
    """Who failed first, then who is at work."""
    return _ORDER.index(row[2]) if row[2] in _ORDER else len(_ORDER)


def left_over(out: Any, left: Sequence[Left], now: datetime) -> None:
    """Every open record."""
    away = sum(one.out for one in left)
    count = f"{many(len(left), 'open record')}, {away} out of rotation:" if left else "Nobody is out: no open record."
    say(out, count, "bold" if left else "")
    for one in left:
        _one(out, one, now)


def _one(out: Any, one: Left, now: datetime) -> None:
    record = one.record
    say(out, f"  {record.instance}  {record.state}", "" if one.owner_over else "cyan")
    facts(
        out,
        [
            ("rotation", one.rotation),
            ("since", "unknown" if record.since is None else f"{moment(record.since)}, {span(now - record.since)} ago"),
            ("why", one.why),
            ("owner", one.owner_words),
            ("safe to put back", f"{'yes' if one.safe else 'not now'}: {one.reason}"),
            ("repair would", one.repair),
        ],
    )


def end(roll: Roll) -> None:
    """How a roll that was followed ended, the last line of it."""
    say(console(), f"{roll.outcome}: {roll.words}", style_of(roll))


def style_of(roll: Roll) -> str:
    return STYLES.get(roll.outcome, _BAD)


def moment(value: datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M:%S %Z}"


def span(value: timedelta) -> str:
    """How long, as people say it."""
    minutes, seconds = divmod(max(0, round(value.total_seconds())), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {seconds:02} s"
