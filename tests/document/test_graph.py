"""Where every way through the runbook leads."""

import re
from typing import Any

import pytest
import yaml

from document.graph import END, Edge, Steps, edges, reachable, surely_before
from document.render import PLAIN

REFERENCE = re.compile(r"\{\{\s*([\w:.]+)\s*\}\}")
GUARDED = ("AcquireLease", "Quarantine")
PUTS_BACK = ("Restore", "Quarantine", "OnCancel")


def between(steps: Steps, first: str, last: str) -> list[str]:
    names = list(steps)
    return names[names.index(first) : names.index(last) + 1]


def test_every_step_is_reachable(steps: Steps) -> None:
    """No step is dead."""
    first = next(iter(steps))

    assert {first} | reachable(steps, first) == {*steps, END}


def test_every_route_names_a_step(steps: Steps) -> None:
    """No nextStep, choice, onFailure or onCancel points nowhere."""
    assert {edge.target for edge in edges(steps)} <= {*steps, END}


def test_no_step_runs_twice(steps: Steps) -> None:
    """The graph has no cycle: Automation's own documents have none, so what it does with one is unknown."""
    assert [name for name in steps if name in reachable(steps, name)] == []


def test_every_step_says_what_follows(steps: Steps) -> None:
    """No step relies on the order of the list: it has a nextStep, or isEnd, or is a branch with a Default."""
    loose = [
        name
        for name, step in steps.items()
        if not ("nextStep" in step or step.get("isEnd") or "Default" in step["inputs"])
    ]

    assert loose == []


def test_only_three_steps_end_the_execution(steps: Steps) -> None:
    """An execution ends in Done, in Fail or in OnCancel; Report and RouteOutcome end it only by failing."""
    ends = {(edge.source, edge.kind) for edge in edges(steps) if edge.target == END}

    assert {source for source, kind in ends if kind == "success"} == {"Done", "Fail", "OnCancel"}
    assert {source for source, kind in ends if kind == "failure"} == {"Done", "Fail", "OnCancel", "Report"}


def test_everything_is_reported(steps: Steps) -> None:
    """Without a cancellation no way leads past Report."""
    ways = ("success", "failure")

    assert END not in reachable(steps, next(iter(steps)), without=("Report",), kinds=ways)


def test_what_was_taken_out_is_put_back(steps: Steps) -> None:
    """From Detach on, also when Detach itself fails halfway, no way ends before Restore, Quarantine or OnCancel."""
    assert END not in reachable(steps, "Detach", without=PUTS_BACK)


def test_nothing_is_registered_while_a_command_may_reboot_the_host(steps: Steps) -> None:
    """From Install on, Restore comes only after AwaitHostIdle."""
    assert "Restore" not in reachable(steps, "Install", without=("AwaitHostIdle",))


def test_restore_needs_a_host_that_is_idle(steps: Steps) -> None:
    """AwaitHostIdle leads to Restore only by succeeding."""
    failed = {edge.target for edge in edges(steps) if edge.source == "AwaitHostIdle" and edge.kind == "failure"}

    assert failed == {"Quarantine"}
    assert "Restore" not in reachable(steps, "Quarantine")


def test_a_refused_commit_never_installs(steps: Steps) -> None:
    """Install follows only on the one answer of Commit that says continue."""
    assert [edge for edge in edges(steps) if edge.target == "Install"] == [Edge("RouteCommit", "Install", "success")]
    assert steps["RouteCommit"]["inputs"]["Choices"] == [
        {"Variable": "{{Commit.Outcome}}", "StringEquals": "continue", "NextStep": "Install"}
    ]


def test_only_reads_come_before_detach(steps: Steps) -> None:
    """Before Detach there is the assess runbook and the lease, and no script that changes a registration."""
    before = [name for name in steps if "Detach" in reachable(steps, name)]
    scripts = [steps[name]["inputs"].get("Script", "") for name in before]

    assert before == ["Assess", "AcquireLease", "RouteLease"]
    assert [s for s in scripts if re.search(r"\.(register|deregister)_targets|send_command", s)] == []


