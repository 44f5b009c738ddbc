"""Nights in which something breaks: the line stops, and what is safe to put back is put back."""

import pytest

from albpatch.rehearsal.nights import night
from albpatch.report.model import Held
from night_fleet import scene


def acts(act, when, machines="abc"):
    """The same happens to whichever machine has its turn first."""
    return {"acts": [{"act": act, "machine": m, "when": when} for m in machines]}


def touched(played):
    """The machines that left a target group, in that order."""
    return list(dict.fromkeys(played.world.machine_name(i) for _, _, i in played.evidence.took_out))


@pytest.mark.parametrize("profile", ["never-back", "never-up", "broken-patch"])
def test_a_machine_that_fails_stops_the_line(plan, profile):
    """The first machine ends as Failed, no other leaves, and the window says FAILED."""
    played = night(plan, scene(dict.fromkeys("abc", profile)))
    (only,) = played.executions

    assert (played.status, only.status, played.outcome(touched(played)[0])) == ("FAILED", "Failed", "failed")
    assert len(touched(played)) == 1
    assert played.promises["C5"].held is Held.HELD
    assert played.promises["C2"].held is Held.HELD
    assert played.lost == 0


def test_a_failing_patch_leaves_the_machine_in_rotation(plan):
    """Nothing was installed and nothing rebooted: it goes back as it was, and the failure is reported."""
    played = night(plan, scene(dict.fromkeys("ab", "broken-patch")))

    assert touched(played) == ["a"]
    assert played.promises["C3"].held is Held.HELD
    assert played.report().machines[0].out_to is not None


def test_a_machine_that_never_comes_back_is_never_registered(plan):
    """Nothing is sent to a dead machine."""
    played = night(plan, scene(dict.fromkeys("ab", "never-back")))
    registered = [e for e in played.evidence.night if e.kind == "registration" and e.detail["action"] == "register"]

    assert registered == []
    assert "kept out because it does not serve" in played.promises["C3"].evidence


def test_a_cancel_during_the_drain_puts_the_machine_back(plan):
    """Before the installation a cancelled night undoes itself within seconds."""
    played = night(
        plan, scene(dict.fromkeys("abc", "patches"), faults=acts("cancel", {"step": "AwaitDelay", "after": 5}))
    )

    assert played.executions[0].status == "Cancelled"
    assert touched(played) == ["a"]
    assert [played.promises[i].held for i in ("C3", "C5")] == [Held.HELD, Held.HELD]
    assert played.lost == 0


def test_a_cancel_during_the_reboot_waits_for_the_host(plan):
    """The patch command may still reboot the machine: the restore runbook puts it back after that. Nothing is lost."""
    played = night(
        plan, scene(dict.fromkeys("abc", "patches"), faults=acts("cancel", {"host": "rebooting", "after": 10}))
    )

    assert played.executions[0].status == "Cancelled"
    assert played.promises["C3"].held is Held.HELD
    assert "none while a patch command ran" in played.promises["C3"].evidence
    assert played.promises["C5"].held is Held.HELD
    assert played.lost == 0


def test_a_cancel_before_anything_was_touched_touches_nothing(plan):
    """A cancelled assessment ends without an ELB write."""
    played = night(
        plan, scene(dict.fromkeys("ab", "patches"), faults=acts("cancel", {"step": "Assess", "after": 3}, "ab"))
    )

    assert played.evidence.writes == []
    assert played.executions[0].status == "Cancelled"


def test_the_death_of_an_execution_is_undone_by_itself(plan):
    """The event rule starts the restore runbook, which puts the machine back and tells of it; no other is touched."""
    played = night(
        plan, scene(dict.fromkeys("ab", "patches"), faults=acts("kill", {"step": "Install", "after": 5}, "ab"))
    )

    assert played.executions[0].killed
    assert [played.promises[i].held for i in ("C3", "C4", "C8")] == [Held.HELD] * 3
    assert touched(played) == ["a"]


def test_throttling_that_does_not_end_fails_before_anything_is_touched(plan):
    """An API that refuses for ever ends the execution as Failed, with no machine out."""
    calls = [{"call": "elbv2.DescribeTargetHealth", "code": "ThrottlingException", "times": "for ever"}]
    played = night(plan, scene({"a": "patches", "b": "patches"}, faults={"calls": calls}))

    assert [x.status for x in played.executions] == ["Failed"]
    assert played.evidence.writes == []
