"""Claim, AwaitIdle and Tell: who may take a record over, when a host may be registered, and what is said."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from unit.scripts.world import EXECUTION, ME, START, World, moment

DEAD = "22222222-3333-4444-5555-666666666666"
STATES = ("LEASED", "DETACHING", "DRAINED", "INSTALLING", "PATCHED", "RESTORING", "HEALING")
OVER = ("Success", "Failed", "TimedOut", "Cancelled", "Exited", "CompletedWithFailure")
ALIVE = ("Pending", "InProgress", "Waiting", "Cancelling", "PendingApproval", "Scheduled", "a status of tomorrow")
RECORD = [{"Arn": "arn:web", "Targets": [{"Id": ME, "Port": 80}], "Healthy": [{"Id": ME, "Port": 80}]}]


@pytest.fixture
def claim(run: Callable[..., Any]) -> Callable[..., dict[str, str]]:
    def runner(instance: str = "", execution: str = DEAD, action: str = "restore") -> dict[str, str]:
        who = {"InstanceId": instance, "ExecutionId": execution}
        return run("claim", **who, Action=action, Me=EXECUTION)

    return runner


def left(world: World, state: str, status: str = "Failed", owner: str = DEAD) -> None:
    world.table.open_record(ME, owner, state, RECORD)
    world.executions[owner] = {"AutomationExecutionStatus": status, "Parameters": {"InstanceId": [ME]}}


@pytest.mark.parametrize("status", OVER)
@pytest.mark.parametrize("state", STATES)
def test_record_of_an_execution_that_is_over_is_taken(world: World, claim: Any, state: str, status: str) -> None:
    """Owner and token change in one write, and the roll is halted: an execution that left its instance has failed."""
    left(world, state, status)

    found = claim()

    record = world.table.get(f"INSTANCE#{ME}")
    assert (record["LeaseOwner"], record["LeaseToken"], record["LeaseState"]) == (EXECUTION, "2", state)
    assert (found["InstanceId"], found["State"], found["Next"]) == (
        ME,
        state,
        {"LEASED": "release", "HEALING": "heal"}.get(state, "wait"),
    )
    assert world.table.get("ROLL#roll")["Halted"] == DEAD
    assert found["InstallComment"] == f"alb-patching Install {DEAD}"


@pytest.mark.parametrize("by", ["execution", "instance"])
@pytest.mark.parametrize("status", ALIVE)
@pytest.mark.parametrize("state", STATES)
def test_who_is_alive_keeps_its_record(world: World, claim: Any, state: str, status: str, by: str) -> None:
    """No time and nobody's wish changes that: nothing is written, nothing is registered."""
    left(world, state, status)
    before = json.dumps(world.table.items)

    found = claim() if by == "execution" else claim(ME, "")

    assert found["Next"] == "nothing" and found["Sentence"].startswith("OWNER_ALIVE: ")
    assert json.dumps(world.table.items) == before
    assert world.made("UpdateItem", "RegisterTargets") == []


def test_execution_that_aws_has_forgotten_is_over(world: World, claim: Any) -> None:
    """Automation keeps its history for 30 days; a record has no such limit."""
    left(world, "DRAINED")
    del world.executions[DEAD]

    assert claim(ME, "")["Next"] == "wait"


def test_cancellation_is_waited_for(world: World, claim: Any) -> None:
    """An execution whose cancellation workflow still runs is over soon."""
    left(world, "DRAINED", "Cancelling")
    world.clock.at(60, lambda: world.executions[DEAD].update(AutomationExecutionStatus="Cancelled"))

    assert claim()["Next"] == "wait"
    assert 60 <= world.clock.now - START <= 75


@pytest.mark.parametrize("parameters", [{}, {"InstanceId": ["i-0fedcba9876543210"]}])
def test_nothing_open_is_no_failure(world: World, claim: Any, parameters: dict[str, list[str]]) -> None:
    """An execution without a record, such as the parent of a rate control, ends as Success quietly."""
    world.executions[DEAD] = {"AutomationExecutionStatus": "Failed", "Parameters": parameters}

    assert claim()["Next"] == "nothing"
    assert world.table.items == {}


def test_record_of_somebody_else_is_not_taken_for_an_old_execution(world: World, claim: Any) -> None:
    """The news of an end that comes late finds another owner, over or not."""
    left(world, "DRAINED", owner="33333333-3333-4444-5555-666666666666")
    world.executions[DEAD] = {"AutomationExecutionStatus": "Failed", "Parameters": {"InstanceId": [ME]}}

    assert claim()["Sentence"].startswith("TAKEN_OVER: ")


