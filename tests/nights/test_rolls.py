"""Nights that go well: what leaves, in which order, for how long, and what is lost (nothing)."""

from itertools import pairwise

import pytest

from albpatch.rehearsal.nights import night
from albpatch.report.model import Held, State
from night_fleet import PROFILES, group, machine, scene


def held(played, *ids):
    """What the contract says of these promises."""
    return {id_: played.promises[id_].held for id_ in ids}


def ends(played):
    """(machine, status, outcome) of every execution in the order of their start."""
    names = [played.world.machine_name(x.instance) for x in played.executions]
    return [(n, played.of(n).status, played.outcome(n)) for n in names]


def out_seconds(played):
    """How long each machine was out of rotation, in whole seconds."""
    return {m.name: round(m.out_seconds) for m in played.report().machines}


def elb_writes(played):
    """Every registration and deregistration that a role made."""
    return [(c.operation, [t["Id"] for t in c.params["Targets"]]) for c in played.evidence.writes]


def test_four_machines_one_after_the_other(plan):
    """Two that reboot, one that starts slowly, one compliant: nothing is lost, nobody overlaps, one is left alone."""
    played = night(plan, scene({"a": "patches", "b": "patches", "c": "slow-start", "d": "compliant"}))

    assert played.status == "SUCCESS"
    assert sorted(ends(played)) == [
        ("a", "Success", "patched"),
        ("b", "Success", "patched"),
        ("c", "Success", "patched"),
        ("d", "Success", "compliant"),
    ]
    starts = [(x.started, x.ended) for x in played.executions]
    assert all(end <= start for (_, end), (start, _) in pairwise(starts))
    assert played.lost == 0
    assert held(played, "C1", "C2", "C3", "C4", "C6", "C8") == dict.fromkeys(
        ("C1", "C2", "C3", "C4", "C6", "C8"), Held.HELD
    )
    assert out_seconds(played)["d"] == 0
    assert len(elb_writes(played)) == 6


def test_every_second_of_a_machine_is_accounted_for(plan):
    """Deregistered, drained for 30 s, patched for 60 s, down for 30 s, started for 15 s, idle, checked, back."""
    played = night(plan, scene({"a": "patches", "b": "compliant"}))
    spans = played.report().machines[0].spans

    assert [(s.state.value, round(s.end - s.start, 1)) for s in spans[1:-2]] == [
        ("draining", 30.0),
        ("out of rotation", 5.8),
        ("patching", 61.0),
        ("rebooting", 30.0),
        ("application starting", 15.0),
        ("patching", 5.0),
        ("out of rotation", 5.2),
    ]
    assert spans[-2].state is State.CHECKING
    assert spans[-2].end - spans[-2].start <= 10.1  # the first passed check counts, one comes every 10 s
    assert played.lost == 0


def test_the_same_input_gives_the_same_night(plan):
    """Two runs have the same journal to the last entry."""
    first, second = (night(plan, scene({"a": "patches", "b": "compliant"})) for _ in range(2))

    assert first.evidence.entries == second.evidence.entries


def test_a_compliant_fleet_is_not_touched(plan):
    """No ELB write call, and under a minute an instance."""
    played = night(plan, scene({"a": "compliant", "b": "compliant", "c": "compliant"}))

    assert elb_writes(played) == []
    assert {x.status for x in played.executions} == {"Success"}
    assert all(x.ended - x.started < 60 for x in played.executions)
    assert held(played, "C1", "C4") == {"C1": Held.HELD, "C4": Held.NOT_EXERCISED}


@pytest.mark.parametrize(
    ("delay", "least"),
    [(0, 30), (30, 30), (300, 300), (900, 900)],
)
def test_every_deregistration_delay_is_waited_for(plan, delay, least):
    """Where the host cannot say when it is quiet, the reboot waits for the delay, and always for late requests."""
    silent = {"silent": {**PROFILES["patches"], "python3": False}}
    played = night(plan, scene({"a": "silent", "b": "compliant"}, groups={"web": group(delay=delay)}, extra=silent))
    (left, _, _) = played.evidence.took_out[0]
    rebooting = [e.time for e in played.evidence.entries if e.kind == "host" and e.detail["state"] == "rebooting"]

    assert played.outcome("a") == "patched"
    assert least <= rebooting[0] - left - 60 <= least + 30  # the packages take 60 s before the reboot
    assert held(played, "C3", "C4") == {"C3": Held.HELD, "C4": Held.HELD}


