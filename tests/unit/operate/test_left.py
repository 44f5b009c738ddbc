"""Whether an instance may be put back, state by state. Wrong here means a reboot under traffic, or a needless wait."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from albpatch.operate.executions import Executions
from albpatch.operate.left import Left, look
from albpatch.operate.table import read
from unit.operate.accounts import NOW, OWNER, I, error, execution, item, session


def health(state: str | None) -> dict[str, Any]:
    listed = [] if state is None else [{"Target": {"Id": I, "Port": 80}, "TargetHealth": {"State": state}}]
    return {"TargetHealthDescriptions": listed}


def command(status: str = "Success", details: str = "", ended: float = 20, **members: Any) -> dict[str, Any]:
    """An installation of the owner; ended: minutes ago."""
    plugin = {"Name": "PatchLinux", "ResponseFinishDateTime": NOW - timedelta(minutes=ended)}
    return {
        "CommandId": "c-1",
        "DocumentName": "AWS-RunPatchBaseline",
        "Comment": f"alb-patching Install {OWNER}",
        "Status": status,
        "StatusDetails": details or status,
        "CommandPlugins": [plugin],
        **members,
    }


def left(
    state: str = "INSTALLING",
    *,
    owner: Any = None,
    commands: tuple[dict[str, Any], ...] = (command(),),
    ping: str = "Online",
    pinged: float = 1,
    host: str = "running",
    target: str | None = None,
    **record: Any,
) -> Left:
    """The one open record, looked at. pinged: minutes ago."""
    instance = {"InstanceId": I, "State": {"Name": host}, "Placement": {"AvailabilityZone": "us-east-1a"}}
    node = {"InstanceId": I, "PingStatus": ping, "LastPingDateTime": NOW - timedelta(minutes=pinged)}
    seen = session(
        scan={"Items": [item(LeaseState=state, **record)]},
        get_automation_execution=owner or execution(FailureMessage="it died"),
        describe_target_health=health(target),
        list_command_invocations={"CommandInvocations": list(commands)},
        describe_instances={"Reservations": [{"Instances": [instance] if host != "gone" else []}]},
        describe_instance_information={"InstanceInformationList": [node] if ping else []},
    )
    return look(seen, Executions(seen), read(seen).records[I])


@pytest.mark.parametrize("status", ["Pending", "InProgress", "Waiting", "Cancelling"])
@pytest.mark.parametrize("state", ["LEASED", "DRAINED", "INSTALLING", "HEALING"])
def test_nobody_is_put_back_behind_a_live_execution(status, state):
    """Whatever the state: as long as the owner is not over, it is not safe, and repair does nothing."""
    found = left(state, owner=execution(status, CurrentStepName="Install"))

    assert (found.safe, found.owner_over, found.repair) == (False, False, "nothing: its execution is alive")
    assert found.owner_words == f"{OWNER} is {status}, step Install"


@pytest.mark.parametrize("status", ["Success", "Failed", "TimedOut", "Cancelled", "Rejected", "Exited"])
def test_every_end_of_the_owner_is_an_end(status):
    """However it ended, it is over."""
    assert left(owner=execution(status)).owner_over


def test_an_owner_that_aws_has_forgotten_is_over():
    """Executions are kept for 30 days: who is not found is not alive."""
    found = left(owner=error("AutomationExecutionNotFoundException"))

    assert (found.owner, found.owner_over, found.safe) == (None, True, True)
    assert found.owner_words == f"{OWNER}, which AWS has forgotten"


@pytest.mark.parametrize("given_up", [{"BOOL": True}, {"S": "true"}])
def test_a_record_that_was_given_up_waits_for_nobody(given_up):
    """A cancelled execution gives its record up while it is still being cancelled."""
    found = left("DRAINED", owner=execution("Cancelling"), commands=(), Abandoned=given_up)

    assert (found.owner_over, found.safe) == (True, True)
    assert "gave it up" in found.owner_words


@pytest.mark.parametrize("state", ["LEASED", "HEALING"])
def test_states_without_a_risk_ask_no_host(state):
    """Nothing was touched, or all is registered: a command in flight does not matter."""
    assert left(state, commands=(command("InProgress"),), target="healthy").safe


@pytest.mark.parametrize("state", ["DETACHING", "DRAINED", "INSTALLING", "PATCHED", "RESTORING"])
@pytest.mark.parametrize("status", ["Pending", "InProgress", "Delayed", "Cancelling"])
def test_no_command_may_be_in_flight(state, status):
    """Any patch command, whoever sent it, may reboot the machine."""
    other = command(status, Comment="somebody else", DocumentName="AWS-RunPatchBaselineWithHooks")
    found = left(state, commands=(other,))

    assert (found.safe, found.reason) == (False, f"patch command c-1 is {status} and may reboot it")


def test_another_kind_of_command_is_no_obstacle():
    """Only patch commands reboot."""
    assert left("DRAINED", commands=(command("InProgress", DocumentName="AWS-RunShellScript"),)).safe


@pytest.mark.parametrize(("minutes", "safe"), [(9, False), (11, True)])
def test_a_command_may_still_be_on_the_way(minutes, safe):
    """Ten minutes after Commit without a trace of the command it was never sent."""
    committed = str(int((NOW - timedelta(minutes=minutes)).timestamp()))

    assert left(commands=(), CommittedAt=committed).safe is safe


@pytest.mark.parametrize(("state", "safe"), [("INSTALLING", False), ("PATCHED", True), ("RESTORING", True)])
def test_an_answer_is_waited_for_once(state, safe):
    """PATCHED was written by who had seen to the host: from then on an older ping keeps nobody out."""
    assert left(state, commands=(command(ended=1),), pinged=4).safe is safe


@pytest.mark.parametrize("details", ["ExecutionTimedOut", "DeliveryTimedOut", "Undeliverable", "Cancelled"])
def test_a_command_that_nobody_saw_end(details):
    """Timed out it may go on on the host; the agent's own answer is the only proof."""
    found = left(commands=(command("TimedOut", details),))

    assert (found.safe, found.reason) == (
        False,
        f"its patch command ended as {details}: nobody saw it end on the host",
    )


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"ping": "ConnectionLost"}, "its agent is ConnectionLost"),
        ({"ping": ""}, "its agent is unknown to Systems Manager"),
        ({"host": "stopped"}, "the instance is stopped"),
        ({"host": "gone"}, "the instance is gone"),
        ({"pinged": 21}, "its agent has not answered since the patch command ended at 03:10:00 UTC"),
    ],
)
def test_the_host_must_be_up(given, reason):
    """Running, online, and heard of since the end of the command: the end may be that of the reboot's first half."""
    assert (left(**given).safe, left(**given).reason) == (False, reason)


