"""OnCancel: the record is given up and the restore runbook started, whatever state the record is in."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from unit.scripts.world import EXECUTION, ME, World

WINDOW = "99999999-8888-7777-6666-555555555555"
OTHER = "22222222-3333-4444-5555-666666666666"


@pytest.fixture
def cancel(run: Callable[..., Any]) -> Callable[[], dict[str, str]]:
    return lambda: run("on_cancel", WindowExecutionId=WINDOW, RestoreDocument="web-alb-restore")


def out(world: World, state: str, *groups: str, owner: str = EXECUTION) -> None:
    """A record in this state, its targets not registered unless the state says so."""
    entries = [{"Arn": g, "Targets": [d["Target"] for d in world.targets[g]]} for g in groups]
    world.table.open_record(ME, owner, state, entries)
    for group in groups:
        for entry in entries:
            for target in entry["Targets"] if state != "LEASED" else []:
                world.state(ME, target["Port"], group, "draining")


def test_without_a_record_nothing_was_touched(world: World, cancel: Any) -> None:
    """Cancelled before the lease: nothing is started, and the roll is halted."""
    found = cancel()

    assert (found["Code"], found["Rotation"]) == ("CANCELLED_UNTOUCHED", "untouched")
    assert world.made("StartAutomationExecution") == []
    assert world.table.get(f"ROLL#{WINDOW}")["Halted"] == EXECUTION


def test_record_of_another_execution_is_left_alone(world: World, cancel: Any) -> None:
    """A record that somebody else wrote is theirs, whatever its state."""
    web = world.group("web", (ME, 80, "healthy"))
    out(world, "DRAINED", web, owner=OTHER)

    assert cancel()["Code"] == "CANCELLED_UNTOUCHED"
    assert world.table.get(f"INSTANCE#{ME}")["LeaseOwner"] == OTHER
    assert "Abandoned" not in world.table.get(f"INSTANCE#{ME}") and world.made("StartAutomationExecution") == []


@pytest.mark.parametrize(
    ("state", "code", "rotation"),
    [
        ("LEASED", "CANCELLED_UNTOUCHED", "untouched"),
        ("DETACHING", "CANCELLED_LEFT_OUT", "out"),
        ("DRAINED", "CANCELLED_LEFT_OUT", "out"),
        ("INSTALLING", "CANCELLED_LEFT_OUT", "out"),
        ("PATCHED", "CANCELLED_LEFT_OUT", "out"),
    ],
)
def test_record_is_given_up(world: World, cancel: Any, state: str, code: str, rotation: str) -> None:
    """In every state the restore runbook may take it over at once; nothing is registered here, no lease is given."""
    web = world.group("web", (ME, 80, "healthy"))
    out(world, state, web)

    found = cancel()

    assert (found["Code"], found["Rotation"]) == (code, rotation) and web in found["Sentence"]
    record = world.table.get(f"INSTANCE#{ME}")
    assert (record["Abandoned"], record["LeaseOwner"], record["LeaseState"]) == (EXECUTION, EXECUTION, state)
    assert world.table.leases == {web: [f"{ME} 1"]}
    assert [name for name, _ in world.calls if name.startswith("elbv2")] == []


@pytest.mark.parametrize(
    ("state", "code", "rotation"),
    [("RESTORING", "CANCELLED_LEFT_OUT", "out"), ("HEALING", "CANCELLED_RETURNED", "registered")],
)
def test_child_keeps_the_record(world: World, cancel: Any, state: str, code: str, rotation: str) -> None:
    """Cancelled while the restore runbook works: it stays the owner, and one more takes over if it was stopped too."""
    web = world.group("web", (ME, 80, "healthy"))
    out(world, state, web)
    world.table.items[f"INSTANCE#{ME}"]["LeaseOwner"] = {"S": OTHER}

    found = cancel()

    assert (found["Code"], found["Rotation"]) == (code, rotation)
    assert "Abandoned" not in world.table.get(f"INSTANCE#{ME}")
    assert len(world.made("StartAutomationExecution")) == 1


def test_refused_write_does_not_stop_it(world: World, cancel: Any) -> None:
    """A record that cannot be given up is taken over once this execution is over: start and news matter more."""
    web = world.group("web", (ME, 80, "healthy"))
    out(world, "DRAINED", web)
    world.fail("dynamodb.UpdateItem", "ProvisionedThroughputExceededException")

    assert cancel()["Code"] == "CANCELLED_LEFT_OUT"
    assert len(world.made("StartAutomationExecution")) == 1 and "Halted" in world.table.get(f"ROLL#{WINDOW}")


def test_cancel_is_told(world: World, cancel: Any) -> None:
    """A cancelled execution sends an event of the same form as every other."""
    cancel()

    [event] = world.events
    assert (event["Source"], event["Detail"]["Outcome"]) == ("alb-patching", "failed")
    assert set(event["Detail"]) == {
        *("InstanceId", "ExecutionId", "WindowExecutionId", "Outcome", "Code", "Sentence", "Rotation")
    }
    assert json.dumps(event["Detail"])


@pytest.mark.parametrize("state", ["LEASED", "DETACHING", "DRAINED", "INSTALLING", "PATCHED"])
def test_restore_runbook_goes_on(world: World, cancel: Any, state: str) -> None:
    """What does not fit into two minutes is handed over, once however often it is tried."""
    web = world.group("web", (ME, 80, "healthy"))
    out(world, state, web)

    found = cancel()

    [start] = world.made("StartAutomationExecution")
    assert start == {
        "DocumentName": "web-alb-restore",
        "ClientToken": EXECUTION,
        "Parameters": {"InstanceId": [ME]},
    }
    assert "Execution restoring of web-alb-restore sees to it." in found["Sentence"]


def test_refused_start_is_told(world: World, cancel: Any) -> None:
    """A restore runbook that did not start is named in the sentence; the rest is done all the same."""
    web = world.group("web", (ME, 80, "healthy"))
    out(world, "DRAINED", web)
    world.fail("ssm.StartAutomationExecution", "AutomationExecutionLimitExceededException")

    found = cancel()

    assert "did not start" in found["Sentence"] and "Abandoned" in world.table.get(f"INSTANCE#{ME}")
