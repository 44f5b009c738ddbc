"""The drain ends when the host is quiet, never while a request may be open, and never on the word of a blind look."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from albpatch.region.hosts import Hosts
from albpatch.rehearsal.nights import Night, night
from albpatch.report.model import Held
from night_fleet import group, scene

QUIET, WHOLE = "quiet", "the whole delay"
MACHINE = {"missing_patches": 2, "scan_seconds": 10, "patch_seconds": 5, "reboot_seconds": 60}
DELAY, MARGIN = 300, 5


def play(plan: dict[str, Any], *, traffic: Any = None, groups: Any = None, faults: Any = None, **profile: Any) -> Night:
    """Two machines, one after the other. The host reboots 5 s after the installation has begun: a cut would be seen."""
    return night(
        plan,
        scene(
            dict.fromkeys("ab", "own"),
            groups=groups or {"web": group(delay=DELAY)},
            traffic=traffic,
            faults=faults,
            extra={"own": {**MACHINE, **profile}},
        ),
    )


def drains(played: Night) -> list[str]:
    """How each execution says that its drain ended, in order."""
    return [execution.outputs["AwaitDelay.Drain"][0].partition(",")[0] for execution in played.executions]


def waited(played: Night) -> list[float]:
    """Seconds from each machine's deregistration until its installation was sent."""
    found = []
    for instance in dict.fromkeys(i for _, _, i in played.evidence.took_out):
        out = next(time for time, _, i in played.evidence.took_out if i == instance)
        sent = [
            e.time
            for e in played.evidence.of_instance[instance]
            if e.kind == "command" and e.detail["operation"] == "Install"
        ]
        found.append(sent[0] - out)
    return found


def looks(played: Night) -> list[tuple[str, str]]:
    """(document, how it ended) of every command that is no patch command."""
    ended = [e.detail for e in played.evidence.night if e.kind == "command" and e.detail["operation"] == ""]
    return [(d["document"], d["details"]) for d in ended if d["status"] not in ("Pending", "InProgress")]


def nothing_lost(played: Night) -> None:
    assert played.status == "SUCCESS"
    assert played.lost == 0
    assert [played.promises[i].held for i in ("C2", "C3", "C4")] == [Held.HELD] * 3


def test_out_for_a_minute_more_than_it_takes(plan):
    """With a delay of 300 s a host that goes quiet is out for patch, reboot, health and at most 60 s."""
    played = play(plan, patch_seconds=120)

    nothing_lost(played)
    assert drains(played) == [QUIET, QUIET]
    assert looks(played) == [("nights-await-quiet", "Success")] * 4
    for machine in played.report().machines:
        booted = [e.time for e in played.evidence.night if e.kind == "host" and e.detail["state"] == "starting"]
        up = [played.evidence.start + machine.out_to - time for time in booted]
        health = min(seconds for seconds in up if seconds > 0)
        assert machine.out_seconds <= 120 + 60 + health + 60


@pytest.mark.parametrize(
    ("traffic", "profile", "least", "most"),
    [
        pytest.param({"slow_share": 0}, {}, 35, 40, id="short requests"),
        pytest.param({"slow_seconds": 100}, {}, 135, 140, id="slow requests"),
        pytest.param({"idle_connections": "kept"}, {}, 105, 110, id="idle connections kept"),
        pytest.param({}, {"long_connections_seconds": 90}, 125, 130, id="connections that last a while"),
        pytest.param({}, {"scraper": "outside"}, 45, 50, id="a scraper elsewhere"),
        pytest.param({}, {"container_nat": True, "conntrack": True}, 45, 50, id="a container whose connections show"),
    ],
)
def test_quiet_begins_when_the_last_answer_is_given(plan, traffic, profile, least, most):
    """20 s after the last open connection of the load balancer, and nothing is cut on the way."""
    played = play(plan, traffic=traffic, **profile)

    nothing_lost(played)
    assert drains(played) == [QUIET, QUIET]
    assert all(least <= seconds <= most for seconds in waited(played)), waited(played)


@pytest.mark.parametrize(
    ("traffic", "profile", "found"),
    [
        pytest.param({"slow_seconds": 100}, {"container_nat": True}, ["Failed"], id="behind address translation"),
        pytest.param({}, {"scraper": "inside"}, ["Success", "Failed"], id="a scraper in the same subnet"),
        pytest.param({}, {"long_connections_seconds": 3600}, ["Success", "Failed"], id="connections that stay"),
        pytest.param({}, {"python3": False}, ["Failed"], id="no Python"),
        pytest.param({"slow_seconds": 100}, {"platform": "Windows"}, [], id="Windows"),
        pytest.param({"slow_seconds": 100}, {"platform": "MacOS"}, [], id="macOS"),
    ],
)
def test_what_is_not_believed_waits_for_the_whole_delay(plan, traffic, profile, found):
    """A look that fails, sees nothing before, or sees somebody for ever costs the whole delay, and no request."""
    played = play(plan, traffic=traffic, **profile)

    nothing_lost(played)
    assert drains(played) == [WHOLE, WHOLE]
    assert [details for _, details in looks(played)][: len(found)] == found
    assert bool(looks(played)) == bool(found)
    assert all(DELAY + MARGIN <= seconds <= DELAY + MARGIN + 15 for seconds in waited(played)), waited(played)


