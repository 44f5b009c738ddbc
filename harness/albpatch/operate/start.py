"""A roll started by hand: a rate-controlled execution for each fleet, with what the window's tasks pass."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from albpatch.errors import Failure, InputError
from albpatch.leases import Pause
from albpatch.live.calls import Unanswered
from albpatch.live.machines import Instance
from albpatch.operate.rolls import Roll, Rolls
from albpatch.operate.session import Session, words
from albpatch.operate.table import read
from albpatch.settings import Fleet

AT_MOST = 50  # values that a target of StartAutomationExecution takes
_TARGET, _ROLL = "{{RESOURCE_ID}}", "{{WINDOW_EXECUTION_ID}}"
_GONE = ("DoesNotExistException",)


@dataclass(frozen=True)
class Group:
    """A target group before the start. floor: what stays at least."""

    arn: str
    healthy: int
    registered: int
    floor: int


@dataclass(frozen=True)
class FleetStart:
    """What is started for one fleet. parameters, version: the window task's, the pseudo parameters filled in."""

    name: str
    fleet: Fleet
    instances: tuple[Instance, ...]
    groups: tuple[Group, ...]
    version: str
    parameters: Mapping[str, list[str]]
    target_parameter: str


@dataclass(frozen=True)
class Start:
    """What will be started. roll: a GUID that all executions of the start share."""

    roll: str
    fleets: tuple[FleetStart, ...]
    pause: Pause | None
    other: Roll | None
    open_records: tuple[str, ...]


def plan(session: Session, fleets: Sequence[str], instances: Sequence[str]) -> Start:
    """What a start would do; nothing is written. No fleet and no instance named: all fleets.

    Raises InputError, Failure, Unanswered.
    """
    session.belongs()
    chosen = _chosen(session, fleets, instances)
    contents, rolls = read(session), Rolls(session)
    source = rolls.latest()
    other = None if source is None else rolls.read(source, contents)
    roll = str(uuid.uuid4())
    made = tuple(_fleet(session, name, found, roll) for name, found in chosen.items())
    ids = {i.id for one in made for i in one.instances}
    open_records = tuple(sorted(ids & set(contents.records)))
    return Start(roll, made, contents.pause, other if other and other.under_way else None, open_records)


def begin(session: Session, start: Start) -> dict[str, str]:
    """Start it: fleet -> execution. Raises Failure, which names what was started before AWS refused the next one."""
    begun = dict[str, str]()
    for one in start.fleets:
        try:
            begun[one.name] = _begin(session, one)
        except Unanswered as error:
            done = ", ".join(f"fleet {name} as {i}" for name, i in begun.items()) or "nothing"
            raise Failure(f"fleet {one.name}: {words(error)}; started before: {done}, roll {start.roll}") from None
    return begun


def _begin(session: Session, one: FleetStart) -> str:
    rate = one.fleet.rate_control
    answer = session.ask(
        "ssm",
        "start_automation_execution",
        DocumentName=session.deployment.document.name,
        DocumentVersion=one.version,
        Parameters=dict(one.parameters),
        TargetParameterName=one.target_parameter,
        Targets=[{"Key": "ParameterValues", "Values": [i.id for i in one.instances]}],
        MaxConcurrency=rate.concurrency,
        MaxErrors=rate.errors,
        ClientToken=str(uuid.uuid4()),
    )
    return str(answer["AutomationExecutionId"])


def _chosen(session: Session, fleets: Sequence[str], instances: Sequence[str]) -> dict[str, tuple[Instance, ...]]:
    """Fleet -> the instances to patch."""
    known = session.deployment.fleets
    if unknown := sorted(set(fleets) - set(known)):
        raise InputError(f"{session.deployment.name} has no fleet {unknown[0]}, only {', '.join(sorted(known))}")
    members = {name: session.account.machines.of(known[name]) for name in fleets or known}
    if instances:
        everybody = {i.id for found in members.values() for i in found}
        if strangers := sorted(set(instances) - everybody):
            raise InputError(f"{', '.join(strangers)}: no instance of {session.deployment.name}'s fleets")
        members = {name: [i for i in found if i.id in instances] for name, found in members.items()}
    elif empty := sorted(name for name, found in members.items() if not found):
        raise InputError(f"no instance belongs to fleet {', '.join(empty)}")
    for name, found in members.items():
        if len(found) > AT_MOST:
            raise InputError(
                f"fleet {name} has {len(found)} instances, and Systems Manager takes {AT_MOST} at a time by hand: "
                "name some with --instance"
            )
    return {name: tuple(found) for name, found in members.items() if found}


def _fleet(session: Session, name: str, instances: tuple[Instance, ...], roll: str) -> FleetStart:
    fleet = session.deployment.fleets[name]
    window = {"WindowId": session.deployment.window.id, "WindowTaskId": fleet.task_id}
    task = session.account.calls.ask("ssm", "get_maintenance_window_task", _GONE, **window)
    if task is None:
        raise Failure(
            f"fleet {name}: its window task {fleet.task_id} is gone, so nobody knows what to pass; apply again"
        )
    automation = task["TaskInvocationParameters"]["Automation"]
    given: Mapping[str, list[str]] = automation.get("Parameters", {})
    target = [parameter for parameter, values in given.items() if values == [_TARGET]]
    passed = {n: [roll if v == _ROLL else v for v in values] for n, values in given.items() if n not in target}
    if len(target) != 1 or any("{{" in value for values in passed.values() for value in values):
        raise Failure(f"fleet {name}: its window task passes what only a window can fill in: {sorted(given)}")
    if [roll] not in passed.values():
        raise Failure(f"fleet {name}: its window task passes no roll, so that nothing could stop it; apply again")
    groups = tuple(_group(session, fleet, arn) for arn in fleet.target_group_arns)
    return FleetStart(name, fleet, instances, groups, automation.get("DocumentVersion", "$DEFAULT"), passed, target[0])


def _group(session: Session, fleet: Fleet, arn: str) -> Group:
    targets = session.account.balancing.targets(arn)
    if targets is None:
        raise Failure(f"target group {arn} does not exist")
    count, percent = session.account.balancing.minima(arn)
    budget = fleet.disruption_budget
    share = -(-max(percent, budget.min_healthy_percent) * len(targets) // 100)
    floor = max(count, budget.min_healthy, share)
    return Group(arn, sum(target.serves for target in targets), len(targets), floor)
