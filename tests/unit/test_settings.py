"""The deployment record: read from every form in which Terraform hands it over, refused when it is not sound."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from albpatch.settings import SCHEMA, DeploymentError, find, parse, read

ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"
RECORD: dict[str, Any] = {
    "schema": SCHEMA,
    "name": "web",
    "partition": "aws",
    "region": "us-east-1",
    "account_id": "123456789012",
    "document": {
        "name": "web-alb-patching",
        "version": "1",
        "content_sha256": "0" * 64,
        "source": "bundled",
        "source_version": None,
        "source_sha256": None,
        "parameter_names": ["InstanceId"],
    },
    "automation_role": {"name": "web-runbook-us-east-1", "arn": "arn:aws:iam::123456789012:role/web-runbook-us-east-1"},
    "window_role": {"name": "web-window-us-east-1", "arn": "arn:aws:iam::123456789012:role/web-window-us-east-1"},
    "lease_table": "web-alb-patching",
    "restore": {
        "document": "web-alb-restore",
        "role": {"name": "web-restore-us-east-1", "arn": "arn:aws:iam::123456789012:role/web-restore-us-east-1"},
        "events": {
            "rule": "web-alb-recovery",
            "sweep_rule": None,
            "queue": "web-alb-recovery",
            "role": {"name": "web-events-us-east-1", "arn": "arn:aws:iam::123456789012:role/web-events-us-east-1"},
        },
    },
    "window": {
        "id": "mw-0123456789abcdef0",
        "name": "web-alb-patching",
        "expression": "cron(0 3 ? * SUN *)",
        "timezone": "UTC",
        "duration_hours": 4,
        "cutoff_hours": 1,
        "offset_days": None,
        "start_date": None,
        "end_date": None,
        "enabled": True,
    },
    "fleets": {
        "web": {
            "name": "web-web",
            "target_id": "11111111-1111-1111-1111-111111111111",
            "task_id": "22222222-2222-2222-2222-222222222222",
            "target_group_arns": [ARN],
            "tags": {"ALB": ["alb01"]},
            "instance_ids": [],
            "resource_group": None,
            "disruption_budget": {"max_unavailable": 1, "min_healthy": 1, "min_healthy_percent": 50},
            "rate_control": {"concurrency": "1", "errors": "0"},
        }
    },
    "settings": {
        "patching": {
            "reboot_option": "RebootIfNeeded",
            "baseline_override": None,
            "skip_when_compliant": True,
            "scan_max_age_minutes": 0,
            "timeout_seconds": 3600,
        },
        "drain": {"wait_for": "quiet_or_delay", "propagation_seconds": 30, "quiet_seconds": 20},
        "health": {"consecutive_looks": 3, "interval_seconds": 15, "timeout_seconds": 1800, "bake_seconds": 0},
        "logs": {"cloudwatch_log_group_name": None, "s3_bucket_name": None, "s3_key_prefix": None},
        "drain_minutes": None,
    },
}


def shown(*records: dict[str, Any]) -> dict[str, Any]:
    """A state as `terraform show -json` prints it, each record in a module of its own, and all again as outputs."""
    modules = [
        {
            "address": f"module.outer.module.call_{number}",
            "resources": [{"type": "terraform_data", "values": {"input": record, "output": record}}],
        }
        for number, record in enumerate(records)
    ]
    outputs = {f"deployment_{number}": {"value": record} for number, record in enumerate(records)}
    return {"format_version": "1.0", "values": {"outputs": outputs, "root_module": {"child_modules": modules}}}


def changed(path: str, value: Any) -> dict[str, Any]:
    """The record with one member replaced; path is its dotted name."""
    record = copy.deepcopy(RECORD)
    *parents, last = path.split(".")
    place = record
    for parent in parents:
        place = place[parent]
    place[last] = value
    return record


@pytest.mark.parametrize(
    "content",
    [
        RECORD,
        {"deployment": {"sensitive": False, "type": ["object", {}], "value": RECORD}},
        {"patching_of_web": {"value": RECORD}, "other": {"value": "text"}},
        {"deployments": {"value": {"web": RECORD}}},
        shown(RECORD),
    ],
    ids=["bare", "output", "output-of-another-name", "nested-output", "state"],
)
def test_record_is_found_in_every_form(tmp_path: Path, content: Any) -> None:
    """However Terraform hands the record over, the same deployment is read, once."""
    file = tmp_path / "deployment.json"
    file.write_text(json.dumps(content))

    assert read(file) == parse(RECORD)


def test_record_is_typed() -> None:
    """Lists become tuples, numbers whole numbers, members attributes."""
    deployment = parse(changed("window.duration_hours", 4.0))

    assert deployment.window.duration_hours == 4
    assert deployment.fleets["web"].target_group_arns == (ARN,)
    assert deployment.fleets["web"].tags == {"ALB": ("alb01",)}
    assert deployment.settings.health.timeout_seconds == 1800


def test_several_deployments_need_a_name(tmp_path: Path) -> None:
    """With two calls in one state the reader asks which, and takes the one that is named."""
    file = tmp_path / "state.json"
    file.write_text(json.dumps(shown(RECORD, changed("name", "api"))))

    with pytest.raises(DeploymentError, match="2 deployments, name one of them: api, web"):
        read(file)
    assert read(file, "api").name == "api"
    with pytest.raises(DeploymentError, match="no deployment named db, only api, web"):
        read(file, "db")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("schema", "alb-patching/deployment/2", "has schema alb-patching/deployment/2, this albpatch reads"),
        ("window.id", None, "deployment.window.id is missing"),
        ("window.id", 5, "deployment.window.id must be a string, is a whole number"),
        ("window.enabled", "true", "deployment.window.enabled must be true or false, is a string"),
        ("window.duration_hours", True, "deployment.window.duration_hours must be a whole number, is true or false"),
        ("window.duration_hours", 1.5, "deployment.window.duration_hours must be a whole number, is a number"),
        ("fleets.web.tags", ["alb01"], "deployment.fleets.web.tags must be an object, is a list"),
        ("fleets.web.target_group_arns", [None], r"deployment.fleets.web.target_group_arns\[0\] is missing"),
        ("document", "web", "deployment.document must be an object, is a string"),
        ("settings.surprise", 1, "not known here: deployment.settings.surprise"),
    ],
)
def test_unsound_record_is_refused(path: str, value: Any, message: str) -> None:
    """A missing, unknown or mistyped member is named with its place and what it must be, in one line."""
    with pytest.raises(DeploymentError, match=message) as caught:
        parse(changed(path, value))

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("{}", "holds no deployment record"),
        ("[]", "holds no deployment record"),
        ('"web"', "holds no deployment record"),
        (json.dumps({"planned_values": {}}), "this is a plan"),
        (json.dumps({"version": 4, "serial": 1, "lineage": "x"}), "this is a state file"),
        (json.dumps(changed("document.version", None)), "document.version is missing"),
    ],
)
def test_unusable_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """A file without a usable record is refused with its name and what to give instead."""
    file = tmp_path / "deployment.json"
    file.write_text(text)
    with pytest.raises(DeploymentError, match=message) as caught:
        read(file)

    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    """A file that is not there is said to be not there."""
    with pytest.raises(DeploymentError, match=r"cannot read .*gone\.json: No such file"):
        read(tmp_path / "gone.json")


def test_nothing_found_is_no_error_in_a_search() -> None:
    """A search through a document without a record finds nothing."""
    assert find({"values": {}}) == []
