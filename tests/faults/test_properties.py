"""Drawn fleets, timings and sequences of faults: the same must hold after each of them.

FAULT_EXAMPLES says how many nights are drawn: few in make test, as many as wanted with make faults EXAMPLES=200.
"""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from albpatch.rehearsal.matrix import fleets, judge
from albpatch.rehearsal.matrix.faults import AT_CALL, AT_STEP, VICTIMS
from albpatch.rehearsal.matrix.play import play
from albpatch.rehearsal.matrix.points import Point

WORLD = {}  # the plan, out of hypothesis's sight: it would print all of it for a failing case
EXAMPLES = int(os.environ.get("FAULT_EXAMPLES", "5"))
CALLS = (
    Point("Preflight", "dynamodb.GetItem"),
    Point("AcquireLease", "dynamodb.TransactWriteItems"),
    Point("Detach", "dynamodb.UpdateItem"),
    Point("Detach", "elbv2.DeregisterTargets"),
    Point("Detach", "elbv2.DeregisterTargets", 2),
    Point("AwaitDelay", "elbv2.DescribeTargetHealth", 2),
    Point("Commit", "dynamodb.TransactWriteItems"),
    Point("Install", "ssm.SendCommand"),
    Point("Install", "ssm.ListCommandInvocations", 3),
    Point("AwaitHostIdle", "ssm.ListCommandInvocations"),
    Point("VerifyPatches", "ssm.DescribeInstancePatchStates"),
    Point("Claim", "dynamodb.UpdateItem"),
    Point("Restore", "elbv2.RegisterTargets"),
    Point("Restore", "elbv2.RegisterTargets", 2),
    Point("AwaitHealthy", "elbv2.DescribeTargetHealth", 2),
    Point("Release", "dynamodb.TransactWriteItems"),
    Point("Report", "events.PutEvents"),
)
STEPS = tuple(Point(step) for step in dict.fromkeys(point.step for point in CALLS))
TIMES = st.fixed_dictionaries(
    {
        "scan_seconds": st.integers(1, 60),
        "patch_seconds": st.integers(1, 900),
        "reboot_seconds": st.integers(5, 300),
        "start_seconds": st.integers(0, 400),
        "agent_seconds": st.integers(0, 120),
        "report_seconds": st.integers(0, 120),
        "install_fails": st.booleans(),
        "cancel_stops_process": st.booleans(),
    }
)
ATTRIBUTES = st.fixed_dictionaries(
    {
        "deregistration_delay.timeout_seconds": st.sampled_from([0, 15, 30, 120, 600]),
        "load_balancing.cross_zone.enabled": st.booleans(),
    }
)
AT_ANY_TIME = st.fixed_dictionaries(
    {
        "act": st.sampled_from(["cancel", "kill", "sicken"]),
        "machine": st.sampled_from("abc"),
        "when": st.fixed_dictionaries({"after": st.integers(0, 2000)}),
    }
).map(lambda act: {"acts": [act]})
ONE = st.one_of(
    st.builds(lambda kind, point: AT_CALL[kind](point), st.sampled_from(sorted(AT_CALL)), st.sampled_from(CALLS)),
    st.builds(
        lambda kind, point: AT_STEP[kind](point),
        st.sampled_from(sorted(set(AT_STEP) - set(VICTIMS))),
        st.sampled_from(STEPS),
    ),
    AT_ANY_TIME,
)


def together(faults):
    """Several faults as those of one scenario."""
    found = {"calls": [], "acts": []}
    for fault in faults:
        for kind, entries in fault.items():
            found[kind] += entries
    return found


@pytest.fixture(scope="module", autouse=True)
def world(plan):
    """Keep the plan for every drawn night."""
    WORLD["plan"] = plan


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES < 20,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    fleet=st.sampled_from(sorted(fleets.GROUPS)),
    faults=st.lists(ONE, min_size=1, max_size=3).map(together),
    patches=TIMES,
    attributes=ATTRIBUTES,
)
def test_whatever_is_drawn_does_no_harm(fleet, faults, patches, attributes):
    """Up to three faults in one night, on machines and target groups of any temper: afterwards all is as before."""
    played, after = play(WORLD["plan"], fleets.scenario(fleet, faults, patches, attributes))
    refused = any(call.get("code") == "AccessDeniedException" for call in faults["calls"])

    assert judge.judged(played, after, None, denied=refused) == []
