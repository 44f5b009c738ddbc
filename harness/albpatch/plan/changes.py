"""What a call changes: the runbook by what it does, permissions by action and resource, settings by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from albpatch.findings import Block
from albpatch.plan.difference import Difference
from albpatch.plan.model import Call, Runbook, number
from albpatch.plan.permissions import of_role
from albpatch.plan.read import Mark
from albpatch.plan.runbook import compare
from albpatch.plan.sides import Subject
from albpatch.plan.words import show

# Members of the record that change by themselves with every apply, or stand for the text that is compared by itself.
_DERIVED = {
    ("document", "content_sha256"),
    ("document", "version"),
    ("document", "parameter_names"),
    ("window", "id"),
    ("companions",),
    ("schema",),
}
LOWER_IS_WEAKER = {
    "min_healthy",
    "min_healthy_percent",
    "propagation_seconds",
    "quiet_seconds",
    "drain_minutes",
    "consecutive_looks",
    "interval_seconds",
    "bake_seconds",
    "cutoff_hours",
}
HIGHER_IS_WEAKER = {"max_unavailable", "scan_max_age_minutes"}
GATES = {("settings", "alarms", "names"), ("settings", "change_calendars")}  # each entry can stop a roll
STRICTER = {"skip_when_compliant": True, "insufficient_data": "stop"}
ROLES = ("automation", "window", "restore", "events")


def runbooks(before: Call, after: Call) -> Iterator[tuple[Runbook, Runbook, list[Difference]]]:
    """Each runbook that a call has before and after, and what differs; nothing where one of them is not shown."""
    olds = {runbook.kind: runbook for runbook in before.runbooks}
    for new in after.runbooks:
        old = olds.get(new.kind)
        if old is None:
            continue
        first, second, differences = old.document, new.document, list[Difference]()
        if old.content != new.content and first is not None and second is not None:
            differences = compare(first, second, before.documents, after.documents)
        yield old, new, differences


def settings(before: Call, after: Call) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """(path, before, after) of every member of the record that differs."""
    for path, old, new in _leaves(before.record, after.record, ()):
        derived = bool({path, path[:2], path[:1]} & _DERIVED) or path[-1] in ("target_id", "task_id")
        if not derived and old is not new and old != new:
            yield path, old, new


def _leaves(old: Any, new: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys([*old, *new]):
            yield from _leaves(old.get(key), new.get(key), (*path, str(key)))
    elif path:
        yield path, old, new


def _texts(value: Any) -> set[str]:
    return {str(one) for one in value} if isinstance(value, list) else set()


def weaker(path: tuple[str, ...], old: Any, new: Any) -> bool:
    """Whether a changed setting protects less than it did."""
    if isinstance(old, Mark) or isinstance(new, Mark):
        return False
    if path[-1] in STRICTER:
        return bool(old == STRICTER[path[-1]])
    if path in GATES:
        return bool(_texts(old) - _texts(new))
    first, second = number(old), number(new)
    if path[-1] in LOWER_IS_WEAKER:
        return (first is not None and second is not None and second < first) or (first is not None and new is None)
    return path[-1] in HIGHER_IS_WEAKER and (second or 0) > (first or 0)


def blocks(subject: Subject, before: Call | None, after: Call | None) -> list[Block]:
    """The blocks about what changes in a call."""
    if before is None or after is None:
        return []
    found = [
        Block("Runbook changes", lines=tuple(_runbook(before, after))),
        Block("Setting changes", lines=tuple(_settings(before, after))),
        Block("Permission changes", lines=tuple(_permissions(subject, before, after))),
        Block("Resources", lines=tuple(_resources(subject, after))),
    ]
    return [block for block in found if block.lines]


def _runbook(before: Call, after: Call) -> Iterator[str]:
    marks = {"weakened": "weaker: ", "changed": "", "plain": ""}
    for old, new, differences in runbooks(before, after):
        which = "" if new.kind == "patching" else f"{new.kind} runbook: "
        yield from (f"{which}{marks[d.effect]}{d.text}" for d in differences)
        if not differences and old.content != new.content:
            shown = isinstance(old.content, str) and isinstance(new.content, str)
            yield which + ("the text changed, what it does has not" if shown else "the text is not shown on both sides")


def _settings(before: Call, after: Call) -> Iterator[str]:
    for path, old, new in settings(before, after):
        mark = "weaker: " if weaker(path, old, new) else ""
        yield f"{mark}{'.'.join(path)}: {_shown(old)} became {_shown(new)}"


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {_shown(inner)}" for key, inner in value.items()) + "}"
    return show(value)


def _permissions(subject: Subject, before: Call, after: Call) -> Iterator[str]:
    for which in ROLES:
        if before.role(which) is None and after.role(which) is None:
            continue
        sides = ((subject.before.state, before), (subject.after.state, after))
        old, new = (of_role(state, call, call.role(which)) for state, call in sides)
        role = f"{which} role"
        if old.whole and new.whole:
            yield from (f"{role} gains {grant.words}" for grant in _sorted(new.grants - old.grants))
            yield from (f"{role} loses {grant.words}" for grant in _sorted(old.grants - new.grants))
        elif old.grants != new.grants or old.whole != new.whole:
            yield f"{role}: a policy is not shown, so what it gains and loses is not known"
        first, second = (call.role(which) for call in (before, after))
        if first and second:
            texts = first.values.get("assume_role_policy"), second.values.get("assume_role_policy")
            if texts[0] != texts[1]:
                yield f"{role}: who may assume it changed"


def _sorted(grants: frozenset[Any]) -> list[Any]:
    return sorted(grants, key=lambda g: (g.action, g.resource, g.condition, g.effect))


def _resources(subject: Subject, call: Call) -> Iterator[str]:
    """What Terraform does to the call's resources, the record left out."""
    verbs: dict[tuple[str, ...], str] = {
        ("create",): "created",
        ("update",): "changed in place",
        ("delete",): "destroyed",
    }
    for change in subject.plan.changing:
        if change.address in call.resources and change.address != call.record_address:
            why = f" because of {', '.join(change.replaced_by)}" if change.replaced_by else ""
            yield f"{change.address}: {verbs.get(change.actions, 'replaced' + why)}"
