"""Claim, AwaitIdle and Tell: who may take a record over, when a host may be registered, and what is said."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from unit.scripts.world import EXECUTION, ME, START, World, moment

DEAD = "22222222-3333-4444-5555-666666666666"
PATCH = "web-alb-patching"
STATES = ("LEASED", "DETACHING", "DRAINED", "INSTALLING", "PATCHED", "RESTORING", "HEALING")
OVER = ("Success", "Failed", "TimedOut", "Cancelled", "Exited", "CompletedWithFailure")
ALIVE = ("Pending", "InProgress", "Waiting", "Cancelling", "PendingApproval", "Scheduled", "a status of tomorrow")
RECORD = [{"Arn": "arn:web", "Targets": [{"Id": ME, "Port": 80}], "Healthy": [{"Id": ME, "Port": 80}]}]


@pytest.fixture
def claim(run: Callable[..., Any]) -> Callable[..., dict[str, str]]:
    def runner(instance: str = "", execution: str = DEAD, action: str = "restore") -> dict[str, str]:
        who = {"InstanceId": instance, "ExecutionId": execution}
        return run("claim", **who, Action=action, Me=EXECUTION, PatchDocument=PATCH)

    return runner


def left(world: World, state: str, status: str = "Failed", owner: str = DEAD) -> None:
    world.table.open_record(ME, owner, state, RECORD)
    died(world, status, owner=owner)


def died(world: World, status: str, document: str = PATCH, owner: str = DEAD, **parameters: str) -> None:
    """An execution that AWS still knows."""
    given = {name: [value] for name, value in {"InstanceId": ME, **parameters}.items()}
    found = {"AutomationExecutionStatus": status, "DocumentName": document, "Parameters": given}
    world.executions[owner] = found


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
    """An execution that ended well and has no record ends as Success quietly."""
    world.executions[DEAD] = {
        "AutomationExecutionStatus": "Success",
        "DocumentName": PATCH,
        "Parameters": parameters,
    }

    assert claim()["Next"] == "nothing"
    assert world.table.items == {}


WINDOW = "99999999-8888-7777-6666-555555555555"
NOT_WELL = [status for status in OVER if status != "Success"]


@pytest.mark.parametrize("status", NOT_WELL)
@pytest.mark.parametrize(("window", "roll"), [(WINDOW, WINDOW), ("", DEAD)])
def test_a_death_without_a_record_halts_the_roll(world: World, claim: Any, status: str, window: str, roll: str) -> None:
    """Who died in its scan could say nothing and wrote nothing: nobody else of its roll is taken out all the same."""
    died(world, status, WindowExecutionId=window)

    assert claim()["Sentence"].startswith("NO_RECORD: ")
    assert world.table.get(f"ROLL#{roll}") == {"Id": f"ROLL#{roll}", "Halted": DEAD}


def test_a_death_halts_although_its_record_was_taken(world: World, claim: Any) -> None:
    """A parent that died while its child puts the instance back has failed: the child goes on, the roll does not."""
    left(world, "RESTORING", "InProgress", owner="33333333-3333-4444-5555-666666666666")
    died(world, "TimedOut", WindowExecutionId=WINDOW)

    assert claim()["Sentence"].startswith("TAKEN_OVER: ")
    assert world.table.get(f"ROLL#{WINDOW}")["Halted"] == DEAD


@pytest.mark.parametrize(
    ("status", "document", "instance"),
    [
        ("Success", PATCH, ME),
        *((status, PATCH, ME) for status in ALIVE),
        ("Failed", "other", ME),
        ("Failed", PATCH, ""),
    ],
)
def test_only_an_execution_that_ended_badly_halts(
    world: World, claim: Any, status: str, document: str, instance: str
) -> None:
    """Not one that is alive or ended well, not one of another runbook, not the parent of a rate control."""
    died(world, status, document, InstanceId=instance, WindowExecutionId=WINDOW)

    assert claim()["Next"] == "nothing"
    assert world.table.items == {}


def test_who_halted_first_is_kept(world: World, claim: Any) -> None:
    """The news of an end comes after its own report, which knows better; a second event changes nothing."""
    died(world, "Failed", WindowExecutionId=WINDOW)
    world.table.put(f"ROLL#{WINDOW}", Halted="NOT_HEALTHY")

    claim()
    claim()

    assert world.table.get(f"ROLL#{WINDOW}")["Halted"] == "NOT_HEALTHY"


def test_halting_meets_a_transaction(world: World, claim: Any) -> None:
    """Somebody who looks at this moment whether the roll goes on is waited for."""
    died(world, "Failed", WindowExecutionId=WINDOW)
    world.fail("dynamodb.UpdateItem", "TransactionConflictException")

    claim()

    assert world.table.get(f"ROLL#{WINDOW}")["Halted"] == DEAD and world.clock.now - START == 1


def test_record_of_somebody_else_is_not_taken_for_an_old_execution(world: World, claim: Any) -> None:
    """The news of an end that comes late finds another owner, over or not."""
    left(world, "DRAINED", owner="33333333-3333-4444-5555-666666666666")
    died(world, "Success")

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


def seen(ended: float) -> list[dict[str, Any]]:
    """The plugins of a command that ended then: the one for another platform was skipped and has no end."""
    return [{"Name": "PatchWindows"}, {"Name": "PatchLinux", "ResponseFinishDateTime": moment(START + ended)}]


@pytest.mark.parametrize("status", ["Success", "Failed"])
def test_agent_answers_after_the_command(world: World, await_idle: Any, status: str) -> None:
    """An agent shown as online may have said so before the machine went down: a younger ping is waited for."""
    world.command("mine", status, CommandPlugins=seen(-10))
    world.clock.at(290, lambda: world.agents[ME].update(LastPingDateTime=moment(START + 290)))

    await_idle()

    assert 290 <= world.clock.now - START <= 305


def test_agent_that_never_answers_again(world: World, await_idle: Any) -> None:
    """Over the limit nothing is registered, and the reason is named."""
    world.command("mine", "Success", CommandPlugins=seen(-10))

    with pytest.raises(RuntimeError, match=r"^HOST_NOT_IDLE: .*its agent has not answered since Install ended"):
        await_idle(limit=600)


def test_clock_of_the_host_that_is_ahead(world: World, await_idle: Any) -> None:
    """A host that lives in tomorrow ends its command there: an answer after the end was seen is enough."""
    world.command("mine", "Success", CommandPlugins=seen(86400))
    world.clock.at(200, lambda: world.agents[ME].update(LastPingDateTime=moment(START + 200)))

    await_idle()

    assert 200 <= world.clock.now - START <= 215


def test_answer_from_before_the_end_is_none(world: World, await_idle: Any) -> None:
    """A ping that came while the command still ran says nothing of what the reboot left."""
    world.command("mine", "InProgress")
    world.clock.at(50, lambda: world.agents[ME].update(LastPingDateTime=moment(START + 50)))
    world.clock.at(100, lambda: world.commands[0].update(Status="Success", StatusDetails="Success"))
    world.clock.at(100, lambda: world.commands[0].update(CommandPlugins=seen(100)))
    world.clock.at(350, lambda: world.agents[ME].update(LastPingDateTime=moment(START + 350)))

    await_idle()

    assert 350 <= world.clock.now - START <= 365


@pytest.mark.parametrize("state", ["PATCHED", "RESTORING"])
def test_host_that_was_seen_to(world: World, await_idle: Any, state: str) -> None:
    """The patching runbook waited for its host before it wrote PATCHED: nobody waits five minutes more for a ping."""
    world.command("mine", "Success", CommandPlugins=seen(-10))

    await_idle(state)

    assert world.clock.now == START


def test_command_without_an_answer_has_no_end_to_compare(world: World, await_idle: Any) -> None:
    """Of a command that was never delivered no end is known: the scan that succeeded later is the agent's answer."""
    world.command("mine", "TimedOut", "Delivery Timed Out", sent=-1000, CommandPlugins=[{"Name": "PatchLinux"}])
    world.command("a person's scan", "Success", sent=-300)

    await_idle()

    assert world.clock.now == START


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
