"""OnCancel: what fits into two minutes, by the state of the record at the moment of the cancellation."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

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
    """Cancelled before the lease: no ELB call, and the roll is halted."""
    found = cancel()

    assert (found["Code"], found["Rotation"]) == ("CANCELLED_UNTOUCHED", "untouched")
    assert [name for name, _ in world.calls if name.startswith("elbv2")] == []
    assert world.table.get(f"ROLL#{WINDOW}")["Halted"] == "CANCELLED_UNTOUCHED"


def test_record_of_another_execution_is_left_alone(world: World, cancel: Any) -> None:
    """A record that somebody else owns is theirs, whatever its state."""
    web = world.group("web", (ME, 80, "healthy"))
    out(world, "DRAINED", web, owner=OTHER)

    assert cancel()["Code"] == "CANCELLED_UNTOUCHED"
    assert world.table.get(f"INSTANCE#{ME}")["LeaseOwner"] == OTHER and world.shown(web) == {80: "draining"}


def test_lease_is_given_back(world: World, cancel: Any) -> None:
    """LEASED: record and leases go in one transaction, without a single ELB call."""
    web = world.group("web", (ME, 80, "healthy"))
    out(world, "LEASED", web)

    assert cancel()["Code"] == "CANCELLED_UNTOUCHED"
    assert (world.table.get(f"INSTANCE#{ME}"), world.table.leases) == ({}, {})
    assert [name for name, _ in world.calls if name.startswith("elbv2")] == []


@pytest.mark.parametrize("state", ["DETACHING", "DRAINED"])
def test_before_commit_it_is_put_back_at_once(world: World, cancel: Any, state: str) -> None:
    """As long as no patch command was sent it is registered at once; the record stays until it is healthy."""
    web = world.group("web", (ME, 80, "healthy"))
    out(world, state, web)

    found = cancel()

    assert (found["Code"], found["Rotation"], world.shown(web)) == ("CANCELLED_RETURNED", "registered", {80: "initial"})
    assert world.table.get(f"INSTANCE#{ME}")["LeaseState"] == "HEALING"
    assert world.table.leases == {web: [f"{ME} 1"]}


@pytest.mark.parametrize("state", ["INSTALLING", "PATCHED", "RESTORING"])
def test_after_commit_it_touches_nothing(world: World, cancel: Any, state: str) -> None:
    """Once the patch command may have been sent the instance stays out, and the sentence says where it belongs."""
    web = world.group("web", (ME, 80, "healthy"))
    out(world, state, web)

    found = cancel()

    assert (found["Code"], found["Rotation"]) == ("CANCELLED_LEFT_OUT", "out")
    assert web in found["Sentence"] and world.made("RegisterTargets") == []
    assert world.table.get(f"INSTANCE#{ME}")["LeaseState"] == state


def test_what_is_registered_already_is_left_alone(world: World, cancel: Any) -> None:
    """HEALING: what somebody deregistered since then is not ours."""
    web = world.group("web", (ME, 80, "healthy"))
    out(world, "HEALING", web)

    assert (cancel()["Code"], world.made("RegisterTargets")) == ("CANCELLED_RETURNED", [])


def test_one_refusal_does_not_keep_the_others_out(world: World, cancel: Any) -> None:
    """A group that refuses is named, the others have their targets back, and the record says RESTORING."""
    web, api = world.group("web", (ME, 80, "healthy")), world.group("api", (ME, 81, "healthy"))
    out(world, "DRAINED", web, api)
    world.state(ME, 81, web, None)
    world.state(ME, 80, api, None)
    world.fail("elbv2.RegisterTargets", "AccessDenied")

    found = cancel()

    assert (found["Code"], world.shown(web), world.shown(api)) == (
        "CANCELLED_LEFT_OUT",
        {80: "draining"},
        {81: "initial"},
    )
    assert web in found["Sentence"] and api not in found["Sentence"]
    assert world.table.get(f"INSTANCE#{ME}")["LeaseState"] == "RESTORING"


def test_overtaken_between_read_and_write(world: World, cancel: Any) -> None:
    """Somebody who takes the record over at this moment stops it before anything is registered."""
    web = world.group("web", (ME, 80, "healthy"))
    out(world, "DRAINED", web)
    world.fail("dynamodb.UpdateItem", "ConditionalCheckFailedException")

    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        cancel()

    assert world.made("RegisterTargets") == []


def test_cancel_is_told(world: World, cancel: Any) -> None:
    """A cancelled execution sends an event of the same form as every other."""
    cancel()

    [event] = world.events
    assert (event["Source"], event["Detail"]["Outcome"]) == ("alb-patching", "failed")
    assert set(event["Detail"]) == {
        *("InstanceId", "ExecutionId", "WindowExecutionId", "Outcome", "Code", "Sentence", "Rotation")
    }
    assert json.dumps(event["Detail"])


@pytest.mark.parametrize("state", ["DETACHING", "DRAINED", "INSTALLING", "PATCHED", "RESTORING", "HEALING"])
def test_restore_runbook_goes_on(world: World, cancel: Any, state: str) -> None:
    """What does not fit into two minutes is handed over, once however often it is tried."""
    web = world.group("web", (ME, 80, "healthy"))
    out(world, state, web)

    found = cancel()

    [start] = world.made("StartAutomationExecution")
    assert start == {
        "DocumentName": "web-alb-restore",
        "ClientToken": EXECUTION,
        "Parameters": {"ExecutionId": [EXECUTION]},
    }
    assert "Execution restoring of web-alb-restore goes on." in found["Sentence"]


@pytest.mark.parametrize("state", ["", "LEASED"])
def test_nothing_to_restore_starts_nothing(world: World, cancel: Any, state: str) -> None:
    """Without a record, or with one that was given back, no restore runbook runs."""
    web = world.group("web", (ME, 80, "healthy"))
    if state:
        out(world, state, web)

    cancel()

    assert world.made("StartAutomationExecution") == []


def test_refused_start_is_told(world: World, cancel: Any) -> None:
    """A restore runbook that did not start is named in the sentence; the rest is done all the same."""
    web = world.group("web", (ME, 80, "healthy"))
    out(world, "DRAINED", web)
    world.fail("ssm.StartAutomationExecution", "AutomationExecutionLimitExceededException")

    found = cancel()

    assert "did not start" in found["Sentence"] and world.shown(web) == {80: "initial"}
