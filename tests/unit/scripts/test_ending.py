"""Report and Fail: what is said in the end, whatever did or did not run."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from unit.scripts.world import EXECUTION, ME, World

WINDOW = "99999999-8888-7777-6666-555555555555"
CHILD = "22222222-3333-4444-5555-666666666666"
ASSESSING = "44444444-5555-6666-7777-888888888888"


@pytest.fixture
def report(run: Callable[..., Any]) -> Callable[[], dict[str, str]]:
    return lambda: run("report", InstanceId=ME, ExecutionId=EXECUTION, WindowExecutionId=WINDOW)


def walk(world: World, until: str, **last: Any) -> str:
    """The record of an execution that went well until the step `until`, which is described by `last`."""
    web = world.group("web", (ME, 80, "healthy"))
    record = json.dumps([{"Arn": web, "Targets": [{"Id": ME, "Port": 80}], "Healthy": [], "Floor": {}, "Zones": {}}])
    outputs: dict[str, dict[str, str]] = {
        "Assess": {"ExecutionId": ASSESSING, "Status": "Success"},
        "AcquireLease": {"Outcome": "continue", "Sentence": "Fine.", "Registrations": record},
        "Detach": {"DetachedAt": "1"},
        "AwaitDelay": {},
        "Commit": {"Outcome": "continue", "Sentence": "Fine.", "CommittedAt": "1"},
        "Install": {"Status": "Success"},
        "AwaitHostIdle": {"InstallStatus": "Success"},
        "VerifyPatches": {"Outcome": "patched", "Sentence": f"PATCHED: {ME} is patched."},
        "Restore": {"ExecutionId": CHILD},
    }
    for name, found in outputs.items():
        if name == until:
            details = {"status": last.pop("status", "Success"), "message": last.pop("message", "")}
            world.step(name, **details, **{**found, **last})
            break
        world.step(name, **found)
    return web


def test_patched_night(world: World, report: Any) -> None:
    """A night that went well: patched, returned, and an event with the same words."""
    walk(world, "Restore")
    world.step("Report", "InProgress")
    world.step("Fail", "Pending")

    found = report()

    expected = {"Outcome": "patched", "Code": "PATCHED", "Sentence": f"{ME} is patched.", "Rotation": "returned"}
    assert found == {**expected, "EventSent": "yes"}
    assert world.events == [
        {
            "Source": "alb-patching",
            "DetailType": "ALB Patching Instance Outcome",
            "Detail": {"InstanceId": ME, "ExecutionId": EXECUTION, "WindowExecutionId": WINDOW, **expected},
        }
    ]


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        ("skipped", "NOT_MANAGED"),
        ("deferred", "ALREADY_DRAINING"),
        ("compliant", "COMPLIANT"),
        ("skipped", "PATCH_LOCK_HELD"),
        ("deferred", "FLOOR"),
        ("failed", "SCAN_FAILED"),
    ],
)
def test_ends_before_anything_was_touched(world: World, report: Any, outcome: str, code: str) -> None:
    """Whatever is passed on from the assess runbook is reported with its code, and that rotation was not touched."""
    walk(world, "AcquireLease", Outcome=outcome, Sentence=f"{code}: the reason: with a colon.", Registrations="[]")

    found = report()

    assert (found["Outcome"], found["Code"], found["Sentence"]) == (outcome, code, "the reason: with a colon.")
    assert found["Rotation"] == "untouched"


def test_refused_commit_is_deferred_and_returned(world: World, report: Any) -> None:
    """A floor that broke during the drain is no failure: deferred, and put back."""
    walk(world, "Commit", Outcome="deferred", Sentence="FLOOR: 1 left.")
    world.step("Restore")

    found = report()

    assert (found["Outcome"], found["Code"], found["Rotation"]) == ("deferred", "FLOOR", "returned")


@pytest.mark.parametrize("status", ["Failed", "TimedOut"])
def test_a_child_that_failed_speaks_for_itself(world: World, report: Any, status: str) -> None:
    """The code and the words of the assess runbook are those of the report, unchanged."""
    said = "TARGET_TYPE_NOT_SUPPORTED: The targets of web: no instances."
    walk(world, "Assess", status=status, message="the child execution failed")
    world.executions[ASSESSING] = assessment(said)

    found = report()

    assert (found["Outcome"], f"{found['Code']}: {found['Sentence']}") == ("failed", said)


@pytest.mark.parametrize(
    "ended",
    [
        pytest.param(None, id="there is no child"),
        pytest.param({}, id="no outputs"),
        pytest.param({"Outputs": {"Conclude.Verdict": []}}, id="an empty output"),
        pytest.param({"Outputs": {"Conclude.Verdict": ["{{Conclude.Verdict}}"]}}, id="no verdict"),
    ],
)
def test_a_child_that_never_came_to_its_verdict(world: World, report: Any, ended: dict[str, Any] | None) -> None:
    """Cancelled, or lost: the parent fails with the name of its step, and the roll stops."""
    walk(world, "Assess", status="Failed", message="Cancelled")
    if ended is not None:
        world.executions[ASSESSING] = ended

    assert report()["Code"] == "ASSESS_FAILED"
    assert world.table.get(f"ROLL#{WINDOW}")["Halted"] == "ASSESS_FAILED"


def assessment(sentence: str) -> dict[str, Any]:
    return {"Outputs": {"Conclude.Verdict": [json.dumps({"Outcome": "failed", "Sentence": sentence})]}}


RAISED = [
    "Traceback (most recent call last): File x, line 3 RuntimeError: CHANGED_BY_OTHER: Somebody did.",
    "Step fails when it is Poll action status for completion. RuntimeError - CHANGED_BY_OTHER: Somebody did.",
    "Step fails.\n\n  RuntimeError:\n CHANGED_BY_OTHER: Somebody did.",
    'File x\n raise RuntimeError(f"CHANGED_BY_OTHER: {who} did.")\nRuntimeError: CHANGED_BY_OTHER: Somebody did.',
    "RuntimeError: CHANGED_BY_OTHER: Somebody did. Please refer to Automation Service Troubleshooting Guide.",
]


@pytest.mark.parametrize("message", RAISED)
def test_raised_code_is_found_in_the_message(world: World, report: Any, message: str) -> None:
    """However Automation wraps what a script raised, its code and sentence are found."""
    walk(world, "AwaitDelay", status="Failed", message=message)

    found = report()

    assert (found["Outcome"], found["Code"], found["Sentence"]) == ("failed", "CHANGED_BY_OTHER", "Somebody did.")


@pytest.mark.parametrize("status", ["Failed", "TimedOut"])
@pytest.mark.parametrize(
    ("step", "code"),
    [
        ("Assess", "ASSESS_FAILED"),
        ("AcquireLease", "ACQUIRE_LEASE_FAILED"),
        ("Detach", "DETACH_FAILED"),
        ("AwaitDelay", "AWAIT_DELAY_FAILED"),
        ("Commit", "COMMIT_FAILED"),
        ("Install", "INSTALL_FAILED"),
        ("AwaitHostIdle", "AWAIT_HOST_IDLE_FAILED"),
        ("VerifyPatches", "VERIFY_PATCHES_FAILED"),
        ("Restore", "RESTORE_FAILED"),
    ],
)
def test_step_without_a_code_is_named(world: World, report: Any, step: str, status: str, code: str) -> None:
    """A step that failed or timed out without saying why gives its own name as the code, and AWS's message."""
    walk(world, step, status=status, message="An error occurred (AccessDenied) when calling X: no")

    found = report()

    assert (found["Outcome"], found["Code"]) == ("failed", code)
    assert "AccessDenied" in found["Sentence"] and status in found["Sentence"]


