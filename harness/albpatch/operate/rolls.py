"""Rolls: one opening of the window, or what a person started; who had a turn in it, and how it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from albpatch.errors import InputError
from albpatch.leases import Contents
from albpatch.live.windows import Invocation, Opening
from albpatch.operate.executions import Execution, Executions
from albpatch.operate.session import Session

Kind = Literal["window", "start", "execution"]
Outcome = Literal["under way", "done", "nothing to do", "incomplete", "halted"]
_REPAIRED = ("restored", "kept-out", "forgotten")
_WAITS = ("Assess", "Restore")  # steps that wait for an execution of their own
_WELL = ("patched", "compliant", "nothing to put back", *_REPAIRED)


@dataclass(frozen=True)
class Turn:
    """One instance in a roll. word: waiting, at work, not reached, patched, compliant, skipped, deferred, failed.

    Of an execution of the restore runbook: restored, kept-out, forgotten, or nothing to put back.
    """

    instance: str
    fleet: str
    execution: Execution | None
    word: str
    why: str


@dataclass(frozen=True)
class Roll:
    """A roll as it is now. kind: a window's opening, a start of fleets, or the one execution that somebody started.

    starters: the executions that start the others, or the one. halted: why, empty if it is not.
    """

    id: str
    kind: Kind
    started: datetime
    starters: tuple[Execution, ...]
    turns: tuple[Turn, ...]
    under_way: bool
    halted: str

    @property
    def counts(self) -> Counter[str]:
        return Counter(turn.word for turn in self.turns)

    @property
    def outcome(self) -> Outcome:
        """Design: a roll is done, had nothing to do, or is incomplete or halted, which somebody has to look at."""
        counts = self.counts
        if self.under_way:
            return "under way"
        if self.halted or counts["failed"]:
            return "halted"
        if not self.turns or sum(counts[word] for word in _WELL) < len(self.turns):
            return "incomplete"
        return "done" if any(counts[word] for word in ("patched", *_REPAIRED)) else "nothing to do"

    @property
    def words(self) -> str:
        """The counts in words."""
        return ", ".join(f"{number} {word}" for word, number in sorted(self.counts.items())) or "nobody had a turn"

    @property
    def running(self) -> list[Execution]:
        """The executions that are not over, the starters not counted."""
        return [t.execution for t in self.turns if t.execution is not None and t.execution.under_way]


@dataclass(frozen=True)
class Source:
    """Where a roll is read from: an opening, or the ids of the executions that a person started."""

    id: str
    kind: Kind
    executions: tuple[str, ...] = ()


class Rolls:
    """The rolls of a deployment."""

    def __init__(self, session: Session) -> None:
        self._session, self.executions = session, Executions(session)

    def latest(self) -> Source | None:
        """The roll that began last; None if there was none in the 30 days that AWS remembers. Raises Unanswered."""
        opening = next((o for o in self._openings() if o.status != "SKIPPED_OVERLAPPING"), None)
        windows = set() if opening is None else {i.execution for i in self._invocations(opening.id)}
        by_hand = next((e for e in self.executions.of_runbook() if e.id not in windows), None)
        if opening is not None and (by_hand is None or by_hand.started <= opening.started):
            return Source(opening.id, "window")
        return None if by_hand is None else self._of(by_hand.id)

    def named(self, roll: str) -> Source:
        """The roll with this id. Raises InputError, Unanswered."""
        if any(opening.id == roll for opening in self._openings()):
            return Source(roll, "window")
        name = self._session.deployment.document.name
        if (found := self.executions.get(roll)) is not None and found.document == name:
            return self._of(roll)
        if starters := self._starters(roll):
            return Source(roll, "start", starters)
        raise InputError(f"there is no roll {roll} of {name}; AWS forgets them after 30 days")

    def execution(self, execution_id: str) -> Source:
        """One execution of the patching or the restore runbook, in whatever roll. Raises InputError, Unanswered."""
        found = self.executions.get(execution_id)
        if found is None:
            raise InputError(f"there is no execution {execution_id}; AWS forgets them after 30 days")
        names = (self._session.deployment.document.name, self._session.restore.document)
        if found.document not in names:
            raise InputError(f"{execution_id} is an execution of {found.document}, not of {' or '.join(names)}")
        return Source(execution_id, "execution", (execution_id,))

    def read(self, source: Source, contents: Contents) -> Roll:
        """The roll as it is now. Raises Unanswered."""
        halted, fleets = contents.halted.get(source.id, ""), self._fleets()
        if source.kind == "window":
            opening = next(o for o in self._openings() if o.id == source.id)
            invoked = self._invocations(source.id)
            ran = self.executions.of_opening(source.id, invoked)
            under_way = opening.under_way or any(e.under_way for e in ran)
            refused = {i.instance: i.details or i.status for i in invoked if not i.execution and i.instance}
            turns = self._turns(fleets, ran, fleets, under_way, refused)
            return Roll(source.id, "window", opening.started, (), turns, under_way, halted)
        starters = tuple(e for e in map(self.executions.get, source.executions) if e is not None)
        under_way = any(e.under_way for e in starters)
        ran = [c for e in starters for c in (self.executions.children(e.id) if e.rate_control else [e])]
        wanted = dict.fromkeys(name for e in starters for name in e.instances)
        turns = self._turns(wanted, ran, fleets, under_way, {})
        started = min(e.started for e in starters)
        return Roll(source.id, source.kind, started, starters, turns, under_way, halted)

    def _of(self, execution_id: str) -> Source:
        """The roll of an execution that a person started: it alone, or all that were started with it."""
        found = self.executions.get(execution_id)
        if found is not None and found.parent:
            return self._of(found.parent)
        if found is None or not found.roll:
            return Source(execution_id, "execution", (execution_id,))
        if any(opening.id == found.roll for opening in self._openings()):
            return Source(found.roll, "window")
        if not found.rate_control:
            return Source(found.roll, "execution", (execution_id,))
        return Source(found.roll, "start", self._starters(found.roll))

    def _starters(self, roll: str) -> tuple[str, ...]:
        """The rate controls that belong to a roll: they were started at once, so that no other lies between them."""
        found = list[str]()
        for listed in self.executions.of_runbook():
            if not listed.rate_control:
                continue
            known = self.executions.get(listed.id)
            if known is not None and known.roll == roll:
                found.append(known.id)
            elif found:
                break
        return tuple(reversed(found))

    def _openings(self) -> list[Opening]:
        return self._session.account.windows.openings(self._session.deployment.window.id)

    def _invocations(self, opening: str) -> list[Invocation]:
        return self._session.account.windows.invocations(opening)

    def _fleets(self) -> dict[str, str]:
        """Instance -> its fleet, as it is now."""
        found = self._session.deployment.fleets.items()
        return {i.id: name for name, fleet in found for i in self._session.account.machines.of(fleet)}

    def _turns(
        self,
        wanted: Iterable[str],
        ran: Iterable[Execution],
        fleets: Mapping[str, str],
        under_way: bool,
        refused: Mapping[str, str],
    ) -> tuple[Turn, ...]:
        """A turn for whoever was meant and whoever had one. refused: instance -> why no execution was started."""
        found = {instance: e for e in ran for instance in e.instances}
        waiting = any(e.under_way and e.step in _WAITS for e in found.values())
        inside, turns = self.executions.steps_of_children() if waiting else {}, []
        for name in dict.fromkeys([*wanted, *found, *refused]):
            word, why = self._judged(found.get(name), under_way, inside)
            if name in refused and name not in found:
                word, why = "failed", f"no execution was started: {refused[name]}"
            turns.append(Turn(name, fleets.get(name, ""), found.get(name), word, why))
        return tuple(sorted(turns, key=lambda turn: (turn.fleet, turn.instance)))

    def _judged(self, found: Execution | None, under_way: bool, inside: Mapping[str, str]) -> tuple[str, str]:
        if found is None:
            return ("waiting", "") if under_way else ("not reached", "nothing was started for it")
        if found.under_way:
            return "at work", f"{found.step}: {inside[found.id]}" if found.id in inside else found.step
        if found.status != "Success":
            return "failed", f"{found.status}: {found.why}"
        if found.document == self._session.restore.document:
            return found.said("Outcome") or "nothing to put back", found.why
        return found.said("Outcome") or "patched", found.why if found.said("Outcome") else ""
