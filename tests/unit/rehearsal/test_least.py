"""The least time of each machine: what it takes by itself, and what the settings ask for, no more."""

import pytest

from albpatch.rehearsal.least import beyond, bound
from albpatch.rehearsal.scenario import parse
from albpatch.rehearsal.world import World
from albpatch.report.model import Machine, Night, Span, State

TIMES = {"scan_seconds": 10, "patch_seconds": 100, "reboot_seconds": 50, "start_seconds": 5, "agent_seconds": 20}
SETTINGS = {
    "drain": {"propagation_seconds": 30},
    "health": {"consecutive_looks": 3, "interval_seconds": 15, "bake_seconds": 60},
    "patching": {"reboot_option": "RebootIfNeeded"},
}
PATCHED = {"scan": 10, "wait": 30, "patch": 100, "reboot": 50, "after_reboot": 30, "looks": 90}


def least(profile, *, group=None, settings=None, registered=True, **machine):
    """The parts of one machine behind one group that are not 0, and the bound they were computed in."""
    registrations = [{"target_group": "web"}] if registered else []
    scenario = parse(
        {
            "exists": {
                "zones": ["us-east-1a"],
                "target_groups": {"web": {"port": 80, **(group or {})}},
                "load_balancers": {"app": {"type": "application"}, "net": {"type": "network"}},
                "instances": {"a": {"zone": "us-east-1a", "registrations": registrations, **machine}},
            },
            "profiles": {"p": {**TIMES, **profile}},
            "assign": {"a": "p"},
        }
    )
    record = {"schema": "alb-patching/deployment/1", "settings": {**SETTINGS, **(settings or {})}}
    world = World(scenario, {"web": "arn"}, {"a": "i-1"})
    made = bound({"planned_values": {"x": record}}, world, [("w", [("web", 1, ["i-1"])])])
    (one,) = made.windows[0].fleets[0].machines
    return {name: value for name, value in vars(one).items() if name != "name" and value}, made, scenario


CASES = {
    "patches": ({"missing_patches": 1}, {}, PATCHED),
    "a late application": ({"missing_patches": 1, "start_seconds": 200}, {}, {**PATCHED, "after_reboot": 200}),
    "a reboot that waits": ({"pending_reboot": 1}, {}, {**PATCHED, "patch": 10}),
    "nothing to do": ({}, {}, {"scan": 10}),
    "not managed": ({"missing_patches": 1, "managed": False}, {}, {}),
    "stopped": ({"missing_patches": 1}, {"state": "stopped"}, {}),
    "in no group": ({"missing_patches": 1}, {"registered": False}, {**PATCHED, "wait": 0, "looks": 0}),
    "a network load balancer": (
        {"missing_patches": 1},
        {"group": {"protocol": "TCP", "load_balancer": "net"}},
        {**PATCHED, "wait": 120},
    ),
    "no reboot": (
        {"missing_patches": 1},
        {"settings": {"patching": {"reboot_option": "NoReboot"}}},
        {**PATCHED, "reboot": 0, "after_reboot": 0},
    ),
    "the whole delay asked for": (
        {"missing_patches": 1},
        {
            "settings": {"drain": {"propagation_seconds": 30, "wait_for": "delay"}},
            "group": {"attributes": {"deregistration_delay.timeout_seconds": 300}},
        },
        {**PATCHED, "wait": 300},
    ),
    "quiet or the delay": (
        {"missing_patches": 1},
        {
            "settings": {"drain": {"propagation_seconds": 30, "wait_for": "quiet_or_delay"}},
            "group": {"attributes": {"deregistration_delay.timeout_seconds": 300}},
        },
        PATCHED,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_parts_of_a_machine(case):
    """A part stands there only where nobody can do without it."""
    profile, more, expected = CASES[case]

    assert least(profile, **more)[0] == {name: value for name, value in expected.items() if value}


def test_time_out_beyond_what_the_machine_takes():
    """Out for 300 s with 180 s of its own and a health check every 30 s: 90 s; who did not come back does not count."""
    _, made, scenario = least({"missing_patches": 1})
    spans = (Span(0, 400, State.OUT),)
    back = Machine("a", "i-1", "patched", "", spans, 10.0, 310.0, 200.0, 310.0, groups=("web",))
    stays = Machine("a", "i-1", "failed", "", spans, 10.0, None, 200.0, groups=("web",))

    assert beyond(Night("n", "", "", 400, (back,), ()), scenario, made) == 90.0
    assert beyond(Night("n", "", "", 400, (stays,), ()), scenario, made) is None