def left(world: World, state: str, owner: str = CHILD, failure: str = "") -> None:
    """The record that this execution wrote, still open."""
    world.table.open_record(ME, EXECUTION, state, [{"Arn": "arn:web", "Targets": [{"Id": ME, "Port": 80}]}])
    world.table.items[f"INSTANCE#{ME}"]["LeaseOwner"] = {"S": owner}
    if failure:
        world.table.items[f"INSTANCE#{ME}"]["Failure"] = {"S": failure}


ADVICE = f"It is left as it is, with its record. It belongs to [{{'Id': '{ME}', 'Port': 80}}] in arn:web."


def test_first_failure_names_the_code_and_all_are_told(world: World, report: Any) -> None:
    """The cause comes first; what followed, in the child's own words, and what a person has to do stand after it."""
    walk(world, "Install", status="Failed", message="Command returns {ResponseCode=[1]}")
    world.step("AwaitHostIdle", InstallStatus="Failed")
    world.step("VerifyPatches", "Failed", "RuntimeError: INSTALL_FAILED: Install ended as Failed.")
    world.step("Restore", "Failed", f"Automation execution {CHILD} ended as Failed")
    left(world, "HEALING", failure="NOT_HEALTHY: 1800 s after its registration it is unhealthy.")
    world.step("Quarantine")

    found = report()

    assert (found["Code"], found["Rotation"]) == ("INSTALL_FAILED", "registered")
    assert found["Sentence"] == (
        "Install ended as Failed. Command returns {ResponseCode=[1]} "
        f"1800 s after its registration it is unhealthy. {ADVICE}"
    )


