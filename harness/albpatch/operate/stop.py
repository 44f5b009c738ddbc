"""Stopping a roll: halted in the table, the window's opening cancelled, and a wait for what runs to its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from albpatch.operate import table
from albpatch.operate.left import Left, look
from albpatch.operate.rolls import Roll, Rolls, Source
from albpatch.operate.session import Session
from albpatch.operate.status import own

INTERVAL_SECONDS = 15.0
_OVER = ("DoesNotExistException",)


@dataclass
class Stopping:
    """A roll that is to be stopped."""

    session: Session
    rolls: Rolls
    source: Source
    roll: Roll


def find(session: Session, roll: str | None) -> Stopping | None:
    """The roll that is named, or the last one; None if there is none. Raises InputError, Failure, Unanswered."""
    session.belongs()
    rolls = Rolls(session)
    source = rolls.latest() if roll is None else rolls.named(roll)
    return None if source is None else Stopping(session, rolls, source, rolls.read(source, table.read(session)))


def caller(session: Session) -> str:
    """The ARN of whoever calls. Raises Unanswered."""
    return str(session.account.calls.ask("sts", "get_caller_identity")["Arn"])


def stop(stopping: Stopping) -> bool:
    """Halt the roll, then cancel the opening; whether there was one to cancel. No execution is cancelled: a cancelled
    one leaves its instance to the restore runbook, a halted one puts it back itself. Raises Unanswered."""
    session = stopping.session
    table.halt(session, stopping.source.id, f"STOPPED by {caller(session)}")
    if stopping.source.kind != "window":
        return False
    which = {"WindowExecutionId": stopping.source.id}
    return session.ask("ssm", "cancel_maintenance_window_execution", _OVER, **which) is not None


def wait(stopping: Stopping, progress: Callable[[Roll], None]) -> tuple[Roll, tuple[Left, ...]]:
    """Until nothing of the roll runs any more; the roll, and who has an open record then. progress: of each change.

    Raises Unanswered.
    """
    session, told = stopping.session, None
    while True:
        session.account.calls.forget()
        contents = table.read(session)
        roll = stopping.rolls.read(stopping.source, contents)
        if not roll.under_way:
            records = own(session, contents).values()
            return roll, tuple(look(session, stopping.rolls.executions, record) for record in records)
        if (now := [(turn.instance, turn.word, turn.why) for turn in roll.turns]) != told:
            progress(roll)
            told = now
        session.sleep(INTERVAL_SECONDS)
