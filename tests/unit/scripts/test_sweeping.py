"""Sweep and SetAside: who is restored without being asked for, and who is left where it stands."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from unit.scripts.table import TABLE
from unit.scripts.world import EXECUTION, ME, World

DEAD = "22222222-3333-4444-5555-666666666666"
OTHER = "i-0123456789abcdef1"
RECORD = [
    {"Arn": "arn:web", "Targets": [{"Id": ME, "Port": 80}, {"Id": ME, "Port": 81}], "Healthy": []},
    {"Arn": "arn:spare", "Targets": [], "Healthy": []},
]
DOCUMENTS = {"Document": "web-alb-restore", "PatchDocument": "web-alb-patching", "Name": "web"}


@pytest.fixture
def sweep(world: World, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    monkeypatch.setattr(world, "_PutMetricData", lambda _params: {}, raising=False)
    return lambda: run("sweep", **DOCUMENTS)["Sentence"]


def left(world: World, name: str = ME, owner: str = DEAD, status: str = "Failed", runs: str = "patching") -> None:
    world.table.open_record(name, owner, "INSTALLING", RECORD)
    document = runs if "-" in runs else f"web-alb-{runs}"
    world.executions[owner] = {"AutomationExecutionStatus": status, "DocumentName": document}


def started(world: World) -> list[str]:
    return [params["Parameters"]["InstanceId"][0] for params in world.made("StartAutomationExecution")]


def test_every_record_whose_owner_is_over_is_restored(world: World, sweep: Any) -> None:
    """One execution for each, with instance and owner: who takes it over meanwhile is not overtaken."""
    left(world)
    left(world, OTHER, "33333333-3333-4444-5555-666666666666", "TimedOut", "restore")

    said = sweep()

    assert started(world) == [ME, OTHER]
    (first, second) = world.made("StartAutomationExecution")
    assert first["DocumentName"] == "web-alb-restore" and first["Parameters"]["ExecutionId"] == [DEAD]
    assert first["ClientToken"] != second["ClientToken"]
    assert said == f"2 open records. {ME} INSTALLING: execution restoring restores it; " + (
        f"{OTHER} INSTALLING: execution restoring restores it"
    )


def test_sweeps_side_by_side_ask_for_the_same(world: World, sweep: Any) -> None:
    """The token of a start is the same for the same state of the record within an hour, and another one after that."""
    left(world)
    for _ in range(2):
        sweep()
    world.clock.now += 3600
    sweep()
    world.table.items[f"INSTANCE#{ME}"]["LeaseToken"] = {"S": "2"}
    sweep()
    tokens = [params["ClientToken"] for params in world.made("StartAutomationExecution")]

    assert tokens[0] == tokens[1] and len(set(tokens)) == 3
    assert all(len(token) == 36 for token in tokens)


@pytest.mark.parametrize("status", ["Pending", "InProgress", "Waiting", "Cancelling", "a status of tomorrow"])
def test_the_living_are_left_alone(world: World, sweep: Any, status: str) -> None:
    """A status that is not known to be an end counts as alive."""
    left(world, status=status)

    assert f"{DEAD} is {status} and works on it" in sweep()
    assert started(world) == []


def test_who_gave_it_up_is_over(world: World, sweep: Any) -> None:
    """An abandoned record is restored while its owner is still being cancelled."""
    left(world, status="Cancelling")
    world.table.items[f"INSTANCE#{ME}"]["Abandoned"] = {"S": DEAD}
    sweep()

    assert started(world) == [ME]


def test_kept_out_is_named_and_left(world: World, sweep: Any) -> None:
    """What a person keeps out stays in the list and out of rotation."""
    left(world)
    world.table.items[f"INSTANCE#{ME}"]["KeptOut"] = {"S": "true"}

    assert sweep() == f"1 open records. {ME} INSTALLING: kept out on purpose"
    assert started(world) == []


def test_records_of_other_calls_are_theirs(world: World, sweep: Any) -> None:
    """A table may serve several calls; a record belongs to the one whose document its owner runs."""
    left(world, runs="api-alb-patching")

    assert sweep() == "0 open records. "
    assert started(world) == []


def test_an_owner_that_aws_has_forgotten_is_over(world: World, sweep: Any) -> None:
    """After 30 days nobody knows the execution any more: its instance is restored."""
    left(world)
    world.executions.clear()
    sweep()

    assert started(world) == [ME]


def test_other_items_are_no_records(world: World, sweep: Any) -> None:
    """Leases, rolls and what else stands in the table are passed over."""
    world.table.put("ROLL#x", Halted="y")
    world.table.put("TG#arn:web", Holders=["a 1"])
    world.table.put("INSTANCE#i-1", LastFailure="x")

    assert sweep() == "0 open records. "


def test_one_that_is_refused_keeps_nobody_waiting(world: World, sweep: Any) -> None:
    """The others are started; the sweep then fails and names the one that was not."""
    left(world)
    left(world, OTHER, "33333333-3333-4444-5555-666666666666")
    world.fail("ssm.StartAutomationExecution", "AccessDeniedException", None)

    with pytest.raises(RuntimeError, match=f"SWEEP_FAILED: {ME} not restored, .*AccessDenied"):
        sweep()
    assert started(world) == [ME, OTHER]


def test_a_refused_look_fails(world: World, sweep: Any) -> None:
    """An error that is not 'forgotten' is no proof of an end."""
    left(world)
    world.fail("ssm.GetAutomationExecution", "ThrottlingException")

    with pytest.raises(Exception, match="Throttling"):
        sweep()
    assert started(world) == []


def measured(world: World) -> dict[str, float]:
    """What the last sweep measured, all of it under the one name."""
    params = world.made("PutMetricData")[-1]
    assert params["Namespace"] == "ALBPatching"
    assert {json.dumps(one["Dimensions"]) for one in params["MetricData"]} == {'[{"Name": "Name", "Value": "web"}]'}
    return {one["MetricName"]: one["Value"] for one in params["MetricData"]}


def since(world: World, seconds: int, name: str = ME, **more: str) -> None:
    """The record was opened so many seconds ago."""
    given = {"Since": str(int(world.clock.now) - seconds), **more}
    world.table.items[f"INSTANCE#{name}"] |= {key: {"S": value} for key, value in given.items()}


def test_who_is_out_is_measured(world: World, sweep: Any) -> None:
    """How many and how long the longest, whoever owns them; other calls' records are measured by their own sweep."""
    left(world, status="InProgress")
    left(world, OTHER, "33333333-3333-4444-5555-666666666666")
    left(world, "i-0123456789abcdef2", "44444444-3333-4444-5555-666666666666", runs="api-alb-patching")
    since(world, 700)
    since(world, 90, OTHER)
    since(world, 9000, "i-0123456789abcdef2")
    sweep()

    assert measured(world) == {"InstancesOut": 2, "OldestRecordAge": 700}


