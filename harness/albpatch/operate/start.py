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
_BY_ID = "ParameterValues"
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
    """What is started for one fleet. parameters, version: the window task's, the pseudo parameters filled in.

    target: how Systems Manager is told who it is for.
    """

    name: str
    fleet: Fleet
    instances: tuple[Instance, ...]
    groups: tuple[Group, ...]
    version: str
    parameters: Mapping[str, list[str]]
    target_parameter: str
    target: Mapping[str, str | list[str]]

    @property
    def named(self) -> bool:
        """Whether exactly these instances are started, and not whoever belongs to the fleet by then."""
        return self.target["Key"] == _BY_ID


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
    made = tuple(_fleet(session, name, found, roll, whole=not instances) for name, found in chosen.items())
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
        Targets=[one.target],
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
    return {name: tuple(found) for name, found in members.items() if found}


def _target(fleet: Fleet, instances: tuple[Instance, ...], whole: bool) -> dict[str, str | list[str]]:
    """Those that are shown; where they are more than can be named, what the window targets. Raises InputError.

    Automation takes one tag with one value or one resource group: API reference, "Target".
    """
    if len(instances) <= AT_MOST:
        return {"Key": _BY_ID, "Values": [i.id for i in instances]}
    if whole and fleet.resource_group is not None:
        return {"Key": "ResourceGroup", "Values": [fleet.resource_group]}
    if whole and [len(values) for values in fleet.tags.values()] == [1]:
        [(key, values)] = fleet.tags.items()
        return {"Key": f"tag:{key}", "Values": list(values)}
    what = "a fleet of one tag with one value, or of a resource group" if whole else "whole fleets only"
    raise InputError(
        f"fleet {fleet.name}: {len(instances)} instances, and Systems Manager takes more than {AT_MOST} by hand for "
        f"{what}: name fewer with --instance"
    )


def _fleet(session: Session, name: str, instances: tuple[Instance, ...], roll: str, *, whole: bool) -> FleetStart:
    fleet = session.deployment.fleets[name]
    chosen = _target(fleet, instances, whole)
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
    version = automation.get("DocumentVersion", "$DEFAULT")
    return FleetStart(name, fleet, instances, groups, version, passed, target[0], chosen)


def _group(session: Session, fleet: Fleet, arn: str) -> Group:
    targets = session.account.balancing.targets(arn)
    if targets is None:
        raise Failure(f"target group {arn} does not exist")
    count, percent = session.account.balancing.minima(arn)
    budget = fleet.disruption_budget
    share = -(-max(percent, budget.min_healthy_percent) * len(targets) // 100)
    floor = max(count, budget.min_healthy, share)
    return Group(arn, sum(target.serves for target in targets), len(targets), floor)