@pytest.mark.parametrize(
    ("failure", "code"), [("", "RESTORE_FAILED"), ("CHANGED_BY_OTHER: Somebody did.", "CHANGED_BY_OTHER")]
)
def test_patched_but_not_put_back_is_a_failure(world: World, report: Any, failure: str, code: str) -> None:
    """A good installation does not outweigh a machine that is still out, whether or not the child could say why."""
    walk(world, "Restore", status="Failed", message=f"Automation execution {CHILD} ended as Failed")
    left(world, "RESTORING", failure=failure)

    found = report()

    assert (found["Outcome"], found["Code"], found["Rotation"]) == ("failed", code, "out")
    assert found["Sentence"].endswith(ADVICE)


@pytest.mark.parametrize("state", ["DRAINED", "HEALING"])
def test_open_record_is_never_a_success(world: World, report: Any, state: str) -> None:
    """A child that ended as Success without closing the record did nothing: the instance may be out."""
    walk(world, "Restore")
    left(world, state)

    found = report()

    assert (found["Outcome"], found["Code"]) == ("failed", "LEASE_LOST") and found["Sentence"].endswith(ADVICE)


def test_record_of_somebody_else_is_not_ours(world: World, report: Any) -> None:
    """Deferred because another execution has the instance out: nothing of it is ours to report."""
    walk(world, "AcquireLease", Registrations="[]", Outcome="deferred", Sentence="OPEN_RECORD: x works on it.")
    world.table.open_record(ME, CHILD, "DRAINED", [])

    found = report()

    assert (found["Outcome"], found["Code"], found["Rotation"]) == ("deferred", "OPEN_RECORD", "untouched")


def test_lease_that_nothing_followed(world: World, report: Any) -> None:
    """A step that failed after its transaction leaves a record in which nothing was touched."""
    walk(world, "AcquireLease", status="TimedOut", message="Timed out")
    left(world, "LEASED", owner=EXECUTION)

    found = report()

    assert (found["Code"], found["Rotation"]) == ("ACQUIRE_LEASE_FAILED", "untouched")
    assert "with its record" in found["Sentence"]


@pytest.mark.parametrize("record", ["[]", '[{"Arn": "arn", "Targets": []}]'])
def test_instance_that_serves_nowhere_was_untouched(world: World, report: Any, record: str) -> None:
    """Patching without any registration leaves rotation untouched."""
    walk(world, "Restore")
    for step in world.steps:
        if step["StepName"] == "AcquireLease":
            step["Outputs"]["Registrations"] = [record]

    assert report()["Rotation"] == "untouched"


def test_no_step_said_anything(world: World, report: Any) -> None:
    """Silence is a failure."""
    world.step("Assess", "Pending")

    assert (report()["Outcome"], report()["Code"]) == ("failed", "NO_OUTCOME")


def test_outcome_matters_more_than_the_event(world: World, report: Any) -> None:
    """When the event cannot be sent the outcome stays what it is, and the output says so."""
    walk(world, "Restore")
    world.fail("events.PutEvents", "AccessDenied")

    found = report()

    assert found["Outcome"] == "patched" and found["EventSent"].startswith("no: ")


def test_fail_always_raises(run: Any) -> None:
    """Fail ends every failed execution with `CODE: sentence`."""
    with pytest.raises(RuntimeError, match=r"^INSTALL_FAILED: Install ended as Failed\.$"):
        run("fail", Code="INSTALL_FAILED", Sentence="Install ended as Failed.")


def test_a_failure_halts_the_roll(world: World, report: Any) -> None:
    """A failed outcome stands in the table, with its code, before the execution ends; the first one stays."""
    walk(world, "AwaitDelay", status="Failed", message="RuntimeError: CHANGED_BY_OTHER: Somebody did.")

    report()
    assert world.table.get(f"ROLL#{WINDOW}")["Halted"] == "CHANGED_BY_OTHER"

    world.table.put(f"ROLL#{WINDOW}", Halted="i-0")
    report()
    assert world.table.get(f"ROLL#{WINDOW}")["Halted"] == "i-0"


