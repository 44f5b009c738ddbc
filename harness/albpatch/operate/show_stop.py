"""What `albpatch stop` says: before it asks, after it has halted the roll, and when everything has ended."""

from __future__ import annotations

from collections.abc import Sequence

from albpatch.operate.left import Left
from albpatch.operate.rolls import Roll, Turn
from albpatch.operate.session import Session
from albpatch.operate.show import console, left_over, moment, say, style_of, table
from albpatch.operate.stop import Stopping
from albpatch.report.words import many


def plan(session: Session, found: Stopping | None, pause: str | None) -> None:
    """What will be stopped."""
    out, name = console(), session.deployment.name
    if found is None or not found.roll.under_way:
        last = "" if found is None else f"; the roll {found.roll.id} is over: {found.roll.outcome}"
        say(out, f"{name}: no roll is under way, there is nothing to stop{last}", "bold")
    else:
        roll = found.roll
        say(out, f"Stop the roll {roll.id} of {name}, since {moment(roll.started)}: {roll.words}", "bold")
        say(
            out,
            "No further instance is taken out. What runs goes on to its own end, nothing is cancelled in the middle.",
        )
        if rows := [(t.instance, t.fleet, t.why) for t in _at_work(roll)]:
            out.print(table(("at work", "fleet", "step"), rows))
    if pause is not None:
        say(out, f"Pause every roll of the lease table {session.table} until `albpatch start --unpause`: {pause}")


def paused(session: Session) -> None:
    say(console(), f"Paused: no roll of the lease table {session.table} takes anybody out.", "bold green")


def stopped(found: Stopping, cancelled: bool) -> None:
    """What was done."""
    out = console()
    if found.source.kind == "window":
        words = "its opening of the window is cancelled" if cancelled else "its opening of the window is over already"
    else:
        words = "its executions still come to each instance's turn, are deferred there, and end by themselves"
    say(out, f"Halted the roll {found.source.id}; {words}.", "bold green")
    running = len(_at_work(found.roll))
    say(out, f"Still at work: {many(running, 'execution')}; to follow: albpatch watch --roll {found.source.id}")


def waiting(roll: Roll) -> None:
    """A line of progress."""
    steps = ", ".join(f"{turn.instance} {turn.why}" for turn in _at_work(roll))
    print(f"  waiting: {roll.words}{f'; {steps}' if steps else ''}", flush=True)


def ended(session: Session, roll: Roll, left: Sequence[Left]) -> None:
    """Who is where, now that nothing runs any more."""
    out = console()
    say(out, f"The roll {roll.id} has ended: {roll.outcome}, {roll.words}", style_of(roll))
    rows = [(t.instance, t.fleet, t.word, t.why) for t in roll.turns]
    out.print(table(("instance", "fleet", "in this roll", "why"), rows))
    left_over(out, left, session.now())


def _at_work(roll: Roll) -> list[Turn]:
    return [turn for turn in roll.turns if turn.word == "at work"]
