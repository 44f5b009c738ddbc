"""The document as a whole, and its parameters."""

import re
from typing import Any

import pytest
import yaml

from albpatch.document.read import load
from albpatch.plan.duration import bound
from albpatch.terraform import TerraformError
from document.render import FULL, PLAIN, rendered

SAMPLES = {
    "InstanceId": (
        ["i-01234567", "i-0123456789abcdef0"],
        ["", "i-0123456", "i-0123456789ABCDEF0", "mi-0123456789abcdef0", "i-0123456789abcdef01", "i-01234567 "],
    ),
    "TargetGroupArns": (
        [
            "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/web/0123456789abcdef",
            "arn:aws-us-gov:elasticloadbalancing:us-gov-west-1:123456789012:targetgroup/a-b-9/0123456789abcdef",
            "arn:aws-cn:elasticloadbalancing:cn-north-1:123456789012:targetgroup/web/0123456789abcdef",
            "arn:aws-iso-b:elasticloadbalancing:us-isob-east-1:123456789012:targetgroup/web/0123456789abcdef",
        ],
        [
            "web",
            "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/0123456789abcdef",
            "arn:aws:elasticloadbalancing:eu-west-1:1234:targetgroup/web/0123456789abcdef",
            "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web",
        ],
    ),
    "WindowExecutionId": (
        ["", "01234567-89ab-cdef-0123-456789abcdef"],
        ["mw-0123456789abcdef0", "0123456789abcdef0123456789abcdef", "01234567-89ab-cdef-0123-456789abcdeg"],
    ),
    "MaxUnavailable": (["1", "999"], ["", "0", "-1", "1000", "10%"]),
    "MinHealthyCount": (["0", "1", "1000"], ["", "-1", "1.5", "10000", "half"]),
    "MinHealthyPercent": (["0", "9", "50", "99", "100"], ["", "101", "-1", "007", "50%"]),
}


def test_is_accepted(text: str) -> None:
    """Nothing in the document would make CreateDocument refuse it."""
    assert load(text).assume_role == PLAIN["assume_role_arn"]


@pytest.mark.parametrize("name", ["patch_document", "assess_document", "restore_document"])
def test_stays_small(settled: dict[str, Any], name: str) -> None:
    """With every setting given each document stays below 48 KB of the 64 KB that AWS takes."""
    assert len(settled[name].encode()) < 48 * 1024


def test_is_plain_text(text: str) -> None:
    """ASCII, no tabs, one newline at the end: read back from AWS it equals what was sent."""
    assert text.isascii() and "\t" not in text
    assert text.endswith("\n") and not text.endswith("\n\n")


def test_names_no_target_group(text: str) -> None:
    """ARNs of target groups are parameters: the document is known in a plan that also creates the group."""
    assert not re.search(r":targetgroup/(?!\[)", text)


def test_assume_role_is_written_out(document: dict[str, Any]) -> None:
    """The role is a constant: known at plan time, and nothing that a person has to pass."""
    assert document["schemaVersion"] == "0.3"
    assert document["assumeRole"] == PLAIN["assume_role_arn"]


def test_only_the_instance_is_required(document: dict[str, Any]) -> None:
    """Started by hand, an instance id is enough."""
    assert [name for name, p in document["parameters"].items() if "default" not in p] == ["InstanceId"]


def test_every_parameter_is_described_and_checked(document: dict[str, Any]) -> None:
    """Every parameter says what it is for and takes only what makes sense."""
    for name, parameter in document["parameters"].items():
        assert parameter["description"], name
        assert ("allowedPattern" in parameter) != ("allowedValues" in parameter), name


@pytest.mark.parametrize("name", SAMPLES)
def test_patterns(document: dict[str, Any], name: str) -> None:
    """Each pattern takes good values and refuses bad ones."""
    pattern, (good, bad) = document["parameters"][name]["allowedPattern"], SAMPLES[name]

    assert [value for value in good if not re.search(pattern, value)] == []
    assert [value for value in bad if re.search(pattern, value)] == []


def test_every_pattern_has_samples(document: dict[str, Any]) -> None:
    """No pattern goes untested."""
    assert {name for name, p in document["parameters"].items() if "allowedPattern" in p} == set(SAMPLES)


def test_defaults_are_allowed(document: dict[str, Any]) -> None:
    """What a parameter has when nobody gives it is what it would take."""
    for name, parameter in document["parameters"].items():
        default = parameter.get("default")
        if isinstance(default, str):
            assert default in parameter.get("allowedValues", [default]), name
            assert re.search(parameter.get("allowedPattern", ""), default), name
    assert document["parameters"]["TargetGroupArns"]["default"] == []


