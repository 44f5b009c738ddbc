"""A sample of the fault matrix, and whether its judge can see."""

import json

import pytest

from albpatch.rehearsal.matrix import fleets, run
from albpatch.rehearsal.matrix.faults import AT_CALL, AT_STEP, Fault
from albpatch.rehearsal.matrix.points import Point
from albpatch.report.matrix import Matrix, Played, Violation, as_json, lines

SAMPLE = 10
SEED = 7


def violations(played):
    """What was violated, in words."""
    return [f"{v.invariant}: {v.words}" for v in played.violations]


def test_a_sample_of_all_faults_does_no_harm(plan, faults):
    """Whatever goes wrong at a drawn call or step: after the recovery everything is as before and nobody noticed."""
    nights = [run.played(plan, fault) for fault in run.chosen(faults, sample=SAMPLE, seed=SEED)]

    assert {night.name: violations(night) for night in nights if night.violations} == {}
    assert sum(night.struck for night in nights) > SAMPLE * 3 // 4


def test_every_call_and_step_has_every_fault(faults):
    """Calls of the runbooks and their steps, found by playing: a new step or call has its faults at once."""
    names = {fault.name for fault in faults}
    steps = {fault.point.step for fault in faults}

    assert len(names) == len(faults) > 700
    assert {"Assess", "Preflight", "Scan", "PlanDrain", "Conclude", "AcquireLease", "Detach", "Commit"} <= steps
    assert {"Install", "Restore", "Claim", "Release", "Tell", "Report"} <= steps
    for kind in AT_CALL:
        assert f"many/Detach/elbv2.DeregisterTargets-2/{kind}" in names
    for kind in AT_STEP:
        assert f"many/Install/{kind}" in names


def test_names_and_samples_choose(faults):
    """A part of a name, a pattern, a number: the same drawing for the same seed."""
    lost = run.chosen(faults, only="Detach/*/lost")

    assert {f.kind for f in lost} == {"lost", "lost for ever"} and {f.point.step for f in lost} == {"Detach"}
    assert [f.name for f in run.chosen(faults, only=lost[0].name)] == [lost[0].name]
    assert len(run.chosen(faults, sample=5)) == 5
    assert run.chosen(faults, sample=5, seed=2) == run.chosen(faults, sample=5, seed=2) != run.chosen(faults, sample=5)
    assert run.chosen(faults, only="no such night") == []


def bent(plan, old, new):
    """The plan with another text in its documents."""
    text = json.dumps(plan)
    assert old in text, "the sabotage does not fit the documents any more"
    return json.loads(text.replace(old, new))


SABOTAGE = {
    "registered as before": (
        "if missing := [target for target in group",
        "if missing := [target for target in [] and group",
        Fault("one", "error", Point("Commit", "elbv2.DescribeTargetHealth", 1)),
    ),
    "registered only what was out": (
        'if state == \\"HEALING\\"',
        'if state == \\"NEVER\\"',
        Fault("one", "taken out by hand", Point("AwaitHealthy")),
    ),
    "floor": ("if count < floor", "if count < 0", Fault("one", "other sick", Point("Scan"))),
    "no request lost": (
        '\\"HEALING\\": \\"heal\\"}.get(state, \\"wait\\")',
        '\\"HEALING\\": \\"heal\\"}.get(state, \\"heal\\")',
        Fault("one", "cancelled", Point("Install")),
    ),
    "registered only when idle": (
        '\\"HEALING\\": \\"heal\\"}.get(state, \\"wait\\")',
        '\\"HEALING\\": \\"heal\\"}.get(state, \\"heal\\")',
        Fault("one", "cancelled", Point("Install")),
    ),
    "no record or lease left": (
        '\\"DELETE Holders :mine\\"',
        '\\"ADD Holders :mine\\"',
        Fault("one", "died", Point("Report")),
    ),
    "the end tells the truth": (
        'return (\\"failed\\", next(iter(failures))',
        'return (\\"patched\\", next(iter(failures))',
        Fault("one", "error", Point("VerifyPatches", "elbv2.DescribeTargetHealth", 1)),
    ),
}


@pytest.mark.parametrize("invariant", SABOTAGE)
def test_the_judge_sees_a_broken_runbook(plan, invariant):
    """With a guard taken out of the documents, the night that needs it ends with a violation of its name."""
    old, new, fault = SABOTAGE[invariant]
    night = run.played(bent(plan, old, new), fault)

    assert invariant in {violation.invariant for violation in night.violations}, violations(night)


def test_the_judge_sees_who_leaves_after_a_death(plan, faults):
    """An execution that dies in its first step has no record. Were its roll not halted, another would still leave."""
    first = next(fault.point for fault in faults if fault.kind == "died")
    dies = Fault("side", "died", first)
    unheard = bent(plan, 'status in OVER and status != \\"Success\\"', "status in ()")

    assert violations(run.played(plan, dies)) == []
    (found,) = violations(run.played(unheard, dies))
    assert found.startswith("the line stops: b taken out after a had failed")


def test_a_night_that_asks_for_the_unknown_is_a_violation(plan):
    """What the region cannot answer is told, and does not stop the run."""
    fault = Fault("one", "throttled", Point("Preflight", "ec2.DescribeInstances", 1))
    night = run.played(bent(plan, "put_events(Entries=[entry])", "list_api_destinations()"), fault)

    assert violations(night) == ["the night ends: NotKnownHere: not known here: events:ListApiDestinations"]


def test_a_fault_that_never_came_is_not_counted(plan):
    """A night without its fault proves nothing, and the result says so."""
    night = run.played(plan, Fault("one", "lost", Point("Preflight", "elbv2.RegisterTargets", 1)))
    result = run.matrix([night])

    assert not night.struck and not night.violations
    assert (result.nights, result.missed) == ([], 1)
    assert result.verdict == "0 faults injected, no violation; 1 night never came to the fault"


def test_the_result_names_faults_violations_and_how_to_see_them_again():
    """Each violation with a command; a table of the faults, one of the invariants; the same as JSON."""
    bad = Played("one/Detach/lost", "one", "lost", (Violation("floor", "2 healthy, floor 3"),))
    result = Matrix((bad, Played("one/Detach/died", "one", "died")), ("floor", "the night ends"))
    text = "\n".join(lines(result))

    assert "make faults ONLY='one/Detach/lost'" in text
    assert "  floor: 2 healthy, floor 3" in text
    assert text.endswith("2 faults injected, 1 night with a violation")
    assert [row.split() for row in lines(result) if row.startswith("lost ")] == [["lost", "1", "1"]]
    assert json.loads(as_json(result))["nights"][0]["violations"] == [
        {"invariant": "floor", "words": "2 healthy, floor 3"}
    ]


def test_fleets_differ_in_what_matters():
    """One group; several groups and ports; two machines at the same time."""
    ports = {len(m.registrations) for m in fleets.scenario("many").machines.values()}

    assert ports == {3}
    assert len(fleets.scenario("many").target_groups) == 2
    assert fleets.SETTINGS["side"]["disruption_budget"]["max_unavailable"] == 2