def test_failed_outcome_leads_to_fail(steps: Steps) -> None:
    """The end of an execution that failed is always the step that raises."""
    told = "Notify" if "CheckAlarmsAgain" in steps else "Fail"  # the fullest settings name alarms and a topic

    assert steps["RouteOutcome"]["inputs"] == {
        "Choices": [{"Variable": "{{Report.Outcome}}", "StringEquals": "failed", "NextStep": told}],
        "Default": "Done",
    }
    assert {e.target for e in edges(steps) if e.source == told} <= {"Fail", END}
    assert steps["Fail"]["isEnd"] is True and steps["Fail"]["onFailure"] == "Abort"


def test_guarded_steps_declare_everything(steps: Steps) -> None:
    """From AcquireLease to Quarantine isCritical, onFailure and onCancel are written out: defaults are disputed."""
    for name in between(steps, *GUARDED):
        assert steps[name]["isCritical"] is (name != "AwaitQuiet"), name
        assert steps[name]["onFailure"].startswith("step:"), name
        assert steps[name]["onCancel"] == "step:OnCancel", name


def test_every_cancellation_is_told(steps: Steps) -> None:
    """Until Report has spoken a cancellation leads to OnCancel, which sends the event instead."""
    silent = [name for name, step in steps.items() if step.get("onCancel") != "step:OnCancel"]

    assert [name for name in silent if name != "Notify"] == ["RouteOutcome", "Done", "Fail", "OnCancel"]


def test_only_the_look_may_fail_without_failing(steps: Steps) -> None:
    """Every other step that fails makes the execution fail; AwaitDelay judges the look."""
    assert [name for name, step in steps.items() if step.get("isCritical") is not True] == ["AwaitQuiet", "Done"]
    assert steps["AwaitQuiet"]["isCritical"] is False and "isCritical" not in steps["Done"]
    assert steps["AwaitQuiet"]["onFailure"] == f"step:{steps['AwaitQuiet']['nextStep']}"


def test_the_assess_runbook_ends_in_its_verdict(assess_steps: Steps) -> None:
    """No way leads past Conclude, and only the scan and the look may fail, which others judge."""
    first = next(iter(assess_steps))
    loose = ["Scan", "ProbeQuietMethod"]

    assert END not in reachable(assess_steps, first, without=("Conclude",), kinds=("success", "failure"))
    assert [name for name, step in assess_steps.items() if step.get("isCritical") is not True] == loose
    assert all(assess_steps[name]["onFailure"] == f"step:{assess_steps[name]['nextStep']}" for name in loose)


def test_the_looks_ask_for_the_same(steps: Steps, assess_steps: Steps) -> None:
    """What is believed after Detach is the very look that saw the load balancer before."""
    probe, quiet = assess_steps["ProbeQuietMethod"]["inputs"], steps["AwaitQuiet"]["inputs"]

    assert {key: value for key, value in probe.items() if key != "Parameters"} == {
        key: value for key, value in quiet.items() if key != "Parameters"
    }
    assert probe["Parameters"]["Look"] == ["{{Preflight.Look}}"]
    assert quiet["Parameters"]["Look"] == ["{{AcquireLease.Look}}"]
    assert steps["AwaitQuiet"]["timeoutSeconds"] > 3600 + 5 + quiet["TimeoutSeconds"]
    assert assess_steps["ProbeQuietMethod"]["timeoutSeconds"] > 2 * 300 + 5 + probe["TimeoutSeconds"]


@pytest.mark.parametrize("runbook", ["patch_document", "assess_document"])
def test_references_name_what_has_surely_run(settled: dict[str, Any], runbook: str) -> None:
    """A reference names a parameter, a system variable, or an output of a step that succeeded on every way here."""
    document = yaml.safe_load(settled[runbook])
    steps = {step["name"]: step for step in document["mainSteps"]}
    sure = surely_before(steps)
    wrong = []
    for name, step in steps.items():
        inputs = {key: value for key, value in step["inputs"].items() if key != "Script"}
        for reference in REFERENCE.findall(yaml.safe_dump(inputs)):
            source, _, output = reference.partition(".")
            if reference in document["parameters"] or reference == "automation:EXECUTION_ID":
                continue
            declared = [o["Name"] for o in steps.get(source, {}).get("outputs", [])]
            if steps.get(source, {}).get("action") == "aws:executeAutomation":
                declared = ["Output"]
            if source not in sure[name] or output not in declared:
                wrong.append((name, reference))

    assert wrong == []


