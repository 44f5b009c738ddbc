"""PlanDrain and Conclude: what the assess runbook says at its end."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from unit.scripts.world import EXECUTION, ME, World

WINDOW = "11111111-2222-3333-4444-555555555555"
LOOK = "80 10.0.0.0/24 65 30"
PROBED = '{"mode": "probe", "done": true, "seconds": 0}\n'
PREFLIGHT = {
    "Outcome": "continue",
    "Sentence": f"{ME} is managed.",
    "Registrations": "[1]",
    "Roll": WINDOW,
    "CommitBefore": "17",
    "Look": LOOK,
    "Scan": "run",
}


@pytest.fixture
def conclude(world: World, run: Callable[..., Any]) -> Callable[..., tuple[dict[str, str], dict[str, str]]]:
    def runner(*steps: tuple[str, dict[str, Any]]) -> tuple[dict[str, str], dict[str, str]]:
        for name, outputs in steps:
            world.step(name, **outputs)
        world.step("Conclude", "InProgress")
        found = run("conclude")
        return found, json.loads(found["Verdict"])

    return runner


def test_all_that_speaks_for_it_is_said(conclude: Any) -> None:
    """With something to do the verdict has every sentence, the registrations as PlanDrain leaves them, and the roll."""
    found, verdict = conclude(
        ("Preflight", PREFLIGHT),
        ("Scan", {}),
        ("AssessPatches", {"Outcome": "continue", "Sentence": "2 missing."}),
        ("ProbeQuietMethod", {"Output": PROBED}),
        ("PlanDrain", {"Outcome": "continue", "Sentence": "The drain takes 305 s.", "Registrations": "[2]"}),
    )

    assert verdict == {
        "Outcome": "continue",
        "Sentence": f"{ME} is managed. 2 missing. The drain takes 305 s.",
        "Registrations": "[2]",
        "Roll": WINDOW,
        "CommitBefore": "17",
        "Look": LOOK,
    }
    assert (found["Outcome"], found["Code"], found["Sentence"]) == ("continue", "", verdict["Sentence"])


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        ("compliant", "COMPLIANT: nothing: at all"),
        ("skipped", "PATCH_LOCK_HELD: busy"),
        ("deferred", "ALARM: a is ALARM"),
    ],
)
def test_what_speaks_against_it_stands_alone(conclude: Any, outcome: str, sentence: str) -> None:
    """Any other outcome has its own code and words, and none of those that came before."""
    found, verdict = conclude(("Preflight", PREFLIGHT), ("AssessPatches", {"Outcome": outcome, "Sentence": sentence}))

    assert (verdict["Outcome"], verdict["Sentence"], verdict["Roll"]) == (outcome, sentence, WINDOW)
    assert f"{found['Code']}: {found['Sentence']}" == sentence


@pytest.mark.parametrize(("state", "outcome", "words"), [("CLOSED", "deferred", "FREEZE: "), ("OPEN", "continue", ME)])
def test_a_closed_calendar_defers(conclude: Any, state: str, outcome: str, words: str) -> None:
    """The native step has no sentence; the verdict finds the words. OPEN is not an outcome."""
    _, verdict = conclude(("Preflight", PREFLIGHT), ("CheckCalendar", {"State": state}))

    assert verdict["Outcome"] == outcome and verdict["Sentence"].startswith(words)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(None, id="no look"),
        pytest.param(PROBED.replace("true", "false"), id="the host did not see the load balancer"),
        pytest.param(PROBED.replace("probe", "await"), id="another look than the one asked for"),
        pytest.param("Step execution skipped due to unsatisfied preconditions", id="skipped on this platform"),
        pytest.param("", id="nothing said"),
    ],
)
def test_a_look_that_saw_nobody_is_not_passed_on(conclude: Any, said: str | None) -> None:
    """Only a look that said itself that it saw the load balancer may end the drain early."""
    probe = [("ProbeQuietMethod", {"Output": said})] if said is not None else []

    assert conclude(("Preflight", PREFLIGHT), *probe)[1]["Look"] == "none"


def test_a_look_that_failed_is_no_failure_and_not_passed_on(conclude: Any) -> None:
    """The instance is patched all the same, after the whole delay."""
    _, verdict = conclude(("Preflight", PREFLIGHT), ("ProbeQuietMethod", {"status": "Failed", "message": "exit 1"}))

    assert (verdict["Outcome"], verdict["Look"]) == ("continue", "none")


def test_a_failed_scan_is_judged_by_assess_patches(conclude: Any) -> None:
    """A held patch lock fails the step Scan and is reported as skipped."""
    _, verdict = conclude(
        ("Preflight", PREFLIGHT),
        ("Scan", {"status": "Failed", "message": "exit 4"}),
        ("AssessPatches", {"Outcome": "skipped", "Sentence": "PATCH_LOCK_HELD: busy."}),
    )

    assert verdict["Outcome"] == "skipped"


@pytest.mark.parametrize("status", ["Failed", "TimedOut", "Cancelled"])
@pytest.mark.parametrize(
    ("name", "message", "code"),
    [
        ("Preflight", "An error occurred (AccessDenied) when calling X: no", "PREFLIGHT_FAILED"),
        ("AssessPatches", "Traceback ... RuntimeError: SCAN_FAILED: exit codes [1].", "SCAN_FAILED"),
        ("CheckAlarms", "RuntimeError: ALARM_MISSING: There is no alarm a.", "ALARM_MISSING"),
        ("PlanDrain", "", "PLAN_DRAIN_FAILED"),
    ],
)
def test_a_step_that_failed_is_the_verdict(conclude: Any, status: str, name: str, message: str, code: str) -> None:
    """What a script raised, or the step's name, whatever was said before."""
    before = [("Preflight", PREFLIGHT)] if name != "Preflight" else []
    found, verdict = conclude(*before, (name, {"status": status, "message": message}))

    assert (verdict["Outcome"], found["Outcome"], found["Code"]) == ("failed", "failed", code)
    assert verdict["Sentence"].startswith(f"{code}: ")


