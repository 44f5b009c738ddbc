"""What recovery does for each state that an execution can die or be cancelled in; it leaves the living alone."""

import pytest

from albpatch.rehearsal.interfere import instance_of
from albpatch.rehearsal.matrix import fleets, judge
from albpatch.rehearsal.matrix.play import play, start_restore
from albpatch.rehearsal.nights import fire, night

ALL, FIRST, NONE = {8080, 8081, 9090}, {9090}, set()


def call(name, step, number=1, carried_out=False):
    """A moment: a call of the struck machine's execution, before it is carried out or after."""
    return {"call": name, "step": step, "number": number, "carried_out": carried_out}


def struck(act, when):
    """The night and its recovery, with the first machine's execution ended at that moment."""
    return {"acts": [{"act": act, "machine": "a", "when": when}]}


def put_back(played):
    """(seconds after the fault, port) of every registration of the first machine since the fault."""
    e, since = played.evidence, played.acts[0][0]
    mine = [
        x
        for x in e.night
        if x.kind == "registration" and x.detail["action"] == "register" and x.time >= since and e.is_ours(x)
    ]
    rows = [(x.time - since, x.subject.rsplit("|", 2)) for x in mine]
    return [(after, int(port)) for after, (_, instance, port) in rows if instance == played.world.machines["a"]]


LEASED = call("dynamodb.TransactWriteItems", "AcquireLease", carried_out=True)
DETACHING = call("elbv2.DeregisterTargets", "Detach")
ONE_OUT = call("elbv2.DeregisterTargets", "Detach", 2)
ALL_OUT = call("elbv2.DeregisterTargets", "Detach", 2, carried_out=True)
DRAINED = call("dynamodb.UpdateItem", "AwaitDelay", carried_out=True)
NOT_SENT = call("ssm.SendCommand", "Install")
SENT = call("ssm.SendCommand", "Install", carried_out=True)
REBOOTING = {"host": "rebooting", "after": 5}
PATCHED = call("dynamodb.UpdateItem", "AwaitHostIdle", carried_out=True)

ROWS = {
    "record written, nothing touched": (LEASED, NONE, 0, 0),
    "before the first deregistration": (DETACHING, NONE, 0, 0),
    "one of two groups left": (ONE_OUT, FIRST, 0, 60),
    "both groups left": (ALL_OUT, ALL, 0, 60),
    "drained": (DRAINED, ALL, 0, 60),
    "committed, the command never sent": (NOT_SENT, ALL, 600, 700),
    "the command sent": (SENT, ALL, 100, 450),  # up to five minutes until the agent pings again
    "rebooting": (REBOOTING, ALL, 30, 400),
    "patched": (PATCHED, ALL, 0, 60),
}


@pytest.mark.parametrize("row", ROWS)
def test_death_in_every_state(plan, row):
    """Exactly what is absent is registered, not before nothing can reboot the machine and not long after it."""
    when, ports, least, most = ROWS[row]
    played, after = play(plan, fleets.scenario("many", struck("kill", when)))
    back = put_back(played)

    assert {port for _, port in back} == ports and len(back) == len(ports)
    assert all(least <= at <= most for at, _ in back), back
    assert after.struck and judge.judged(played, after, None) == []


@pytest.mark.parametrize("row", ROWS)
def test_cancel_in_every_state(plan, row):
    """The same, by the execution that was cancelled and what it starts: no other hand is needed."""
    when, ports, _, _ = ROWS[row]
    played, after = play(plan, fleets.scenario("many", struck("cancel", when)))

    assert {port for _, port in put_back(played)} >= ports
    assert after.left == {} and after.struck
    assert judge.judged(played, after, None) == []


def test_owner_alive_at_every_step(plan):
    """The restore runbook, started at each step of everybody's night, does nothing: the night is as without it."""
    started = []

    def meddle(region, world, loaded):
        def heard(entry):
            document = entry.kind == "step" and region_document(region, entry.subject)
            if document and document.endswith("-alb-patching") and entry.detail["status"] == "InProgress":
                instance = instance_of(region, world, entry.subject)
                name = entry.detail["step"]
                region.clock.call_at(region.clock.time(), lambda: started.append((name, begin(instance))))

        def begin(instance):
            return start_restore(region, loaded, instance)

        region.journal.listeners.append(heard)
        return fire(region, world, loaded)

    quiet = night(plan, fleets.scenario("many"))
    played = night(plan, fleets.scenario("many"), start=meddle)
    said = {execution.outputs["Claim.Sentence"][0].split(":")[0] for _, execution in started}

    assert {name for name, _ in started} >= {"Detach", "AwaitDelay", "Commit", "Install", "AwaitHostIdle", "Restore"}
    assert said == {"OWNER_ALIVE", "NO_RECORD"}
    assert {execution.status for _, execution in started} == {"Success"}
    assert [(c.operation, c.params["Targets"]) for c in played.evidence.writes] == [
        (c.operation, c.params["Targets"]) for c in quiet.evidence.writes
    ]
    assert played.lost == 0 and played.status == "SUCCESS"


def region_document(region, execution_id):
    """The name of the document that an execution runs."""
    from albpatch.region.automation.service import Automation

    return region.part(Automation).executions[execution_id].document_name
