"""Is anything left over from an earlier night, and what does the fleet miss?"""

from __future__ import annotations

from collections.abc import Iterator

from albpatch.live.automation import Execution
from albpatch.live.calls import Unanswered
from albpatch.live.checks.common import listed, name_of
from albpatch.live.verdicts import Check, Item, Look, right, wrong

COUNTS = ("MissingCount", "FailedCount", "InstalledPendingRebootCount")
_WORDS = {"MissingCount": "missing", "FailedCount": "failed", "InstalledPendingRebootCount": "waiting for a reboot"}


def instance_of(look: Look, execution: Execution) -> str:
    """The instance that an execution is for; empty for the parent of several. Raises Unanswered."""
    found = look.account.automation.parameters(execution.id).get("InstanceId", ())
    return found[0] if len(found) == 1 and "{{" not in found[0] else ""


def running(look: Look) -> Iterator[tuple[str, Execution]]:
    """Each execution of a runbook that is under way, with the name of its document. Raises Unanswered."""
    for document in look.documents:
        yield from ((document, e) for e in look.account.automation.executions(document) if e.under_way)


def at_work(look: Look) -> set[str]:
    """The instances that an execution works on now; none where AWS does not say."""
    try:
        return {instance_of(look, execution) for _, execution in running(look)} - {""}
    except Unanswered:
        return set()


def executions(look: Look) -> Iterator[Item]:
    """No execution runs, and the last one for each instance ended as Success."""
    found = look.account.automation.executions(look.deployment.document.name)
    for document, execution in running(look):
        what = f"execution {execution.id} for {instance_of(look, execution) or 'several'} is {execution.status}"
        yield wrong("roll-under-way", f"document {document}", what, "over", passing=True)
    seen: set[str] = set()
    failed = 0
    pending = sum(not e.under_way and e.status != "Success" for e in found)
    for execution in found:
        if not pending:
            break  # the rest are successes, however many
        instance = instance_of(look, execution)
        bad = not execution.under_way and execution.status != "Success"
        pending -= bad
        if bad and instance and instance not in seen:
            failed += 1
            yield wrong("execution-not-successful", instance, _reason(execution), "Success")
        seen.add(instance)
    if not failed:
        subject = f"document {look.deployment.document.name}"
        yield right(subject, f"{len(found)} executions in 30 days, none failed last", "Success")


def _reason(execution: Execution) -> str:
    said = ": ".join(filter(None, (execution.said("Code"), execution.said("Sentence")))) or execution.message
    told = execution.outputs.get("OnCancel.Sentence", "")
    when = f"{execution.started:%Y-%m-%d %H:%M %Z}"
    return f"execution {execution.id} of {when} ended as {execution.status}: {said or told}".rstrip(": ")


def draining(look: Look) -> Iterator[Item]:
    """No target drains without an execution that works on it."""
    busy = at_work(look)
    for arn in look.groups:
        found = [t for t in look.account.balancing.targets(arn) or [] if t.state == "draining"]
        for target in found:
            delay = look.account.balancing.delay(arn)
            by = "an execution is at work" if target.id in busy else "no execution is at work on it"
            rule = "roll-under-way" if target.id in busy else "left-draining"
            what = f"{target.id}:{target.port} is draining, {by}"
            yield wrong(rule, name_of(arn), what, f"gone within the delay of {delay} s", passing=True)
        if not found:
            yield right(name_of(arn), "no target is draining", "none")


def compliance(look: Look) -> Iterator[Item]:
    """What each instance misses, by its newest patch state."""
    for name, fleet in look.fleets:
        ids = [i.id for i in look.account.machines.of(fleet) if i.state == "running"]
        states = look.account.machines.patch_states(ids)
        complete = 0
        for instance_id in ids:
            state = states.get(instance_id)
            counts = {} if state is None else {key: state.get(key, 0) for key in COUNTS if state.get(key, 0)}
            if counts:
                what = f"{instance_id}: {', '.join(f'{number} {_WORDS[key]}' for key, number in counts.items())}"
                yield wrong("patches-missing", f"fleet {name}", what, "nothing missing")
            complete += state is not None and not counts
        unknown = sorted(set(ids) - set(states))
        if unknown:
            yield wrong("patches-unknown", f"fleet {name}", f"never scanned: {listed(unknown)}", "scanned")
        if complete:
            yield right(f"fleet {name}", f"{complete} of {len(ids)} instances miss nothing", "all")


CHECKS = (
    Check(
        "no-execution-left-over",
        "the last execution for each instance ended well",
        executions,
        ("roll-under-way", "execution-not-successful"),
    ),
    Check(
        "nothing-draining",
        "no target is left draining",
        draining,
        ("roll-under-way", "left-draining"),
    ),
    Check(
        "patch-compliance",
        "no instance misses patches",
        compliance,
        ("patches-missing", "patches-unknown"),
    ),
)