def test_two_at_once(world: World, claim: Any) -> None:
    """Of two that take a record over one is refused by the table and does nothing."""
    left(world, "DRAINED")
    update = world.table.update_item

    def faster(params: dict[str, Any]) -> Any:
        world.table.items[f"INSTANCE#{ME}"] |= {"LeaseOwner": {"S": "somebody else"}, "LeaseToken": {"S": "2"}}
        return update(params)

    world.table.update_item = faster

    assert claim()["Next"] == "nothing"
    assert world.table.get(f"INSTANCE#{ME}")["LeaseOwner"] == "somebody else"


def test_lost_answer_of_the_take_over(world: World, claim: Any) -> None:
    """The table carried it out, the answer was lost, and the client's second try was refused: the record is its own."""
    left(world, "DRAINED")
    update = world.table.update_item

    def lost(params: dict[str, Any]) -> Any:
        update(params)
        return update(params) if "LeaseToken" in params["UpdateExpression"] else {}

    world.table.update_item = lost

    assert (claim()["Next"], world.table.get(f"INSTANCE#{ME}")["LeaseToken"]) == ("wait", "2")


def test_refused_read_is_a_failure(world: World, claim: Any) -> None:
    """What cannot be read is not taken for over."""
    left(world, "DRAINED")
    world.fail("ssm.GetAutomationExecution", "AccessDeniedException")

    with pytest.raises(ClientError, match="AccessDenied"):
        claim()


@pytest.mark.parametrize(("state", "back"), [("LEASED", []), ("HEALING", []), ("DETACHING", RECORD)])
def test_what_is_put_back(world: World, claim: Any, state: str, back: list[Any]) -> None:
    """LEASED: nothing was taken out. HEALING: all was put back, and who took it out since then had a reason."""
    left(world, state)

    assert json.loads(claim()["PutBack"]) == back


@pytest.fixture
def await_idle(run: Callable[..., Any]) -> Callable[..., None]:
    def runner(state: str = "INSTALLING", attempts: int = 9, committed: float = -900, limit: int = 3600) -> None:
        times = {"ClaimedAt": str(int(START)), "CommittedAt": str(int(START + committed)), "LimitSeconds": limit}
        run("await_idle", attempts, State=state, InstallComment="mine", **times)

    return runner


@pytest.mark.parametrize("status", ["Pending", "InProgress", "Delayed", "Cancelling"])
@pytest.mark.parametrize("state", ["DETACHING", "DRAINED", "INSTALLING", "PATCHED", "RESTORING"])
def test_patch_command_in_flight_is_waited_for(world: World, await_idle: Any, state: str, status: str) -> None:
    """Whoever sent it: it may reboot the machine at any moment."""
    world.command("somebody else's", status)
    world.command("mine", "Success")
    world.clock.at(700, lambda: world.commands[0].update(Status="Success", StatusDetails="Success"))

    await_idle(state)

    assert 700 <= world.clock.now - START <= 715 and world.made("SendCommand") == []


@pytest.mark.parametrize(("committed", "seconds"), [(-900, 0), (-300, 300), (0, 600)])
def test_command_that_was_never_sent(world: World, await_idle: Any, committed: float, seconds: int) -> None:
    """Ten minutes after Commit without a trace of the command it was never sent."""
    await_idle(committed=committed)

    assert seconds <= world.clock.now - START <= seconds + 15


@pytest.mark.parametrize("details", ["Execution Timed Out", "Delivery Timed Out", "Cancelled", "Terminated"])
def test_command_that_nobody_saw_end(world: World, await_idle: Any, details: str) -> None:
    """It may go on on the host: after the limit a person has to decide."""
    world.command("mine", "TimedOut", details)

    with pytest.raises(RuntimeError, match=r"^HOST_NOT_IDLE: .*nobody saw it end"):
        await_idle()

    assert 3600 <= world.clock.now - START <= 3615


