"""Somebody registers or deregisters an instance while it is worked on: what is theirs stays theirs, and is told."""

import pytest

from albpatch.rehearsal.interfere import instance_of
from albpatch.rehearsal.matrix import fleets, judge
from albpatch.rehearsal.matrix.play import play, start_restore
from albpatch.rehearsal.nights import fire, night


def call(name, step, carried_out=False):
    """The first such call of the struck machine's execution in that step, before it is carried out or after."""
    return {"call": name, "step": step, "carried_out": carried_out}


# state: (when somebody acts, when the execution dies with no other call in between)
MOMENTS = {
    "LEASED": (
        call("dynamodb.TransactWriteItems", "AcquireLease", carried_out=True),
        call("elbv2.DescribeTargetHealth", "Detach"),
    ),
    "DETACHING": (
        call("dynamodb.UpdateItem", "Detach", carried_out=True),
        call("elbv2.DeregisterTargets", "Detach"),
    ),
    "DETACHED": (call("elbv2.DeregisterTargets", "Detach", carried_out=True), {"step": "RouteDrain"}),
    "DRAINED": (call("dynamodb.UpdateItem", "AwaitDelay", carried_out=True), call("dynamodb.GetItem", "Commit")),
    "INSTALLING": ({"step": "Install", "after": 20}, {"step": "Install", "after": 20}),
    "HEALING": ({"step": "AwaitHealthy", "after": 1}, {"step": "AwaitHealthy", "after": 2}),
}
# (state, hand): the code that tells of it and how often we register the instance, with the owner alive and with the
# owner over; the state of the record that stays for a person
ROWS = {
    ("LEASED", "deregister"): (("CHANGED_BY_OTHER", 0), ("CHANGED_BY_OTHER", 0), "LEASED"),
    ("LEASED", "register"): (("PATCHED", 1), ("RESTORED", 0), ""),
    ("DETACHING", "deregister"): (("PATCHED", 1), ("RESTORED", 1), ""),
    ("DETACHED", "deregister"): (("PATCHED", 1), ("RESTORED", 1), ""),
    ("DETACHED", "register"): (("CHANGED_BY_OTHER", 0), ("RESTORED", 0), ""),
    ("DRAINED", "deregister"): (("PATCHED", 1), ("RESTORED", 1), ""),
    ("DRAINED", "register"): (("CHANGED_BY_OTHER", 0), ("RESTORED", 0), ""),
    ("INSTALLING", "deregister"): (("PATCHED", 1), ("RESTORED", 1), ""),
    ("INSTALLING", "register"): (("CHANGED_BY_OTHER", 0), ("RESTORED", 0), ""),
    ("HEALING", "deregister"): (("CHANGED_BY_OTHER", 1), ("CHANGED_BY_OTHER", 1), "HEALING"),
    ("HEALING", "register"): (("PATCHED", 1), ("RESTORED", 1), ""),
}
AT_ONCE = ("LEASED", "deregister")  # the execution is over within the same second
SAME = "DETACHING"  # nobody can tell who took it out: the record was written first, and what it says goes back


def acts(state, *what, dies=False):
    """These acts on the struck machine at that state; with `dies` its execution is over then."""
    when, death = MOMENTS[state]
    found = [{"act": act, "machine": fleets.STRUCK, "when": when} for act in what]
    return {"acts": [*found, *([{"act": "kill", "machine": fleets.STRUCK, "when": death}] if dies else [])]}


def registrations(played):
    """How often our roles registered the struck machine."""
    e, instance = played.evidence, played.world.machines[fleets.STRUCK]
    ours = [x for x in e.night if x.kind == "registration" and x.detail["action"] == "register" and e.is_ours(x)]
    return sum(f"|{instance}|" in x.subject for x in ours)


def told(played, kind):
    """The codes that were told of the struck machine in events of a kind, in their order."""
    instance = played.world.machines[fleets.STRUCK]
    events = [e.detail for e in played.evidence.night if e.kind == "event"]
    mine = [d["detail"] for d in events if d.get("detail_type") == f"ALB Patching {kind} Outcome"]
    return [detail["Code"] for detail in mine if detail["InstanceId"] == instance]


def records(after):
    """State of each record in the end."""
    return [item["LeaseState"] for key, item in after.table.items() if key.startswith("INSTANCE#")]


def violations(played, after, state):
    """Of the judge, but for the one state in which it knows more than the runbook can."""
    found = [f"{v.invariant}: {v.words}" for v in judge.judged(played, after, None)]
    return [words for words in found if not (state == SAME and words.endswith("somebody else had taken it out"))]


@pytest.mark.parametrize(("state", "hand"), ROWS)
def test_somebody_else_while_the_owner_is_alive(plan, state, hand):
    """The execution goes on where that costs nothing, and otherwise leaves the instance to whoever changed it."""
    (code, ours), _, left = ROWS[state, hand]
    played, after = play(plan, fleets.scenario("one", acts(state, hand)))

    assert told(played, "Instance")[0] == code
    assert (registrations(played), records(after)) == (ours, [left] if left else [])
    assert after.struck and violations(played, after, state) == []


@pytest.mark.parametrize(("state", "hand"), ROWS)
def test_somebody_else_and_the_owner_is_over(plan, state, hand):
    """The recovery puts back what its record says we took out, and nothing that is in rotation or was never touched."""
    _, (code, ours), left = ROWS[state, hand]
    played, after = play(plan, fleets.scenario("one", acts(state, hand, dies=True)))

    assert told(played, "Restore")[-1] == code
    assert (registrations(played), records(after)) == (ours, [left] if left else [])
    assert after.struck and violations(played, after, state) == []


@pytest.mark.parametrize(("state", "hand"), [row for row in ROWS if row != AT_ONCE])
def test_nobody_recovers_from_a_living_owner(plan, state, hand):
    """The restore runbook, started when somebody interferes, does nothing: the night ends as without it."""
    when, started = MOMENTS[state][0], []

    def meddle(region, world, loaded):
        instance = world.machines[fleets.STRUCK]

        def heard(entry):
            moment = (entry.kind, entry.detail.get("step"), entry.detail.get("status"))
            begun = moment == ("step", when["step"], "InProgress")
            if begun and not started and instance_of(region, world, entry.subject) == instance:
                started.append(None)
                region.clock.call_at(region.clock.time() + when.get("after", 0) + 1, begin)

        def begin():
            started[0] = start_restore(region, loaded, instance)

        region.journal.listeners.append(heard)
        return fire(region, world, loaded)

    played = night(plan, fleets.scenario("one", acts(state, hand)), start=meddle)
    (code, ours), _, _ = ROWS[state, hand]

    assert started[0].outputs["Claim.Sentence"][0].startswith("OWNER_ALIVE") and started[0].status == "Success"
    assert (told(played, "Instance")[0], registrations(played)) == (code, ours)


@pytest.mark.parametrize("dies", [False, True])
def test_never_healthy_while_healing(plan, dies):
    """It stays registered with its record and its lease, nobody else leaves; once it is well a recovery closes both."""
    played, after = play(plan, fleets.scenario("one", acts("HEALING", "sicken", dies=dies)))

    assert told(played, "Restore" if dies else "Instance")[0] == "NOT_HEALTHY"
    assert [record["LeaseState"] for record in after.left.values()] == ["HEALING"]
    assert {x.instance for x in played.executions} == {played.world.machines[fleets.STRUCK]}
    assert told(played, "Restore")[-1] == "RESTORED"
    assert (registrations(played), records(after)) == (1, [])
    assert judge.judged(played, after, None) == []
