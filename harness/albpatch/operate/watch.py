"""Following a roll: where every instance is, in its execution and in its target groups, until nothing runs any more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from albpatch.leases import Contents
from albpatch.live.balancing import Target
from albpatch.live.calls import Unanswered
from albpatch.live.checks.common import name_of
from albpatch.operate.rolls import Roll, Rolls, Source, Turn
from albpatch.operate.session import Session, words
from albpatch.operate.table import read

INTERVAL_SECONDS = 10.0


@dataclass(frozen=True)
class Line:
    """An instance now. state: of its record, empty without one. targets: (where, state), one for each registration."""

    turn: Turn
    state: str
    targets: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Frame:
    """A roll at one moment. groups: (name, healthy, registered or out). note: why nothing could be seen, if so."""

    at: datetime
    roll: Roll
    lines: tuple[Line, ...]
    groups: tuple[tuple[str, int, int], ...]
    note: str = ""


def source(session: Session, roll: str | None, execution: str | None) -> Source | None:
    """What is to be followed; None if nothing was ever started. Raises InputError, Failure, Unanswered."""
    session.belongs()
    rolls = Rolls(session)
    if execution is not None:
        return rolls.execution(execution)
    return rolls.latest() if roll is None else rolls.named(roll)


def frames(session: Session, followed: Source) -> Iterator[Frame]:
    """One look after another, the last one when nothing runs any more. A throttled look says so and is repeated.

    Raises Failure, Unanswered.
    """
    rolls, last = Rolls(session), None
    while True:
        session.account.calls.forget()
        try:
            contents = read(session)
            last = _frame(session, rolls.read(followed, contents), contents)
        except Unanswered as error:
            if not error.throttled or last is None:
                raise
            last = Frame(session.now(), last.roll, last.lines, last.groups, words(error))
        yield last
        if not last.roll.under_way and not last.note:
            return
        session.sleep(INTERVAL_SECONDS)


def _frame(session: Session, roll: Roll, contents: Contents) -> Frame:
    fleets = {turn.fleet for turn in roll.turns if turn.fleet}
    arns = sorted({arn for name in fleets for arn in session.deployment.fleets[name].target_group_arns})
    targets = {arn: session.account.balancing.targets(arn) or [] for arn in arns}
    lines = tuple(_line(turn, contents, targets) for turn in roll.turns)
    groups = tuple(
        (_short(arn), sum(t.serves for t in found), len(found) + _missing(arn, found, contents))
        for arn, found in targets.items()
    )
    return Frame(session.now(), roll, lines, groups)


def _line(turn: Turn, contents: Contents, targets: dict[str, list[Target]]) -> Line:
    """Where it stands: its registrations, and those that its record says are missing."""
    record = contents.records.get(turn.instance)
    where = {(arn, t.port): t.state for arn, found in targets.items() for t in found if t.id == turn.instance}
    for registration in record.registrations if record is not None else ():
        for target in registration.targets:
            where.setdefault((registration.arn, target.get("Port", 0)), "out")
    shown = tuple((f"{_short(arn)}:{port}", state) for (arn, port), state in sorted(where.items()))
    return Line(turn, "" if record is None else record.state, shown)


def _missing(arn: str, found: list[Target], contents: Contents) -> int:
    """How many registrations of a target group are missing that open records ask for."""
    there = {(t.id, t.port) for t in found}
    wanted = {
        (record.instance, target.get("Port", 0))
        for record in contents.records.values()
        for registration in record.registrations
        for target in registration.targets
        if registration.arn == arn
    }
    return len(wanted - there)


def _short(arn: str) -> str:
    return name_of(arn).removeprefix("target group ")