@pytest.mark.parametrize(
    ("after", "status", "idle"), [(600, "Success", True), (599, "Success", False), (700, "Failed", False)]
)
def test_scan_that_succeeds_later_is_proof(
    world: World, await_idle: Any, after: float, status: str, idle: bool
) -> None:
    """A patch run that got the lock when the Install, if it ever arrived, would hold it: whoever asked for it."""
    world.command("mine", "TimedOut", "Execution Timed Out")
    world.command("a person's scan", status, RequestedDateTime=moment(START + after))
    world.commands[0]["RequestedDateTime"] = moment(START)

    if idle:
        await_idle()
        assert world.clock.now == START
    else:
        with pytest.raises(RuntimeError, match=r"^HOST_NOT_IDLE: .*no scan has succeeded since"):
            await_idle(limit=60)


def test_older_proof_counts(world: World, await_idle: Any) -> None:
    """PATCHED was written after the host was proven idle: what ended unseen before that does not matter."""
    world.command("mine", "TimedOut", "Execution Timed Out")

    await_idle("PATCHED")

    assert world.clock.now == START


@pytest.mark.parametrize("state", ["stopped", "pending", "shutting-down"])
def test_host_that_does_not_run(world: World, await_idle: Any, state: str) -> None:
    """Nothing is registered that does not run."""
    world.instance(ME, state=state)

    with pytest.raises(RuntimeError, match=f"^HOST_NOT_IDLE: .*the instance is {state}"):
        await_idle("DRAINED", limit=60)


def test_agent_that_is_away(world: World, await_idle: Any) -> None:
    """A machine that reboots has no agent; it is waited for."""
    world.agents[ME]["PingStatus"] = "ConnectionLost"
    world.clock.at(120, lambda: world.agents[ME].update(PingStatus="Online"))

    await_idle()

    assert 120 <= world.clock.now - START <= 135


@pytest.fixture
def tell(run: Callable[..., Any]) -> Callable[..., dict[str, str]]:
    said = {"State": "DRAINED", "Sentence": "Left by x in state DRAINED."}
    return lambda parent="", action="restore": run("tell", **said, Parent=parent, Action=action)


def test_restored_is_told(world: World, tell: Any) -> None:
    """An event and the outputs say the same."""
    world.step("Claim")
    world.step("Release")

    found = tell()

    assert (found["Outcome"], found["Code"], found["EventSent"]) == ("restored", "RESTORED", "yes")
    assert (world.events[0]["DetailType"], world.events[0]["Detail"]["Outcome"]) == (
        "ALB Patching Restore Outcome",
        "restored",
    )


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("RuntimeError: HOST_NOT_IDLE: i-0: its agent is ConnectionLost.", "HOST_NOT_IDLE"),
        ("An error occurred (AccessDenied) when calling X", "RESTORE_FAILED"),
    ],
)
def test_failure_is_told(world: World, tell: Any, message: str, code: str) -> None:
    """What failed has its code, and the sentence says that the record stays."""
    world.step("AwaitIdle", "Failed", message)

    found = tell()

    assert (found["Outcome"], found["Code"]) == ("failed", code)
    assert found["Sentence"].endswith("Its record stays.")


@pytest.mark.parametrize("owner", [EXECUTION, DEAD])
def test_failure_stands_in_the_record(world: World, tell: Any, owner: str) -> None:
    """Who looks at the record later reads why it is open; a record that is not its own is left alone."""
    left(world, "RESTORING", owner=owner)
    world.step("Restore", "Failed", "RuntimeError: RESTORE_FAILED: arn:web: no")

    tell()

    noted = world.table.get(f"INSTANCE#{ME}").get("Failure", "")
    assert noted == ("RESTORE_FAILED: Left by x in state DRAINED. arn:web: no Its record stays." * (owner == EXECUTION))


@pytest.mark.parametrize(("status", "events"), [("InProgress", 0), ("Cancelling", 1), ("Cancelled", 1), ("Failed", 1)])
@pytest.mark.parametrize("step", ["Success", "Failed"])
def test_parent_reports_as_long_as_it_can(world: World, tell: Any, status: str, events: int, step: str) -> None:
    """A child is quiet while the execution that waits for it goes on, and speaks for itself once that one is over."""
    world.executions[DEAD] = {"AutomationExecutionStatus": status}
    world.step("Release", step)

    found = tell(DEAD)

    assert len(world.events) == events
    assert found["Outcome"] == ("restored" if step == "Success" else "failed")


def test_parent_hands_its_record_over(world: World, claim: Any) -> None:
    """Who was started by the owner takes the record at once; that is no failure, so the roll goes on."""
    left(world, "PATCHED", "InProgress")
    world.parent = DEAD

    found = claim(ME, DEAD)

    record = world.table.get(f"INSTANCE#{ME}")
    assert (found["Next"], found["Parent"], record["LeaseOwner"], record["LeaseToken"]) == (
        "wait",
        DEAD,
        EXECUTION,
        "2",
    )
    assert world.table.get("ROLL#roll") == {}