def test_nobody_out_is_measured_as_well(world: World, sweep: Any) -> None:
    """Zeros come with every sweep: their absence is what says that no sweep comes any more."""
    sweep()

    assert measured(world) == {"InstancesOut": 0, "OldestRecordAge": 0}


def test_who_is_kept_out_does_not_grow_old(world: World, sweep: Any) -> None:
    """It is counted as out, and no alarm rings for what somebody wants."""
    left(world)
    since(world, 9_000_000, KeptOut="true")
    sweep()

    assert measured(world) == {"InstancesOut": 1, "OldestRecordAge": 0}


def test_what_cannot_be_measured_is_restored(world: World, sweep: Any) -> None:
    """A refused metric is told, and neither fails the sweep nor keeps an instance waiting."""
    left(world)
    world.fail("cloudwatch.PutMetricData", "AccessDenied")

    assert "Not measured: " in (said := sweep()) and "AccessDenied" in said
    assert started(world) == [ME]


def test_a_refused_start_is_measured(world: World, sweep: Any) -> None:
    """A sweep that fails still says how many are out."""
    left(world)
    since(world, 60)
    world.fail("ssm.StartAutomationExecution", "AccessDeniedException")

    with pytest.raises(RuntimeError, match="SWEEP_FAILED"):
        sweep()
    assert measured(world) == {"InstancesOut": 1, "OldestRecordAge": 60}


def aside(run: Any, action: str) -> None:

    run("set_aside", Action=action, Registrations=json.dumps(RECORD))


def test_keep_out_marks_the_record(world: World, run: Any) -> None:
    """The record stays with its leases: the instance costs capacity."""
    world.table.open_record(ME, EXECUTION, "DRAINED", RECORD)
    aside(run, "keep-out")

    assert world.table.get(f"INSTANCE#{ME}")["KeptOut"] == "true"
    assert world.table.leases == {"arn:web": [f"{ME} 2"]}


def test_forget_deletes_record_and_leases(world: World, run: Any) -> None:
    """In one transaction, without a call of the load balancer."""
    world.table.open_record(ME, EXECUTION, "DRAINED", RECORD)
    aside(run, "forget")

    assert world.table.get(f"INSTANCE#{ME}") == {} and world.table.leases == {}
    assert [name for name, _ in world.calls] == ["dynamodb.TransactWriteItems"]
    assert {w["TableName"] for i in world.calls[0][1]["TransactItems"] for w in i.values()} == {TABLE}


@pytest.mark.parametrize("action", ["keep-out", "forget"])
def test_nothing_is_set_aside_for_another_owner(world: World, run: Any, action: str) -> None:
    """Who lost the record meanwhile changes nothing."""
    world.table.open_record(ME, DEAD, "DRAINED", RECORD)

    with pytest.raises(Exception, match=r"ConditionalCheckFailed|TransactionCanceled"):
        aside(run, action)
    assert "KeptOut" not in world.table.get(f"INSTANCE#{ME}") and world.table.leases
