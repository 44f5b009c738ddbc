"""What must be true after every night of the matrix, whatever went wrong in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from albpatch.region.automation.executions import Execution
from albpatch.region.automation.service import Automation
from albpatch.rehearsal import rotation
from albpatch.rehearsal.evidence import OVER, Evidence
from albpatch.rehearsal.interfere import instance_of
from albpatch.rehearsal.losses import EPSILON
from albpatch.rehearsal.matrix.hands import meddled, moved, undone
from albpatch.rehearsal.matrix.play import CHILDREN, Aftermath
from albpatch.rehearsal.nights import Night
from albpatch.rehearsal.verdict import stop_the_line
from albpatch.report.matrix import Violation
from albpatch.report.model import Held
from albpatch.report.words import count

WELL = ("patched", "compliant", "skipped", "deferred")
OUT = ("absent", "draining")
HEARD_SECONDS = 5.0  # from a death until its event has started who halts the roll, and until who has a lease has left


def judged(night: Night, after: Aftermath, victim: str | None, *, denied: bool = False) -> list[Violation]:
    """Every violation.

    Args:
        victim: the machine that the fault itself took down; what its death costs is nobody else's fault.
        denied: the fault is a missing permission, so refused calls are part of it.
    """
    found = [Violation(name, words) for name, judge in INVARIANTS.items() for words in judge(night, after, victim)]
    return [v for v in found if not (denied and v.invariant == LEAST_PRIVILEGE)]


def exact(night: Night, _after: Aftermath, _victim: str | None) -> Iterator[str]:
    """The registered set is the one before, but for what somebody else took out last."""
    e = night.evidence
    before = {f"{arn}|{i}|{p}" for arn in e.world.groups.values() for i, p in e.world.registered(arn)}
    now = {key for key, state in e.last_state.items() if state not in OUT}
    yield from (f"{_target(e, key)} is not registered any more" for key in sorted(before - now - moved(e)))
    yield from (f"{_target(e, key)} is registered and was not before" for key in sorted(now - before))


def needed(night: Night, _after: Aftermath, _victim: str | None) -> Iterator[str]:
    """Nothing is registered that is registered already, was never there, or was taken out by somebody else."""
    e, state = night.evidence, dict[str, str]()
    for entry in e.until_end:
        if entry.kind == "target":
            state[entry.subject] = entry.detail["state"]
        elif entry.kind == "registration" and entry.detail["action"] == "register" and e.is_ours(entry):
            was = state.get(entry.subject, "absent")
            if was not in OUT:
                yield f"{_target(e, entry.subject)} registered at {e.at(entry.time)} although it was {was}"
    for entry in undone(e):
        yield f"{_target(e, entry.subject)} registered at {e.at(entry.time)} although somebody else had taken it out"


def floor(night: Night, _after: Aftermath, _victim: str | None) -> Iterator[str]:
    """No target group below its floor because of us. Whom somebody else takes out is neither missing nor there."""
    held, words = rotation.floor(_without(night.evidence, meddled(night.evidence, "deregister")))
    if held is Held.BROKEN:
        yield words


def requests(night: Night, _after: Aftermath, victim: str | None) -> Iterator[str]:
    """No request lost, but those of a host that the fault itself took down, or that somebody else put in."""
    e = night.evidence
    host = None if victim is None else night.world.machines[victim]
    theirs = meddled(e, "register")
    for arn, traffic in e.traffic.items():
        lost = traffic.refused + traffic.cut - sum(traffic.by_host.get(h, 0.0) for h in {host, *theirs} if h)
        if lost > EPSILON:
            why = "; ".join(dict.fromkeys(f"{loss.text} at {e.at(e.start + loss.at)}" for loss in traffic.losses))
            yield f"{count(lost)} requests of {e.world.group_name(arn)} lost: {why}"
    struck = {time for time, _ in night.acts}
    for reboot in rotation.rebooted_while_routed(e):
        if reboot.subject not in theirs and not (reboot.subject == host and reboot.time in struck):
            yield f"{e.name(reboot.subject)} rebooted at {e.at(reboot.time)} while requests could be sent to it"


def idle(night: Night, _after: Aftermath, victim: str | None) -> Iterator[str]:
    """Nothing registered while a patch command could reboot it."""
    for words in rotation.registered_while_patching(night.evidence):
        if victim is None or not words.startswith(f"{victim} "):
            yield words


def nothing_left(night: Night, after: Aftermath, _victim: str | None) -> Iterator[str]:
    """No record and no lease in the end, but where somebody else interfered. That a roll was halted is remembered."""
    theirs = meddled(night.evidence)
    for key, item in after.table.items():
        told = str(item.get("Failure")).startswith("CHANGED_BY_OTHER")
        if key.startswith("INSTANCE#") and not (told and key.partition("#")[2] in theirs):
            yield f"{key} is open in state {item.get('LeaseState')} after {after.rounds} recoveries"
        elif key.startswith("TG#") and {holder.split()[0] for holder in item.get("Holders", [])} - theirs:
            yield f"{key} has leases: {item}"


def truth(night: Night, after: Aftermath, _victim: str | None) -> Iterator[str]:
    """An end status that says what is: no failure is a success, and nobody is called patched who is not."""
    e, bad = night.evidence, False
    for instance, execution in _patching(night):
        name, outcome = e.name(instance), _outcome(execution)
        bad = bad or (execution.status != "Success" and (execution.ended or e.end) <= after.window_over)
        if execution.status not in OVER:
            yield f"the execution for {name} is still {execution.status}"
        elif execution.status == "Success" and outcome not in WELL:
            yield f"the execution for {name} is a Success with the outcome {outcome or 'nothing'}"
        elif execution.status == "Success" and (out := _out_at(e, execution, instance)):
            yield f"the execution for {name} is a Success and left out {', '.join(out)}"
        elif execution.status == "Failed" and not execution.dead and outcome in WELL:
            yield f"the execution for {name} is Failed with the outcome {outcome}"
        host = after.hosts[instance]
        if outcome == "patched" and (host.missing or host.pending):
            yield f"{name} is called patched, with {host.missing} missing and {host.pending} pending"
    if bad and night.status == "SUCCESS":
        yield "the window is a SUCCESS, and an execution was not"


def line(night: Night, _after: Aftermath, _victim: str | None) -> Iterator[str]:
    """After a failure nobody else leaves. Who died is heard of a moment later, unless something else fails as well."""
    theirs = meddled(night.evidence)
    ours = [x for x in night.evidence.executions if not (x.status == "Success" and x.instance in theirs)]
    faults = night.world.scenario
    heard = len(faults.interferences) == 1 and not faults.call_faults
    known = [dataclasses.replace(x, ended=(x.ended or 0) + HEARD_SECONDS) if x.killed else x for x in ours]
    alive = known if heard else [x for x in ours if not x.killed]
    held, words = stop_the_line(dataclasses.replace(night.evidence, executions=alive))
    if held is Held.BROKEN:
        yield words


def untouched(night: Night, _after: Aftermath, _victim: str | None) -> Iterator[str]:
    """Who has nothing to install stays where it is."""
    promise = night.promises["C1"]
    if promise.held is Held.BROKEN:
        yield promise.evidence


def allowed(night: Night, _after: Aftermath, _victim: str | None) -> Iterator[str]:
    """No call that the roles may not make."""
    promise = night.promises["C6"]
    if promise.held is Held.BROKEN:
        yield promise.evidence


LEAST_PRIVILEGE = "no call refused"
INVARIANTS: dict[str, Callable[[Night, Aftermath, str | None], Iterator[str]]] = {
    "registered as before": exact,
    "registered only what was out": needed,
    "floor": floor,
    "no request lost": requests,
    "registered only when idle": idle,
    "no record or lease left": nothing_left,
    "the end tells the truth": truth,
    "the line stops": line,
    "no needless drain": untouched,
    LEAST_PRIVILEGE: allowed,
}


def _patching(night: Night) -> Iterator[tuple[str, Execution]]:
    """The executions of the patching runbook with their instances."""
    for id_, execution in night.region.part(Automation).executions.items():
        instance = instance_of(night.region, night.world, id_)
        if instance is not None and not execution.children and not execution.document_name.endswith(CHILDREN):
            yield instance, execution


def _outcome(execution: Execution) -> str:
    return next((v[0] for k, v in execution.outputs.items() if k.endswith("Report.Outcome") and v), "")


def _out_at(e: Evidence, execution: Execution, instance: str) -> list[str]:
    """The instance's registrations that were missing when its execution ended, and that nobody else had taken out."""
    end, state = execution.ended or e.end, dict[str, str]()
    for entry in e.until_end:
        if entry.time > end:
            break
        if entry.kind == "target" and f"|{instance}|" in entry.subject:
            state[entry.subject] = entry.detail["state"]
    return [_target(e, key) for key, now in state.items() if now in OUT and key not in moved(e, end)]


def _without(e: Evidence, instances: set[str]) -> Evidence:
    """The evidence of a world in which these instances were in no target group."""
    machines = {
        name: dataclasses.replace(machine, registrations=()) if e.world.machines[name] in instances else machine
        for name, machine in e.world.scenario.machines.items()
    }
    scenario = dataclasses.replace(e.world.scenario, machines=machines)
    return dataclasses.replace(e, world=dataclasses.replace(e.world, scenario=scenario))


def _target(e: Evidence, key: str) -> str:
    arn, instance, port = key.rsplit("|", 2)
    return f"{e.name(instance)} port {port} of {e.world.group_name(arn)}"