def test_child_of_somebody_else_takes_nothing(world: World, claim: Any) -> None:
    """A parent that does not own the record gives no right to it."""
    left(world, "DRAINED", "InProgress")
    world.parent = "33333333-3333-4444-5555-666666666666"

    assert claim(ME, "")["Sentence"].startswith("OWNER_ALIVE: ")


@pytest.mark.parametrize("status", ["InProgress", "Cancelling", "Cancelled"])
@pytest.mark.parametrize("state", STATES)
def test_record_that_was_given_up_is_taken_at_once(world: World, claim: Any, state: str, status: str) -> None:
    """A cancelled execution gives its record up; nobody waits until it is over, and the roll is halted."""
    left(world, state, status)
    world.table.items[f"INSTANCE#{ME}"]["Abandoned"] = {"S": DEAD}

    found = claim(ME, "")

    record = world.table.get(f"INSTANCE#{ME}")
    assert record["LeaseOwner"] == EXECUTION and "Abandoned" not in record and found["Parent"] == ""
    assert world.clock.now == START and world.table.get("ROLL#roll")["Halted"] == DEAD


@pytest.mark.parametrize(("state", "waits"), [("DETACHING", False), ("DRAINED", False), ("PATCHED", True)])
def test_agent_matters_only_after_commit(world: World, await_idle: Any, state: str, waits: bool) -> None:
    """Before Commit no command of ours was sent, so a host whose agent is silent is registered at once."""
    world.agents[ME]["PingStatus"] = "ConnectionLost"
    world.clock.at(120, lambda: world.agents[ME].update(PingStatus="Online"))

    await_idle(state)

    assert (world.clock.now - START >= 120) == waits


def test_every_answer_has_every_output(world: World, claim: Any) -> None:
    """A selector that finds nothing may fail a step: whoever does nothing says so with the same names."""
    quiet = claim(ME, "")
    left(world, "DRAINED")

    assert set(quiet) == set(claim())


def test_nobody_named_means_all(world: World, claim: Any) -> None:
    """Without instance and execution the claim reads and writes nothing: the sweep follows."""
    left(world, "DRAINED")

    assert claim("", "")["Next"] == "sweep"
    assert world.calls == []


@pytest.mark.parametrize("action", ["keep-out", "forget"])
def test_setting_aside_needs_a_name(world: World, claim: Any, action: str) -> None:
    """keep-out and forget for everybody is refused."""
    left(world, "DRAINED")

    with pytest.raises(RuntimeError, match="NO_TARGET"):
        claim("", "", action)
    assert world.calls == []


@pytest.mark.parametrize("action", ["keep-out", "forget"])
@pytest.mark.parametrize("status", ["InProgress", "Failed"])
def test_setting_aside_needs_a_dead_owner(world: World, claim: Any, action: str, status: str) -> None:
    """The record is taken over first, as for everything else."""
    left(world, "DRAINED", status)

    assert claim(ME, "", action)["Next"] == ("set-aside" if status == "Failed" else "nothing")


@pytest.mark.parametrize(("instance", "execution", "taken"), [(ME, "", True), (ME, DEAD, False), ("", DEAD, False)])
def test_kept_out_until_a_person_names_the_instance(
    world: World, claim: Any, instance: str, execution: str, taken: bool
) -> None:
    """An event names the execution, a sweep both; only the instance alone ends it, and takes the mark away."""
    left(world, "DRAINED")
    world.table.items[f"INSTANCE#{ME}"]["KeptOut"] = {"S": "true"}

    found = claim(instance, execution)

    assert (found["Next"] == "wait") is taken
    assert ("KeptOut" in world.table.get(f"INSTANCE#{ME}")) is not taken
    assert found["Sentence"].startswith("KEPT_OUT") is not taken


@pytest.mark.parametrize(("action", "code"), [("keep-out", "KEPT_OUT"), ("forget", "FORGOTTEN")])
def test_setting_aside_is_told(world: World, tell: Any, action: str, code: str) -> None:
    """Who subscribed hears that a person decided so."""
    world.step("SetAside")

    found = tell("", action)

    assert (found["Code"], found["Outcome"]) == (code, code.lower().replace("_", "-"))
    assert world.events[0]["Detail"]["Code"] == code