def test_silence_is_a_failure(conclude: Any) -> None:
    """Without a step that said something nobody goes on."""
    found, verdict = conclude()

    assert (found["Code"], verdict["Outcome"]) == ("NO_OUTCOME", "failed")


def test_an_execution_that_cannot_be_read_has_no_verdict(world: World, conclude: Any) -> None:
    """Then the child fails, and with it the parent."""
    world.fail("ssm.GetAutomationExecution", "AccessDeniedException")

    with pytest.raises(ClientError, match="AccessDenied"):
        conclude(("Preflight", PREFLIGHT))


@pytest.fixture
def plan(world: World, run: Callable[..., Any]) -> Callable[..., tuple[str, list[Any]]]:
    def runner(*groups: str) -> tuple[str, list[Any]]:
        found = []
        for arn in groups:
            own = [d["Target"] for d in world.targets[arn] if d["Target"]["Id"] == ME]
            more = {"Balancers": ["x"], "Interval": 30, "States": ["healthy"]}
            found.append({"Arn": arn, "Protocol": world.groups[arn]["Protocol"], "Targets": own, **more})
        answer = run("plan_drain", Registrations=json.dumps(found), PropagationSeconds=30)
        return answer["Sentence"], json.loads(answer["Registrations"])

    return runner


def test_the_plan_has_what_the_lease_needs(world: World, plan: Any) -> None:
    """Targets, the wait and the group's own wishes of every group, and nothing else; the longest wait is said."""
    own = {
        "deregistration_delay.timeout_seconds": "60",
        "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "3",
        "target_group_health.dns_failover.minimum_healthy_targets.percentage": "70",
    }
    web = world.group("web", (ME, 80, "healthy"), attributes=own)
    other = world.group("other", attributes={"deregistration_delay.timeout_seconds": "900"})

    sentence, planned = plan(web, other)

    assert sentence == "The drain takes at most 65 s."
    assert planned[0] == {
        "Arn": web,
        "Targets": [{"Id": ME, "Port": 80}],
        "Wait": 65,
        "PerZone": False,
        "Count": 3,
        "Percentage": 70,
    }
    assert (planned[1]["Targets"], planned[1]["Wait"]) == ([], 0)


def test_a_plan_for_nothing(plan: Any) -> None:
    """An instance that serves nowhere has nothing to drain."""
    assert plan() == ("The drain takes at most 0 s.", [])


def test_attributes_that_cannot_be_read_fail_the_plan(world: World, plan: Any) -> None:
    """Nobody guesses how long a drain takes."""
    web = world.group("web", (ME, 80, "healthy"))
    world.fail("elbv2.DescribeTargetGroupAttributes", "AccessDenied")

    with pytest.raises(ClientError, match="AccessDenied"):
        plan(web)


def test_the_executions_own_steps_are_read(world: World, conclude: Any) -> None:
    """Conclude asks for its own execution."""
    conclude(("Preflight", PREFLIGHT))

    assert [p["AutomationExecutionId"] for p in world.made("GetAutomationExecution")] == [EXECUTION]
