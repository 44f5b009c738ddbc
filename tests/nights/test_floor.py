"""Nights in which capacity is short: nobody leaves when the target group cannot spare him."""

from albpatch.region.hosts import Hosts
from albpatch.rehearsal.nights import night
from albpatch.report.model import Held
from night_fleet import group, scene

ONE_ZONE = {"attributes": {"load_balancing.cross_zone.enabled": False}}


def sick(machine, after=0):
    return {"acts": [{"act": "sicken", "machine": machine, "when": {"after": after}}]}


def prepared_sick(machine):
    """The machine is sick, and its target unhealthy, before the night begins."""

    def prepare(region, world):
        region.part(Hosts).sicken(world.machines[machine])
        region.clock.run(region.clock.spawn("wait", region.clock.sleep, 60))

    return prepare


def test_a_fleet_of_two_can_be_patched(plan):
    """The default floor of one healthy target and half of the fleet lets one of two go at a time."""
    played = night(plan, scene({"a": "patches", "b": "patches"}))

    assert {played.outcome("a"), played.outcome("b")} == {"patched"}
    assert "lowest 1 of 2, floor 1" in played.promises["C2"].evidence


def test_with_its_neighbour_sick_the_last_healthy_one_stays(plan):
    """Of two machines the healthy one is deferred without an ELB write; the sick one costs nothing and is patched."""
    played = night(plan, scene({"a": "patches", "b": "patches"}), prepare=prepared_sick("b"))
    out = {played.world.machine_name(i) for _, _, i in played.evidence.took_out}

    assert (played.status, played.outcome("a"), played.outcome("b")) == ("SUCCESS", "deferred", "patched")
    assert out == {"b"}
    assert played.promises["C2"].held is Held.HELD
    assert played.lost == 0


def test_a_machine_alone_behind_its_target_group_is_never_taken_out(plan):
    """One target is the floor: patching waits for a second one."""
    played = night(plan, scene({"a": "patches"}))

    assert played.outcome("a") == "deferred"
    assert played.evidence.writes == []


def test_a_neighbour_that_turns_sick_during_the_drain_calls_it_off(plan):
    """Commit looks once more: the drained machine goes back at once, unpatched, deferred."""
    played = night(plan, scene({"a": "patches", "b": "patches"}, faults=sick("b", after=20)))
    first = played.of("a") if played.outcome("a") == "deferred" else played.of("b")
    installs = [e for e in played.evidence.night if e.kind == "command" and e.detail.get("operation") == "Install"]

    assert played.world.machine_name(first.instance) == "a"
    assert played.evidence.took_out[0][2] == first.instance
    assert all(e.detail["instance"] != first.instance for e in installs)
    assert played.promises["C3"].held is Held.HELD


def test_the_floor_holds_in_every_zone_where_cross_zone_is_off(plan):
    """Two machines a zone, one a zone at a time: never below one of two anywhere."""
    played = night(plan, scene(dict.fromkeys("abcd", "patches"), groups={"web": group(**ONE_ZONE)}))
    evidence = played.promises["C2"].evidence

    assert {played.outcome(n) for n in "abcd"} == {"patched"}
    assert "web in us-east-1a: lowest 1 of 2, floor 1" in evidence
    assert "web in us-east-1c: lowest 1 of 2, floor 1" in evidence


def test_a_sick_machine_defers_only_its_own_zone(plan):
    """a and c stand in one zone: with c sick a stays, while b and d of the other zone are patched."""
    played = night(
        plan, scene(dict.fromkeys("abcd", "patches"), groups={"web": group(**ONE_ZONE)}), prepare=prepared_sick("c")
    )

    assert {n: played.outcome(n) for n in "abcd"} == {
        "a": "deferred",
        "b": "patched",
        "c": "patched",
        "d": "patched",
    }
    assert played.promises["C2"].held is Held.HELD


def test_the_groups_own_minimum_counts_too(plan):
    """A target group that asks for three healthy targets lets none of three go."""
    attributes = {"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": 3}
    played = night(plan, scene(dict.fromkeys("abc", "patches"), groups={"web": group(attributes=attributes)}))

    assert {played.outcome(n) for n in "abc"} == {"deferred"}
    assert played.evidence.writes == []