def test_slow_requests_that_the_delay_itself_cuts_are_told(plan):
    """A delay of 0 closes 8 s requests at once: 2/s x 0.1 x 1 of 2 targets x 8 s = 0.8, the group's own setting."""
    played = night(plan, scene({"a": "patches", "b": "compliant"}, groups={"web": group(delay=0)}))
    (traffic,) = played.evidence.traffic.values()

    assert traffic.cut_by_delay == pytest.approx(0.8)
    assert (traffic.refused, traffic.cut) == (0, 0)
    assert "0.8 cut by the target group's own deregistration delay" in played.promises["C4"].evidence


def test_several_target_groups_and_ports(plan):
    """An instance on two ports of one group and one of another leaves all three and comes back to all three."""
    groups = {"api": group(8080), "admin": group(9090)}
    machines = {n: machine(k, "many", ("api", ("api", 8081), "admin")) for k, n in enumerate("ab")}
    played = night(plan, scene({"a": "patches", "b": "patches"}, groups=groups, machines=machines))
    registrations = [e for e in played.evidence.night if e.kind == "registration"]
    ports = [(e.detail["action"], int(e.subject.rsplit("|", 1)[1])) for e in registrations]

    assert [e[2] for e in ends(played)] == ["patched", "patched"]
    assert sorted(ports[:3]) == [("deregister", 8080), ("deregister", 8081), ("deregister", 9090)]
    assert sorted(ports[3:6]) == [("register", 8080), ("register", 8081), ("register", 9090)]
    assert played.lost == 0
    assert held(played, "C2", "C3", "C4") == dict.fromkeys(("C2", "C3", "C4"), Held.HELD)


def test_a_slow_start_holds_the_next_machine_back(plan):
    """Nobody leaves before the slow one serves again in its target group."""
    played = night(plan, scene({"a": "slow-start", "b": "slow-start"}))
    first, second = played.executions
    healthy = [
        e.time
        for e in played.evidence.night
        if e.kind == "target" and e.detail["state"] == "healthy" and f"|{first.instance}|" in e.subject
    ]
    left = [time for time, _, instance in played.evidence.took_out if instance == second.instance]

    assert out_seconds(played)["a"] >= 60 + 60 + 300  # patches, reboot, start
    assert max(healthy) < left[0]
    assert played.promises["C4"].held is Held.HELD


def test_stopped_and_unmanaged_machines_do_not_stop_the_line(plan):
    """They are skipped as such, and both healthy machines are patched."""
    machines = {"s": machine(0, groups=(), state="stopped"), "u": machine(1)}
    played = night(plan, scene({"a": "patches", "b": "patches", "s": "patches", "u": "unmanaged"}, machines=machines))

    assert played.status == "SUCCESS"
    assert {m: played.outcome(m) for m in "abus"} == {"a": "patched", "b": "patched", "u": "skipped", "s": "skipped"}
    assert held(played, "C3", "C4", "C7") == dict.fromkeys(("C3", "C4", "C7"), Held.HELD)


def test_a_target_group_without_a_load_balancer_holds_nobody_up(plan):
    """Its targets are never healthy; the machine leaves it, is patched and is put back."""
    groups = {"web": group(load_balancer=None)}
    played = night(plan, scene({"a": "patches", "b": "compliant"}, groups=groups))

    assert played.outcome("a") == "patched"
    assert played.promises["C3"].held is Held.HELD


def test_throttling_everywhere_costs_seconds_only(plan):
    """Two throttled attempts of every call are retried; the night ends as without them."""
    calls = [
        *("elbv2.DescribeTargetHealth", "elbv2.DeregisterTargets", "elbv2.RegisterTargets"),
        *("elbv2.DescribeTargetGroups", "elbv2.DescribeTargetGroupAttributes", "ec2.DescribeInstances"),
        *("ssm.DescribeInstancePatchStates", "ssm.DescribeInstanceInformation", "ssm.GetAutomationExecution"),
        *("ssm.ListCommandInvocations", "ssm.SendCommand"),
    ]
    faults = {"calls": [{"call": call, "code": "ThrottlingException", "times": 2} for call in calls]}
    played = night(plan, scene({"a": "patches", "b": "compliant"}, faults=faults))
    throttled = [c for c in played.evidence.calls if c.error == "ThrottlingException"]

    assert {m: played.outcome(m) for m in "ab"} == {"a": "patched", "b": "compliant"}
    assert {f"{c.service}.{c.operation}" for c in throttled} == set(calls)
    assert held(played, "C3", "C4") == {"C3": Held.HELD, "C4": Held.HELD}