def test_outputs_of_the_document_exist(document: dict[str, Any], steps: Steps) -> None:
    """What the console shows at the end are outputs of Report and OnCancel."""
    assert [
        output
        for output in document["outputs"]
        if output.split(".")[1] not in [o["Name"] for o in steps[output.split(".")[0]]["outputs"]]
    ] == []
    assert {"Report.Outcome", "Report.Code", "Report.Sentence"} <= set(document["outputs"])


@pytest.mark.parametrize("action", ["aws:executeScript", "aws:runCommand"])
def test_time_is_bounded(steps: Steps, action: str) -> None:
    """Every step that waits for something has a limit; a script's is what Automation allows at most."""
    limits = {name: step.get("timeoutSeconds") for name, step in steps.items() if step["action"] == action}

    assert all(isinstance(limit, int) for limit in limits.values())
    assert action != "aws:executeScript" or max(limits.values()) <= 600


@pytest.mark.parametrize("name", ["Scan", "Install"])
def test_commands_end_before_their_step(steps: Steps, assess_steps: Steps, name: str) -> None:
    """Delivery and run have limits of their own, and the step's is longer than both together."""
    step = {**assess_steps, **steps}[name]
    inputs = step["inputs"]
    run = int(inputs["Parameters"]["StepTimeoutSeconds"][0])

    assert 30 <= inputs["TimeoutSeconds"] <= 600 and 1 <= run <= 36000
    assert step["timeoutSeconds"] > run + inputs["TimeoutSeconds"]


def test_the_assess_runbook_ends_before_its_step(steps: Steps, assess_steps: Steps) -> None:
    """Assess waits for every attempt of every step of its child."""
    limits = [step.get("timeoutSeconds", 1) * step.get("maxAttempts", 1) for step in assess_steps.values()]

    assert steps["Assess"]["timeoutSeconds"] > sum(limits)


def test_install_has_one_attempt(steps: Steps) -> None:
    """A second installation is never started behind the back of a first one that may still run."""
    assert steps["Install"]["maxAttempts"] == 1


def test_commands_can_be_recognised(steps: Steps, assess_steps: Steps) -> None:
    """The scripts find the execution's own commands by the very comments that the commands carry."""
    scan, install = assess_steps["Scan"]["inputs"]["Comment"], steps["Install"]["inputs"]["Comment"]

    assert assess_steps["AssessPatches"]["inputs"]["InputPayload"]["ScanComment"] == scan
    assert steps["AwaitHostIdle"]["inputs"]["InputPayload"]["InstallComment"] == install
    comments = {scan, install, steps["AwaitHostIdle"]["inputs"]["InputPayload"]["IdleComment"]}
    assert len(comments) == 3 and all("{{automation:EXECUTION_ID}}" in comment for comment in comments)
    assert max(len(comment.replace("{{automation:EXECUTION_ID}}", "x" * 36)) for comment in comments) <= 100


def test_waits_have_enough_attempts(steps: Steps) -> None:
    """Attempts of nine minutes cover the longest deregistration delay, and the limit given for the host."""
    assert steps["AwaitDelay"]["maxAttempts"] * 540 >= 3600 + 5
    assert (
        steps["AwaitHostIdle"]["maxAttempts"] * 540 >= steps["AwaitHostIdle"]["inputs"]["InputPayload"]["LimitSeconds"]
    )


def test_way_back_is_a_child_of_its_own(steps: Steps) -> None:
    """Restore runs the restore runbook for this instance and this execution, once; nothing here registers anything."""
    restore = steps["Restore"]
    scripts = "".join(step["inputs"].get("Script", "") for step in steps.values())

    assert (restore["action"], restore.get("maxAttempts", 1)) == ("aws:executeAutomation", 1)
    assert restore["inputs"] == {
        "DocumentName": PLAIN["restore_document"],
        "RuntimeParameters": {"InstanceId": ["{{InstanceId}}"], "ExecutionId": ["{{automation:EXECUTION_ID}}"]},
    }
    assert not re.search(r"\.register_targets", scripts)


def test_a_failed_way_back_halts_the_roll(steps: Steps) -> None:
    """HaltRoll and Quarantine write the same: the first to halt the roll of this execution stays."""
    writes = [steps[name]["inputs"] for name in ("HaltRoll", "Quarantine")]

    assert writes[0] == writes[1]
    assert writes[0]["UpdateExpression"] == "SET Halted = if_not_exists(Halted, :by)"
    assert writes[0]["Key"] == {"Id": {"S": "ROLL#{{AcquireLease.Roll}}"}}
