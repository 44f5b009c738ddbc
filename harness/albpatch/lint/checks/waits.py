"""Does every wait end in time, and does it look at what it waits for?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from albpatch.document.actions import SCRIPT_SECONDS, SLEEP_SECONDS
from albpatch.document.model import Step
from albpatch.findings import Finding
from albpatch.lint.rules import finding
from albpatch.lint.subject import Subject

# Without timeoutSeconds these wait for a limit of their own. UG, the page of each action.
_LIMITS = {
    "aws:approve": "a week",
    "aws:changeInstanceState": "an hour",
    "aws:executeAutomation": "as long as the other execution takes",
    "aws:executeStateMachine": "as long as the state machine takes",
    "aws:runCommand": "as long as the command and its delivery take",
    "aws:waitForAwsResourceProperty": "an hour",
}
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_CANCEL_SECONDS = 120
_QUICK = ("aws:branch", "aws:updateVariable", "aws:createTags", "aws:executeAwsApi", "aws:assertAwsResourceProperty")


def check(subject: Subject) -> Iterator[Finding]:
    for step in subject.steps:
        if step.action in _LIMITS and step.timeout_seconds is None:
            yield finding("timeout-missing", step.where, f"{step.action} waits {_LIMITS[step.action]}")
        if step.action == "aws:executeScript" and (step.timeout_seconds or 0) > SCRIPT_SECONDS:
            text = f"the step allows {step.timeout_seconds} seconds, a script is ended after {SCRIPT_SECONDS}"
            yield finding("script-time", f"{step.where}.timeoutSeconds", text)
        if step.action == "aws:sleep":
            yield from _sleep(subject, step)
            yield from _duration(step)
    yield from _cancelled(subject)


def _sleep(subject: Subject, step: Step) -> Iterator[Finding]:
    before = {edge.source for edge in subject.flow.into(step.name) if edge.kind == "success"}
    changing = [name for name in subject.flow.steps if name in before and not _looks(subject, name)]
    if changing:
        yield finding("sleep-for-look", step.where, f"it follows {', '.join(changing)}")


def _duration(step: Step) -> Iterator[Finding]:
    duration, where = step.inputs.get("Duration"), f"{step.where}.inputs.Duration"
    if not isinstance(duration, str) or "{{" in duration:
        return
    match = _DURATION.fullmatch(duration)
    if match is None or duration.endswith(("P", "T")):
        yield finding("sleep-duration", where, f"{duration!r} is no ISO 8601 duration")
        return
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    total = days * 86_400 + hours * 3600 + minutes * 60 + seconds
    if total > SLEEP_SECONDS:
        yield finding("sleep-duration", where, f"{duration} is {total:.0f} seconds, the limit is {SLEEP_SECONDS}")


def _looks(subject: Subject, name: str) -> bool:
    return subject.made[name].only_reads


def _cancelled(subject: Subject) -> Iterator[Finding]:
    flow = subject.flow
    for first in dict.fromkeys(e.target for name in flow.live for e in flow.edges[name] if e.kind == "cancel"):
        after = flow.reachable(first, lambda edge: edge.kind == "cancel")
        slow = [name for name in flow.steps if name in after and _may_be_slow(flow.steps[name])]
        if slow:
            yield finding("cancel-time", flow.steps[first].where, f"after a cancellation {', '.join(slow)} may run")


def _may_be_slow(step: Step) -> bool:
    if step.action in _QUICK:
        return False
    return step.timeout_seconds is None or step.timeout_seconds * step.max_attempts > _CANCEL_SECONDS