def test_settings_reach_the_document(full: str) -> None:
    """Reboot option, override, time-outs and logs stand where they take effect."""
    document = yaml.safe_load(full)
    steps = {step["name"]: step for step in document["mainSteps"]}
    install = steps["Install"]["inputs"]

    assert document["parameters"]["RebootOption"]["default"] == "NoReboot"
    assert document["parameters"]["SkipWhenCompliant"]["default"] == "false"
    assert install["Parameters"]["BaselineOverride"] == [FULL["patching"]["baseline_override"]]
    assert install["Parameters"]["StepTimeoutSeconds"] == ["36000"]
    assert install["CloudWatchOutputConfig"] == {
        "CloudWatchOutputEnabled": True,
        "CloudWatchLogGroupName": FULL["logs"]["cloudwatch_log_group_name"],
    }
    assert install["OutputS3BucketName"] == FULL["logs"]["s3_bucket_name"]
    assert install["OutputS3KeyPrefix"] == FULL["logs"]["s3_key_prefix"]


def test_what_is_not_set_is_absent(plain: str) -> None:
    """Without logs and override the document does not mention them."""
    steps = {step["name"]: step for step in yaml.safe_load(plain)["mainSteps"]}

    assert {"CloudWatchOutputConfig", "OutputS3BucketName", "OutputS3KeyPrefix"}.isdisjoint(steps["Install"]["inputs"])
    assert "BaselineOverride" not in steps["Install"]["inputs"]["Parameters"]


def test_one_snapshot_of_patches_for_a_roll(steps: dict[str, Any], assess_steps: dict[str, Any]) -> None:
    """Scan and Install of every instance of a window use the same snapshot of patches."""
    passed = steps["Assess"]["inputs"]["RuntimeParameters"]["StartedBy"]

    assert steps["Install"]["inputs"]["Parameters"]["SnapshotId"] == ["{{WindowExecutionId}}"]
    assert passed == ["{{automation:EXECUTION_ID}}/{{WindowExecutionId}}"]
    assert assess_steps["Scan"]["inputs"]["Parameters"]["SnapshotId"] == ["{{Preflight.SnapshotId}}"]


def test_series_longer_than_a_script_is_refused() -> None:
    """Healthy looks that do not fit into one run of a script could never be seen, so a plan refuses them."""
    health = {**PLAIN["health"], "consecutive_looks": 10, "interval_seconds": 49}

    with pytest.raises(TerraformError, match="at most 480"):
        rendered({**PLAIN, "health": health})


@pytest.mark.parametrize(("runbook", "place"), [("assess_document", ""), ("patch_document", "Again")])
def test_gates_reach_the_document(fullest: dict[str, Any], runbook: str, place: str) -> None:
    """Calendars and alarms stand before the lease and again before the commit, with the states that let through."""
    steps = {step["name"]: step for step in yaml.safe_load(fullest[runbook])["mainSteps"]}

    assert steps[f"CheckCalendar{place}"]["inputs"]["CalendarNames"] == FULL["change_calendars"]
    assert steps[f"CheckAlarms{place}"]["inputs"]["InputPayload"] == {"Alarms": FULL["alarms"]["names"], "Pass": ["OK"]}
    assert steps[f"RouteAlarms{place}"]["inputs"]["Choices"][0]["NextStep"] == ("Commit" if place else "PlanDrain")


def test_without_gates_nothing_is_looked_at(outputs: dict[str, Any]) -> None:
    """No calendar, no alarm: the ways lead to the lease and to the commit directly."""
    found = [yaml.safe_load(outputs[name])["mainSteps"] for name in ("assess_document", "patch_document")]
    steps = {step["name"]: step for listed in found for step in listed}

    assert [name for name in steps if "Calendar" in name or "Alarms" in name] == []
    assert steps["AwaitDelay"]["nextStep"] == "Commit"


@pytest.mark.parametrize("seconds", [14400, 86400])
def test_a_commit_leaves_time_to_come_back(seconds: int) -> None:
    """The last moment of a commit is the window's end less delivery, installation, health, bake time and a margin."""
    settings = {**FULL, "window_seconds": seconds}
    document = yaml.safe_load(rendered(settings)["assess_document"])
    preflight = next(step for step in document["mainSteps"] if step["name"] == "Preflight")
    needed = 300 + FULL["patching"]["timeout_seconds"] + FULL["health"]["timeout_seconds"] + 3600 + 300

    assert preflight["inputs"]["InputPayload"]["CommitSeconds"] == seconds - needed


def test_the_bound_of_a_review_covers_the_time_that_is_kept(outputs: dict[str, Any]) -> None:
    """The longest way from Commit on, which a review prints, is never less than what the deadline leaves for it."""
    patch, assess, restore = (load(outputs[f"{name}_document"]) for name in ("patch", "assess", "restore"))
    preflight = next(step for step in assess.steps if step.name == "Preflight")
    kept = PLAIN["window_seconds"] - preflight.inputs["InputPayload"]["CommitSeconds"]
    longest = bound(patch, 300, "Commit", {PLAIN["restore_document"]: restore}).seconds

    assert longest is not None and 0 < kept <= longest
    assert kept >= PLAIN["patching"]["timeout_seconds"] + PLAIN["health"]["timeout_seconds"]
