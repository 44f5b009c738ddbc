"""What did the last night do? Whoever was deferred, skipped or failed, and why; who is patched; who is back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from albpatch.live.automation import Execution
from albpatch.live.checks.common import name_of
from albpatch.live.checks.leases import contents
from albpatch.live.checks.leftovers import COUNTS, at_work
from albpatch.live.snapshot import registered
from albpatch.live.verdicts import Check, Item, Look, right, wrong
from albpatch.live.windows import Invocation, Opening

_RULES = {"deferred": "instance-deferred", "skipped": "instance-skipped", "failed": "instance-failed"}
_CLOCK_TOLERANCE = timedelta(minutes=1)  # patch states carry the instance's own clock


@dataclass(frozen=True)
class Outcome:
    """How an instance came through the night. word: patched, compliant, skipped, deferred, failed, or not reached."""

    instance: str
    word: str
    reason: str
    execution: Execution | None


def last_opening(look: Look) -> Opening | None:
    """The newest opening that was not skipped."""
    found = look.account.windows.openings(look.deployment.window.id)
    return next((opening for opening in found if opening.status != "SKIPPED_OVERLAPPING"), None)


def outcomes(look: Look, opening: Opening) -> dict[str, list[Outcome]]:
    """Fleet -> the outcome of each of its instances in an opening."""
    document = look.deployment.document.name
    executions = {e.id: e for e in look.account.automation.executions(document)}
    invocations = {_instance(look, i): i for i in look.account.windows.invocations(opening.id)}
    return {
        name: [_outcome(i.id, invocations.get(i.id), executions) for i in look.account.machines.of(fleet)]
        for name, fleet in look.fleets
    }


def _instance(look: Look, invocation: Invocation) -> str:
    """Asked of the execution where the invocation does not say."""
    if invocation.instance or not invocation.execution:
        return invocation.instance
    return next(iter(look.account.automation.parameters(invocation.execution).get("InstanceId", ())), "")


def _outcome(instance: str, invocation: Invocation | None, executions: Mapping[str, Execution]) -> Outcome:
    if invocation is None:
        return Outcome(instance, "not reached", "the window started nothing for it", None)
    execution = executions.get(invocation.execution)
    if execution is None:
        details = f"no execution was started: {invocation.details}" if not invocation.execution else invocation.details
        return Outcome(instance, "failed", details or f"its invocation is {invocation.status}", None)
    said = ": ".join(filter(None, (execution.said("Code"), execution.said("Sentence"))))
    if execution.status != "Success":
        told = said or execution.outputs.get("OnCancel.Sentence", "") or execution.message
        return Outcome(instance, "failed", f"{execution.status}: {told}".rstrip(": "), execution)
    return Outcome(instance, execution.said("Outcome") or "patched", said, execution)


def roll(look: Look) -> Iterator[Item]:
    """The last roll did the whole fleet."""
    opening, subject = last_opening(look), f"window {look.deployment.window.name}"
    if opening is None or opening.under_way:
        what = "has never opened" if opening is None else f"its opening {opening.id} is {opening.status}"
        yield wrong("no-roll", subject, what, "an opening that is over", passing=opening is not None)
        return
    when, kept = f"{opening.started:%Y-%m-%d %H:%M %Z}", contents(look)
    halted = "" if kept is None else kept.halted.get(opening.id, "")
    for name, found in outcomes(look, opening).items():
        counts = Counter(outcome.word for outcome in found)
        words = ", ".join(f"{number} {word}" for word, number in sorted(counts.items())) or "nobody belongs to it"
        seen, subject = f"the roll of {when}: {words}", f"fleet {name}"
        if counts["failed"] or halted:
            why = f" by {halted}" if halted else ""
            yield wrong("roll-halted", subject, f"halted{why}, {seen}", "done")
        elif not found or counts["deferred"] or counts["skipped"] or counts["not reached"]:
            yield wrong("roll-incomplete", subject, f"incomplete, {seen}", "done")
        else:
            yield right(subject, f"{'done' if counts['patched'] else 'nothing to do'}, {seen}", "done")


def instances(look: Look) -> Iterator[Item]:
    """Every instance was patched or compliant."""
    opening = last_opening(look)
    if opening is None or opening.under_way:
        return
    for name, found in outcomes(look, opening).items():
        for outcome in found:
            what = f"{outcome.word}: {outcome.reason}".rstrip(": ")
            if outcome.word == "not reached":
                yield wrong("instance-not-reached", f"fleet {name}: {outcome.instance}", what, "patched or compliant")
            elif outcome.word in _RULES:
                yield wrong(_RULES[outcome.word], f"fleet {name}: {outcome.instance}", what, "patched or compliant")
            else:
                yield right(f"fleet {name}: {outcome.instance}", what, "patched or compliant")


def patched(look: Look) -> Iterator[Item]:
    """Who was reported as patched or compliant misses nothing, by what was seen that night."""
    opening = last_opening(look)
    if opening is None or opening.under_way:
        return
    settings = look.deployment.settings.patching
    earliest = opening.started - timedelta(minutes=settings.scan_max_age_minutes) - _CLOCK_TOLERANCE
    asked = [key for key in COUNTS if key != "InstalledPendingRebootCount" or settings.reboot_option != "NoReboot"]
    for name, found in outcomes(look, opening).items():
        ids = [o.instance for o in found if o.word in ("patched", "compliant")]
        states = look.account.machines.patch_states(ids)
        complete = 0
        for instance in ids:
            what = _short_of(states.get(instance), asked, earliest)
            complete += not what
            if what:
                yield wrong("not-patched", f"fleet {name}: {instance}", what, "nothing missing since the window opened")
        if complete:
            yield right(f"fleet {name}", f"{complete} of {len(ids)} are seen to miss nothing", "all")


def _short_of(state: Mapping[str, Any] | None, asked: list[str], earliest: Any) -> str:
    if state is None:
        return "it was never scanned"
    if state["OperationEndTime"] < earliest:
        return f"it was last looked at {state['OperationEndTime']:%Y-%m-%d %H:%M %Z}"
    return ", ".join(f"{key} is {state[key]}" for key in asked if state.get(key))


def back(look: Look) -> Iterator[Item]:
    """No execution of the night left its instance out."""
    opening = last_opening(look)
    if opening is None or opening.under_way:
        return
    for name, found in outcomes(look, opening).items():
        groups = look.deployment.fleets[name].target_group_arns
        targets = {arn: look.account.balancing.targets(arn) or [] for arn in groups}
        out = 0
        for outcome in found:
            absent = [a for a, all in targets.items() if not any(t.id == outcome.instance and t.serves for t in all)]
            if outcome.execution is not None and outcome.execution.said("Rotation") == "out" and absent:
                out += 1
                what = f"left out, does not serve in {', '.join(map(name_of, absent))}"
                yield wrong("instance-left-out", f"fleet {name}: {outcome.instance}", what, "back where it served")
        if not out:
            yield right(f"fleet {name}", "no execution left its instance out", "none")


def as_before(look: Look) -> Iterator[Item]:
    """Every target is registered as the snapshot has it, and no other is."""
    assert look.before is not None
    busy = at_work(look)
    for arn in look.groups:
        before, now = look.before.groups.get(arn), registered(look.account, arn)
        subject, wanted = name_of(arn), f"as on {look.before.taken}"
        if before is None or now is None:
            what = "is not in the snapshot" if before is None else "does not exist any more"
            yield wrong("registration-changed", subject, what, wanted)
            continue
        missing, added = [t for t in before if t not in now], [t for t in now if t not in before]
        for words, targets in (("not registered any more", missing), ("registered since", added)):
            for target in map(dict, targets):
                what, passing = f"{target['Id']}:{target.get('Port', '')} is {words}", target["Id"] in busy
                yield wrong("registration-changed", subject, what, wanted, passing)
        if not missing and not added:
            yield right(subject, f"all {len(now)} targets registered as before", wanted)


CHECKS = (
    Check("roll-done", "the last roll did the whole fleet", roll, ("no-roll", "roll-halted", "roll-incomplete")),
    Check(
        "instances-done",
        "every instance was patched or compliant",
        instances,
        ("instance-failed", "instance-deferred", "instance-skipped", "instance-not-reached"),
    ),
    Check("patches-seen", "who was reported as patched misses nothing", patched, ("not-patched",)),
    Check("nobody-left-out", "no instance was left out", back, ("instance-left-out",)),
)
AS_BEFORE = Check(
    "registered-as-before", "every target is registered as in the snapshot", as_before, ("registration-changed",)
)
