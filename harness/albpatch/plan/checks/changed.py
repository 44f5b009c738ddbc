"""What does this apply take away, from a roll that is running, from capacity, or from somebody's fleet?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from albpatch.findings import Finding
from albpatch.plan.changes import runbooks, settings, weaker
from albpatch.plan.leases import table, table_name
from albpatch.plan.model import Call, calls
from albpatch.plan.rules import finding
from albpatch.plan.sides import Subject
from albpatch.plan.words import show

# What an execution works with, or is found by. Targets and tasks only start new ones.
_NEEDED = {
    "aws_ssm_document": "document",
    "aws_iam_role": "role",
    "aws_iam_role_policy": "policy",
    "aws_dynamodb_table": "lease table",
    "aws_ssm_maintenance_window": "window",
}
_NAMED = 5  # so many of what is under way are named


def check(subject: Subject) -> Iterator[Finding]:
    yield from _taken_away(subject)
    for before, after in subject.pairs:
        if before is None or after is None:
            continue
        said = " ".join(d.text for _, _, differences in runbooks(before, after) for d in differences)
        for path, old, new in settings(before, after):
            if weaker(path, old, new) and not _in_runbook(path, said):
                text = f"{'.'.join(path)} of {after.shown}: {show(old)} became {show(new)}."
                yield finding("settings-weakened", after.record_address, text)
        yield from _fleets(before, after)
        old, new = table_name(before), table_name(after)
        if old and new and old != new and subject.existed(after):
            text = f"The leases of {after.shown} are taken in table {new} instead of {old}."
            yield finding("replaces-what-a-roll-needs", after.record_address, text)


def _in_runbook(path: tuple[str, ...], differences: str) -> bool:
    """Whether a setting is written into the runbook, and its change is a finding there: consecutive_looks is said as
    InputPayload.ConsecutiveLooks."""
    name = "".join(part.capitalize() for part in path[-1].split("_"))
    return path[0] == "settings" and f".{name} " in differences


def _taken_away(subject: Subject) -> Iterator[Finding]:
    """From the plan itself, whatever it is compared with: only what exists can be destroyed."""
    kept = subject.after.calls
    for call in calls(subject.plan.before).values():
        shared = table(subject.plan.before, call)
        beside = [shared] if shared is not None and shared.address not in call.resources else []
        for resource in [*call.resources.values(), *beside]:
            change = subject.plan.change(resource.address)
            kind = _NEEDED.get(resource.type)
            if kind is None or not change.removes:
                continue
            if change.replaces:
                why = f" because of {', '.join(change.replaced_by)}" if change.replaced_by else ""
                rule, text = "replaces-what-a-roll-needs", f"The {kind} is replaced{why}"
            else:
                gone = "" if call.address in kept else f", with everything of {call.shown}"
                rule, text = "destroys-what-a-roll-needs", f"The {kind} is destroyed{gone}"
            yield _now(subject, call, finding(rule, resource.address, f"{text}."))


def _now(subject: Subject, call: Call, found: Finding) -> Finding:
    """With an account that was asked: who would be hit, or that nobody is now."""
    seen = (subject.under_way or {}).get(call.address)
    if seen is None or (seen.unknown and not seen.anything):
        return found
    if seen.anything:
        more = f" and {len(seen.sentences) - _NAMED} more" if len(seen.sentences) > _NAMED else ""
        return replace(found, what=f"{found.what} Under way now: {'; '.join(seen.sentences[:_NAMED])}{more}.")
    return replace(found, severity="note", what=f"{found.what} No execution runs, and no record is open.")


def _fleets(before: Call, after: Call) -> Iterator[Finding]:
    kept = {fleet.name for fleet in after.fleets}
    for fleet in before.fleets:
        if fleet.name not in kept and after.fleets:
            yield finding("fleet-removed", after.record_address, f"Fleet {fleet.name} of {after.shown} is removed.")
