"""A plan, reviewed: what happens on patch night, what changes, what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from albpatch.findings import Block, Findings, Section, ordered
from albpatch.plan import checks
from albpatch.plan.changes import blocks
from albpatch.plan.model import Call
from albpatch.plan.read import Mark, Plan
from albpatch.plan.rules import RULES
from albpatch.plan.sides import Subject
from albpatch.plan.under_way import UnderWay
from albpatch.plan.words import night, show

NO_CALL = "this plan does not call the module"


def review(
    plan: Plan,
    base: Plan | None = None,
    now: datetime | None = None,
    subject: str = "plan",
    under_way: Mapping[str, UnderWay] | None = None,
) -> Findings:
    """What a reviewer has to know about a plan.

    Args:
        base: another plan, whose result is what this one's is compared with; None compares with what exists.
        now: aware; from when on openings are listed.
        subject: what the plan is called in reports.
        under_way: by module address, what goes on in the account of each call; None if nobody asked.

    Raises:
        PlanError: a call has a record of another schema.
    """
    looked_at = Subject(plan, base, now, under_way)
    pairs = looked_at.pairs
    if not pairs:
        return Findings(subject, NO_CALL, (), (), ())
    sections = tuple(_section(looked_at, before, after) for before, after in pairs)
    found = ordered(finding for check in checks.ALL for finding in check(looked_at))
    return Findings(subject, _headline(sections), sections, found, tuple(RULES.values()))


def calls_the_module(found: Findings) -> bool:
    """Whether there was anything to review."""
    return bool(found.sections)


def _section(subject: Subject, before: Call | None, after: Call | None) -> Section:
    call = after or before
    assert call is not None
    name = call.name
    title = f"{call.shown} ({name if isinstance(name, Mark) else show(name)})"
    now = _under_way(subject, call)
    if after is None:
        return Section(title, "destroyed", now)
    status = "new" if before is None else _status(subject, before, after)
    return Section(title, status, (*now, *blocks(subject, before, after), *night(subject, after)))


def _under_way(subject: Subject, call: Call) -> tuple[Block, ...]:
    """What the account said, if it was asked."""
    found = (subject.under_way or {}).get(call.address)
    if found is None:
        return ()
    lines = [*found.sentences, *(f"not known: {what}" for what in found.unknown)]
    return (Block("Under way", lines=tuple(lines or ["nothing: no execution runs and no record is open"])),)


def _status(subject: Subject, before: Call, after: Call) -> str:
    changed = any(not subject.plan.change(address).nothing for address in after.resources)
    gone = any(address not in after.resources for address in before.resources)
    return "changed" if changed or gone or blocks(subject, before, after) else "unchanged"


def _headline(sections: tuple[Section, ...]) -> str:
    counts = {
        status: sum(s.status == status for s in sections) for status in ("new", "changed", "unchanged", "destroyed")
    }
    shown = ", ".join(f"{number} {status}" for status, number in counts.items() if number)
    return f"{len(sections)} call{'s' if len(sections) != 1 else ''} of the module: {shown}"
