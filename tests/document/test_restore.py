"""Where every way through the restore runbook leads."""

import re
from typing import Any

import pytest
import yaml

from albpatch.document.read import load
from document.graph import END, Steps, edges, reachable, surely_before
from document.render import FULL, PLAIN, rendered

REFERENCE = re.compile(r"\{\{\s*([\w:.]+)\s*\}\}")


@pytest.fixture(scope="module")
def text(outputs: dict[str, Any]) -> str:
    return str(outputs["restore_document"])


@pytest.fixture(scope="module")
def restore(text: str) -> dict[str, Any]:
    return dict(yaml.safe_load(text))


@pytest.fixture(scope="module")
def restoring(restore: dict[str, Any]) -> Steps:
    return {step["name"]: step for step in restore["mainSteps"]}


def test_is_accepted(text: str) -> None:
    """Nothing in it would make CreateDocument refuse it; it has a role of its own."""
    assert load(text).assume_role == PLAIN["restore_role_arn"] != PLAIN["assume_role_arn"]
    assert len(text.encode()) < 32 * 1024 and text.isascii()


def test_graph_is_sound(restoring: Steps) -> None:
    """Every step can be reached, every route names a step, and none runs twice."""
    first = next(iter(restoring))

    assert {first} | reachable(restoring, first) == {*restoring, END}
    assert [name for name in restoring if name in reachable(restoring, name)] == []


def test_nothing_comes_before_the_claim(restoring: Steps) -> None:
    """Whoever did not take a record over writes nothing: without a claim there is the sweep, which reads, and Done."""
    choices = {choice["StringEquals"]: choice["NextStep"] for choice in restoring["RouteClaim"]["inputs"]["Choices"]}

    waits = {"wait": "AwaitIdle", "heal": "Restore", "release": "Release"}
    assert choices == {**waits, "set-aside": "SetAside", "sweep": "Sweep"}
    assert not re.search(r"update_item|write_items|register", restoring["Sweep"]["inputs"]["Script"])
    assert restoring["RouteClaim"]["inputs"]["Default"] == "Done"
    assert {e.source for e in edges(restoring) if e.target in ("AwaitIdle", "Restore", "Release")} == {
        *("RouteClaim", "AwaitIdle", "AwaitHealthy")
    }


def test_nothing_is_registered_before_the_host_is_idle(restoring: Steps) -> None:
    """Restore follows AwaitIdle only by success; the way around it puts nothing back."""
    ways = {(e.source, e.kind) for e in edges(restoring) if e.target == "Restore"}

    assert ways == {("RouteClaim", "success"), ("AwaitIdle", "success")}
    assert restoring["Restore"]["inputs"]["InputPayload"]["Registrations"] == "{{Claim.PutBack}}"


UNTOLD = {"Claim", "RouteClaim", "Tell", "RouteOutcome", "Done", "Fail"}  # nothing was claimed yet, or all was said


def test_a_failure_is_told_and_fails(restoring: Steps) -> None:
    """From the claim on every failure leads to Tell, and a failed outcome to the step that raises."""
    failures = {e.source: e.target for e in edges(restoring) if e.kind == "failure"}

    assert {failures[name] for name in set(failures) - UNTOLD} == {"Tell"}
    assert restoring["RouteOutcome"]["inputs"]["Choices"] == [
        {"Variable": "{{Tell.Outcome}}", "StringEquals": "failed", "NextStep": "Fail"}
    ]
    assert {name for name, step in restoring.items() if step.get("isCritical") is not True} == {"Done"}


def test_sends_nothing_and_takes_nothing_out(restoring: Steps) -> None:
    """No step runs a command or deregisters a target."""
    scripts = "\n".join(step["inputs"].get("Script", "") for step in restoring.values())

    assert {step["action"] for step in restoring.values()} == {"aws:executeScript", "aws:branch", "aws:sleep"}
    assert not re.search(r"send_command|deregister_targets|put_item", scripts)


def test_references_name_what_has_surely_run(restore: dict[str, Any], restoring: Steps) -> None:
    """A reference names a parameter, a system variable, or an output of a step that succeeded on every way here."""
    sure, wrong = surely_before(restoring), []
    for name, step in restoring.items():
        inputs = {key: value for key, value in step["inputs"].items() if key != "Script"}
        for reference in REFERENCE.findall(yaml.safe_dump(inputs)):
            source, _, output = reference.partition(".")
            if reference in restore["parameters"] or reference == "automation:EXECUTION_ID":
                continue
            declared = [o["Name"] for o in restoring.get(source, {}).get("outputs", [])]
            if source not in sure[name] or output not in declared:
                wrong.append((name, reference))

    assert wrong == []


def test_waits_are_as_long_as_the_command_may_take(restoring: Steps) -> None:
    """The limit for the host covers delivery, the installation and the way back of the machine."""
    wait = restoring["AwaitIdle"]
    limit = wait["inputs"]["InputPayload"]["LimitSeconds"]

    health = restoring["AwaitHealthy"]["inputs"]["InputPayload"]
    series = health["ConsecutiveLooks"] * health["IntervalSeconds"]

    assert limit >= PLAIN["patching"]["timeout_seconds"] + 300 + PLAIN["health"]["timeout_seconds"]
    assert wait["maxAttempts"] * 540 >= limit and wait["timeoutSeconds"] <= 600
    assert restoring["AwaitHealthy"]["maxAttempts"] * (540 - series) >= health["TimeoutSeconds"]


@pytest.mark.parametrize("settings", [PLAIN, FULL])
def test_parent_waits_as_long_as_the_child_may_take(settings: dict[str, Any]) -> None:
    """On a host that is idle already, the step of the patching runbook outlasts every step of its child."""
    made = rendered(settings)
    child = {step["name"]: step for step in yaml.safe_load(made["restore_document"])["mainSteps"]}
    [parent] = [step for step in yaml.safe_load(made["patch_document"])["mainSteps"] if step["name"] == "Restore"]
    scripts = sum(
        child[name]["timeoutSeconds"] * child[name].get("maxAttempts", 1)
        for name in ("Claim", "Restore", "Release", "Tell")
    )
    waits = child["AwaitHealthy"]["inputs"]["InputPayload"]["TimeoutSeconds"] + settings["health"]["bake_seconds"]

    assert parent["timeoutSeconds"] >= scripts + waits


def test_bake_time(restoring: Steps) -> None:
    """With a bake time the instance serves for so long before Release looks at it again; without, there is no step."""
    full = {step["name"]: step for step in yaml.safe_load(rendered(FULL)["restore_document"])["mainSteps"]}

    assert full["Bake"]["inputs"]["Duration"] == "PT3600S" and full["Bake"]["nextStep"] == "Release"
    assert full["AwaitHealthy"]["nextStep"] == "Bake" and full["Bake"]["onFailure"] == "step:Tell"
    assert "Bake" not in restoring and restoring["AwaitHealthy"]["nextStep"] == "Release"


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("InstanceId", ["", "i-01234567", "i-0123456789abcdef0"], ["web", "i-0123456789ABCDEF0"]),
        ("ExecutionId", ["", "01234567-89ab-cdef-0123-456789abcdef"], ["0123", "*"]),
    ],
)
def test_patterns(restore: dict[str, Any], name: str, good: list[str], bad: list[str]) -> None:
    """Each parameter is empty or an id, and has a default: one of the two is enough."""
    pattern = restore["parameters"][name]["allowedPattern"]

    assert [v for v in good if not re.search(pattern, v)] == [] and [v for v in bad if re.search(pattern, v)] == []
    assert restore["parameters"][name]["default"] == ""
