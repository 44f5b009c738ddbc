"""What no page of AWS settles, played with both answers: the night is safe with either. docs/faults.md lists them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from albpatch.region.automation import interpreter
from albpatch.region.automation.service import Automation
from albpatch.region.core import Region
from albpatch.region.services import windows
from albpatch.region.services.windows import Windows
from albpatch.rehearsal.from_plan import Loaded
from albpatch.rehearsal.history import until_quiet
from albpatch.rehearsal.interfere import instance_of
from albpatch.rehearsal.nights import Night, fire, night
from albpatch.rehearsal.world import World
from albpatch.report.model import Held
from night_fleet import scene

Prepare = Callable[[Region, World], None]
SWEEP_SECONDS = 6 * 3600
THREE = dict.fromkeys("abc", "patches")
WELL = {Held.HELD, Held.NOT_EXERCISED}


def reading(**answers: Any) -> Prepare:
    """Read these questions about maintenance windows so."""

    def prepare(region: Region, _world: World) -> None:
        region.part(Windows).reading = windows.Reading(**answers)

    return prepare


def safe(played: Night) -> None:
    """Everything is registered as before, no promise is broken and no request is lost."""
    assert [m for m in played.world.machines if played.evidence.missing(played.world.machines[m])] == []
    broken = {i: p.evidence for i, p in played.promises.items() if p.held not in WELL}
    assert {i: words for i, words in broken.items() if i in ("C2", "C3", "C4", "C5")} == {}
    assert played.lost == 0


def touched(played: Night) -> set[str]:
    return {played.world.machine_name(instance) for _, _, instance in played.evidence.took_out}


CANCEL = {"acts": [{"act": "cancel", "machine": "a", "when": {"step": "AwaitDelay", "after": 5}}]}
HANG = {"calls": [{"call": "dynamodb.TransactWriteItems", "step": "Commit", "machine": "a", "seconds": 14_400}]}


@pytest.mark.parametrize("uncounted", [(), ("TIMED_OUT", "CANCELLED")], ids=["counted", "not counted"])
@pytest.mark.parametrize(("fault", "status"), [(CANCEL, "Cancelled"), (HANG, "TimedOut")])
def test_ends_that_may_be_no_error(plan: Any, fault: Any, status: str, uncounted: tuple[str, ...]) -> None:
    """Whether MaxErrors counts TimedOut and Cancelled or not: after them nobody else leaves, as the roll is halted."""
    played = night(plan, scene(THREE, faults=fault), prepare=reading(uncounted=uncounted))
    ends = {m: [x.status for x in played.executions if x.instance == i] for m, i in played.world.machines.items()}

    assert (ends["a"][0], touched(played)) == (status, {"a"})
    assert [*ends["b"], *ends["c"]] == (["Success", "Success"] if uncounted else [])
    assert not uncounted or [played.outcome(m) for m in "bc"] == ["deferred", "deferred"]
    safe(played)


@pytest.mark.parametrize(("seconds", "outcome"), [(0, "patched"), (120, "patched"), (400, "failed")])
def test_a_patch_state_may_be_the_previous_one(plan: Any, seconds: int, outcome: str) -> None:
    """At once, after two minutes or too late: an old report is never believed, and without a new one nobody leaves."""
    slow = {"missing_patches": 1, "scan_seconds": 10, "patch_seconds": 60, "report_seconds": seconds}
    played = night(plan, scene({"a": "slow", "b": "compliant"}, extra={"slow": slow}))

    assert played.outcome("a") == outcome
    assert outcome == "patched" or played.of("a").outputs["Report.Code"] == ["STATE_STALE"]
    assert touched(played) == ({"a"} if outcome == "patched" else set())
    safe(played)


@pytest.mark.parametrize("cancels", [False, True], ids=["a success without a word", "as a cancel"])
@pytest.mark.parametrize("step", ["Detach", "AwaitDelay", "Install", "AwaitHealthy"])
def test_an_execution_that_somebody_completes(plan: Any, step: str, cancels: bool) -> None:
    """Type Complete, with or without the cancellation workflow: what is out goes back, by OnCancel or by a sweep."""
    done: list[str] = []

    def start(region: Region, world: World, loaded: Loaded) -> str:
        automation = region.part(Automation)
        automation.reading = interpreter.Reading(complete_cancels=cancels)

        def heard(entry: Any) -> None:
            begun = entry.kind == "step" and (entry.detail["step"], entry.detail["status"]) == (step, "InProgress")
            if begun and not done and instance_of(region, world, entry.subject) == world.machines["a"]:
                done.append(automation.known(entry.subject).parent_id or entry.subject)
                region.clock.call_at(region.clock.time() + 1, lambda: automation.stop(done[0], "Complete"))

        region.journal.listeners.append(heard)
        status = fire(region, world, loaded)
        until_quiet(region)
        region.clock.sleep(SWEEP_SECONDS)
        until_quiet(region)
        return status

    played = night(plan, scene({"a": "patches", "b": "compliant"}), start=start)
    (stopped,) = [x for x in played.executions if x.id == done[0]]

    assert stopped.status == ("Cancelled" if cancels else "Success")
    assert [m for m in "ab" if played.evidence.missing(played.world.machines[m])] == []
    assert {played.promises[i].held for i in ("C2", "C4")} <= WELL
    assert played.lost == 0


def test_nothing_depends_on_loops_or_auto_scaling_groups(plan: Any) -> None:
    """What an onCancel inside a loop may name, and what ExitStandby does to a grace period, is never asked."""
    documents = json.dumps(plan)

    assert "aws:executeScript" in documents
    assert "aws:loop" not in documents
    assert "ExitStandby" not in documents and "exit_standby" not in documents


@pytest.mark.parametrize("sends", [False, True])
def test_what_a_window_may_send_when_it_assumes_its_role(plan: Any, sends: bool) -> None:
    """With aws:SourceAccount and aws:SourceArn or without: the window's role trusts, and the fleet is patched."""
    played = night(plan, scene({"a": "patches", "b": "compliant"}), prepare=reading(sends_source=sends))

    assert (played.status, played.outcome("a")) == ("SUCCESS", "patched")
    safe(played)


