"""What an operator has decided is kept: a pause, an instance that stays out, one that is forgotten, one that failed."""

from __future__ import annotations

import re
from typing import Any

import pytest

from albpatch.region.automation.service import Automation
from albpatch.region.hosts import Hosts
from albpatch.report.model import Held
from night_fleet import scene
from operating import UNHEARD, Operator, fire, kept, started, turns

PAIR = {"a": "patches", "b": "patches"}


def dying(step: str) -> Any:
    """A night in which the first execution dies five seconds into a step, and its event is lost."""
    acts = [{"act": "kill", "machine": m, "when": {"step": step, "after": 5}} for m in PAIR]
    return scene(PAIR, faults={"acts": acts, "events": UNHEARD})


def die(o: Operator) -> str:
    """The window opens, and the first execution dies; its instance."""
    fire(o)
    while not (dead := [x for x in o.region.part(Automation).executions.values() if x.dead]):
        o.region.clock.sleep(1)
    return str(dead[0].given["InstanceId"][0])


def repaired(o: Operator, *args: str) -> str:
    """Repair so, and follow it to its end; the last line of what watch says."""
    said = o("repair", *args, "--yes")
    found = re.search(r"albpatch watch --execution (\S+)", said.out)
    assert said.status == 0 and found is not None, said
    watched = o("watch", "--execution", found[1])
    assert watched.status == 0, watched
    return watched.out.splitlines()[-1]


def test_a_pause_is_honoured_by_everybody(play):
    """While it stands, the window takes nobody out and its roll is incomplete; lifted, the fleet is patched."""

    def act(o):
        assert o("stop", "--pause", "an incident", "--yes").status == 0
        fire(o)
        assert o("watch").status == 1
        assert set(turns(o).values()) == {("web", "deferred")}
        assert "PAUSED" in o("status").text
        assert o("start", "--unpause", "--yes").status == 0
        started(o("start", "--yes"))
        assert o("watch").status == 0

    kept(play(scene(PAIR), act))


def test_who_is_kept_out_stays_out(play):
    """Kept out on purpose an instance is passed over by --all and by status's alarm; by name it comes back."""

    def act(o):
        instance = die(o)
        assert repaired(o, instance, "--keep-out") == "done: 1 kept-out"
        (one,) = o("status", "--format", "json").json["open_records"]
        assert (one["kept_out"], one["out"], one["instance"]) == (True, True, instance)
        assert "kept out on purpose" in one["why"]
        every = o("repair", "--all", "--yes")
        assert (every.status, "it is kept out on purpose: name it" in every.text) == (0, True)
        assert ("ssm", "StartAutomationExecution") not in o.boto.made
        assert repaired(o, instance) == "done: 1 restored"

    kept(play(dying("AwaitDelay"), act))


def test_who_is_forgotten_stays_where_it_stands(play):
    """Record and leases are gone, and nobody was registered; the operator puts it back by hand."""

    def act(o):
        instance = die(o)
        assert repaired(o, instance, "--forget") == "done: 1 forgotten"
        assert o("status", "--format", "json").json["open_records"] == []
        group = o.record["fleets"]["web"]["target_group_arns"][0]
        o.region.clock.sleep(60)
        health = o.call("elbv2", "DescribeTargetHealth", TargetGroupArn=group)["TargetHealthDescriptions"]
        assert instance not in [d["Target"]["Id"] for d in health]
        assert not [item for item in o.items().values() if "Holders" in item]

    assert play(dying("AwaitDelay"), act).promises["C3"].held is not Held.HELD


@pytest.mark.parametrize("mended", [True, False])
def test_who_failed_last_time(play, mended):
    """status says for whom windows wait; started by hand and mended it is patched, and nobody waits any more."""

    def act(o):
        fire(o)
        assert o("watch").status == 1
        (name,) = o("status", "--format", "json").json["failed_last_time"]
        assert f"{name} failed last time (" in o("status").text
        if mended:
            host = o.region.part(Hosts)[name]
            host.profile = o.region.part(Hosts)[o.instance("c")].profile
            started(o("start", "--instance", name, "--yes"))
            assert o("watch").status == 0
        else:
            o.region.clock.sleep(3600)
            fire(o)
            assert o("watch").status == 1
            assert turns(o)[o.world.machine_name(name)] == ("web", "deferred")
            assert "FAILED_LAST_TIME" in o("status").text
        assert (name in o("status", "--format", "json").json["failed_last_time"]) is not mended

    play(scene({"a": "broken-patch", "b": "broken-patch", "c": "compliant"}), act)