def test_a_blind_look_would_cut_requests(plan):
    """Were the first look not asked, a host behind address translation would be rebooted with requests open."""
    trusting = edited(plan, "if not seen:", "if False:")

    played = play(trusting, traffic={"slow_seconds": 100}, container_nat=True)

    assert drains(played) == [QUIET, QUIET]
    assert played.lost > 0
    assert played.promises["C4"].held is Held.BROKEN


def test_the_least_time_is_the_load_balancers(plan):
    """A Network Load Balancer sends for two minutes: quiet or not, nothing is installed before."""
    scenario = scene(
        dict.fromkeys("ab", "own"),
        groups={"web": group(delay=DELAY, protocol="TCP", attributes={"load_balancing.cross_zone.enabled": True})},
        traffic={"slow_share": 0},
        extra={"own": MACHINE},
        exists={"load_balancers": {"default": {"type": "network"}}},
    )

    played = night(plan, scenario)

    nothing_lost(played)
    assert drains(played) == [QUIET, QUIET]
    assert all(138 <= seconds <= 150 for seconds in waited(played)), waited(played)


def test_a_delay_shorter_than_quiet(plan):
    """Where the delay is over before quiet can be, the delay ends the drain: the look gives up at once."""
    played = play(plan, groups={"web": group(delay=20)}, traffic={"slow_share": 0})

    nothing_lost(played)
    assert drains(played) == [WHOLE, WHOLE]
    assert all(30 <= seconds <= 35 for seconds in waited(played)), waited(played)


@pytest.mark.parametrize("mode", ["probe", "await"])
@pytest.mark.parametrize("code", ["AccessDeniedException", "InvalidInstanceId"])
def test_a_look_that_cannot_be_sent(plan, mode, code):
    """It is no failure of the roll: the whole delay is waited for."""
    fault = {"call": "ssm.SendCommand", "code": code, "times": "for ever"}
    fault["where"] = {"DocumentName": "nights-await-quiet"}
    first = 1 if mode == "probe" else 2

    played = play(plan, faults={"calls": [{**fault, "first": first}]})

    nothing_lost(played)
    assert drains(played) == [WHOLE, WHOLE]


def test_an_agent_that_goes_away(plan):
    """When nobody reports the look any more, the command's own limit ends it, and nothing is cut."""

    def lose(region, world):
        hosts = region.part(Hosts)

        def heard(entry):
            if entry.kind == "step" and (entry.detail["step"], entry.detail["status"]) == ("AwaitQuiet", "InProgress"):
                region.clock.call_at(region.clock.time() + 5, hosts[world.machines["a"]].lose_agent)

        region.journal.listeners.append(heard)

    scenario = scene({"a": "own", "b": "compliant"}, groups={"web": group(delay=DELAY)}, extra={"own": {**MACHINE}})
    played = night(plan, scenario, prepare=lose)

    execution = played.of("a")
    assert execution.outputs["AwaitDelay.Drain"][0].startswith(WHOLE)
    assert looks(played)[-1] == ("nights-await-quiet", "ExecutionTimedOut")
    assert DELAY + MARGIN <= waited(played)[0] <= DELAY + MARGIN + 60 + 15
    assert played.lost == 0


def test_a_cancel_during_the_look(plan):
    """The instance goes back within seconds; the command that still looks changes nothing."""
    when = {"step": "AwaitQuiet", "after": 10}
    acts = [{"act": "cancel", "machine": m, "when": when} for m in "ab"]

    played = play(plan, faults={"acts": acts})

    assert played.executions[0].status == "Cancelled"
    assert [played.promises[i].held for i in ("C3", "C5")] == [Held.HELD, Held.HELD]
    assert played.lost == 0


def test_a_setting_always_waits_for_the_delay(plan):
    """drain.wait_for = "delay": no look is sent at all."""
    played = play(edited(plan, "WaitFor: quiet_or_delay", "WaitFor: delay"))

    nothing_lost(played)
    assert (drains(played), looks(played)) == ([WHOLE, WHOLE], [])


def edited(plan: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    """The plan with another text in its patching runbook."""
    text = json.dumps(plan)
    assert text.count(json.dumps(old)[1:-1]) >= 1
    return copy.deepcopy(json.loads(text.replace(json.dumps(old)[1:-1], json.dumps(new)[1:-1])))