@pytest.mark.parametrize("sends", [False, True])
def test_a_condition_on_the_trust_would_bet_on_the_answer(plan: Any, sends: bool) -> None:
    """Were the window's role to ask for aws:SourceAccount, nothing would start where AWS does not send it."""

    def prepare(region: Region, world: World) -> None:
        reading(sends_source=sends)(region, world)
        name = {"RoleName": "nights-window-us-east-1"}
        trust = region.backend("iam", "GetRole", name)["Role"]["AssumeRolePolicyDocument"]
        trust = json.loads(trust) if isinstance(trust, str) else trust
        trust["Statement"][0]["Condition"] = {"StringEquals": {"aws:SourceAccount": region.account_id}}
        region.backend("iam", "UpdateAssumeRolePolicy", {**name, "PolicyDocument": json.dumps(trust)})

    played = night(plan, scene({"a": "patches", "b": "compliant"}), prepare=prepare)

    assert (played.status, touched(played)) == (("SUCCESS", {"a"}) if sends else ("FAILED", set()))


@pytest.mark.parametrize("ends", [False, True], ids=["the fleets follow", "the window ends"])
def test_a_sweep_that_fails_at_the_head_of_a_window(plan: Any, ends: bool) -> None:
    """Whether a failed task keeps the next priority back: the fleet is patched, or waits, and the window is FAILED."""
    fault = {"call": "dynamodb.Scan", "step": "Sweep", "code": "ValidationException", "times": "for ever"}
    played = night(
        plan,
        scene({"a": "patches", "b": "compliant"}, faults={"calls": [fault]}),
        prepare=reading(failed_task_ends_window=ends),
    )

    assert touched(played) == (set() if ends else {"a"})
    assert played.status == "FAILED"
    safe(played)