@pytest.mark.parametrize("call", ["ssm.GetAutomationExecution", "dynamodb.GetItem"])
def test_an_end_that_nobody_can_tell_halts_the_roll(world: World, report: Any, call: str) -> None:
    """A report that cannot read what happened fails, and no other instance follows."""
    walk(world, "Restore")
    world.fail(call, "AccessDeniedException")

    with pytest.raises(ClientError, match="AccessDenied"):
        report()

    assert world.table.get(f"ROLL#{WINDOW}")["Halted"] == "NO_OUTCOME"


def test_what_is_no_failure_halts_nothing(world: World, report: Any) -> None:
    """After patched the roll goes on."""
    walk(world, "Restore")

    report()

    assert world.table.items == {}


def test_outcome_matters_more_than_the_halt(world: World, report: Any) -> None:
    """When the roll cannot be halted the outcome stays what it is, and the sentence says so."""
    walk(world, "AwaitDelay", status="Failed")
    world.fail("dynamodb.UpdateItem", "AccessDeniedException")

    found = report()

    assert found["Code"] == "AWAIT_DELAY_FAILED" and "The roll goes on: " in found["Sentence"]


def test_execution_without_a_window_is_a_roll_of_its_own(world: World, run: Any) -> None:
    """Started by hand, the execution's id names the roll."""
    world.step("Assess", "Failed", ExecutionId=ASSESSING)

    run("report", WindowExecutionId="")

    assert "Halted" in world.table.get(f"ROLL#{EXECUTION}")


@pytest.mark.parametrize(
    ("until", "message", "remembered"),
    [
        ("VerifyPatches", "RuntimeError: PATCHES_FAILED: 2 patches failed.", "PATCHES_FAILED"),
        ("Detach", "An error occurred (AccessDenied)", "DETACH_FAILED"),
        ("Assess", "SCAN_FAILED: no", "SCAN_FAILED"),
        ("Assess", "STATE_STALE: no", None),
        ("Assess", "TARGET_TYPE_NOT_SUPPORTED: no", None),
    ],
)
def test_a_failure_of_its_own_is_remembered(
    world: World, report: Any, until: str, message: str, remembered: str | None
) -> None:
    """What failed after Detach, or in its scan, is kept for the next windows; a mistake of the settings is not."""
    walk(world, until, status="Failed", message=message)
    world.executions[ASSESSING] = assessment(message)

    assert report()["Outcome"] == "failed"

    item = world.table.items.get(f"FAILED#{ME}")
    assert item == (
        None if remembered is None else {"Id": {"S": f"FAILED#{ME}"}, "Failure": {"S": f"{remembered} in {EXECUTION}"}}
    )


def test_a_good_end_makes_up_for_it(world: World, report: Any) -> None:
    """The failure is gone after a success; where there was none nothing is written."""
    world.step("AcquireLease", Outcome="skipped", Sentence="INSTANCE_GONE: no")
    world.table.put(f"FAILED#{ME}", Failure="PATCHES_FAILED in x")
    report()
    kept = dict(world.table.get(f"FAILED#{ME}"))
    world.steps.clear()
    world.step("AcquireLease", Outcome="compliant", Sentence="COMPLIANT: nothing")
    report()

    assert kept["Failure"] == "PATCHES_FAILED in x"
    assert "Failure" not in world.table.get(f"FAILED#{ME}")
    world.table.items.clear()
    report()
    assert world.table.items == {}


def test_the_outcome_does_not_depend_on_the_memory(world: World, report: Any) -> None:
    """A table that refuses the note costs nothing but the note."""
    world.step("AcquireLease", Outcome="compliant", Sentence="COMPLIANT: nothing")
    world.fail("dynamodb.UpdateItem", "ThrottlingException")

    assert report()["Outcome"] == "compliant"


def test_a_closed_calendar_is_no_failure(world: World, report: Any) -> None:
    """The native step has no sentence; the report finds the words."""
    world.step("AcquireLease", Outcome="continue", Sentence="taken")
    world.step("CheckCalendarAgain", State="CLOSED")

    assert {k: report()[k] for k in ("Outcome", "Code", "Rotation")} == {
        "Outcome": "deferred",
        "Code": "FREEZE",
        "Rotation": "untouched",
    }


def test_an_open_calendar_says_nothing(world: World, report: Any) -> None:
    """OPEN is not an outcome."""
    world.step("CheckCalendarAgain", State="OPEN")
    world.step("AcquireLease", Outcome="compliant", Sentence="COMPLIANT: nothing")

    assert report()["Code"] == "COMPLIANT"