def test_where_it_stands():
    """What the record says and the target group does not have is out; unhealthy is not out."""
    assert (left().rotation, left().out) == ("web:80 not registered", True)
    assert (left(target="draining").rotation, left(target="draining").out) == ("web:80 draining", True)
    assert (left(target="unhealthy").rotation, left(target="unhealthy").out) == ("web:80 unhealthy", False)


def test_why():
    """What the state means and how the owner ended; a state of a later version is said to be unknown."""
    assert left().why == "a patch command may reboot it; it died"
    assert left(Failure="NOT_HEALTHY: It is sick.").why == "a patch command may reboot it; NOT_HEALTHY: It is sick."
    assert left("BAKED").why == "state BAKED is not known to this albpatch; it died"
    assert left(KeptOut={"BOOL": True}).why.startswith("kept out on purpose; ")
    assert left(KeptOut={"BOOL": False}).why == left().why


def test_what_repair_would_do():
    """It is the restore runbook's doing, in words."""
    assert left("LEASED").repair == "give record and leases back, no call of the load balancer"
    assert left("HEALING").repair == "register nothing, wait until it is healthy, close the record"
    assert "register what is missing of web:80" in left("DRAINED").repair
    assert left("DRAINED", KeptOut="a person").repair == "put it back only when it is asked to by name"
