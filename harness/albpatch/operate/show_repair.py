"""What `albpatch repair` says before it asks, and after it has started."""

from __future__ import annotations

from collections.abc import Mapping

from albpatch.operate.repair import Choice, Repair
from albpatch.operate.session import Session
from albpatch.operate.show import console, facts, moment, say
from albpatch.report.words import many

_WORDS = {"restore": "put back", "keep-out": "keep out", "forget": "forget"}


def plan(session: Session, planned: Repair) -> None:
    """What will be done, and what will not, and why."""
    out = console()
    if not planned.choices:
        say(out, f"{session.deployment.name}: nobody has an open record, there is nothing to repair", "bold")
        return
    verb, document = _WORDS[planned.action], session.restore.document
    say(out, f"{document}: {verb} {many(len(planned.doable), 'instance')} of {len(planned.choices)}", "bold")
    for choice in planned.choices:
        say(out, f"  {choice.instance}", "" if choice.why_not else "cyan")
        facts(out, _facts(choice))


def begun(executions: Mapping[str, str]) -> None:
    """What was started, and how to follow it."""
    out = console()
    say(out, f"Started {many(len(executions), 'execution')}", "bold green")
    facts(out, [(name, f"albpatch watch --execution {i}") for name, i in executions.items()])


def _facts(choice: Choice) -> list[tuple[str, str]]:
    does = [("will not", choice.why_not)] if choice.why_not else [("will", choice.does)]
    if choice.left is None:
        return does
    record = choice.left.record
    since = "unknown" if record.since is None else moment(record.since)
    now = "yes" if choice.left.safe else "not now"
    return [
        ("record", f"{record.state} since {since}; {choice.left.why}"),
        ("rotation", choice.left.rotation),
        ("safe to put back", f"{now}: {choice.left.reason}"),
        *does,
    ]
