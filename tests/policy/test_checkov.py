"""The checks for checkov against the findings of `albpatch review` that they mirror, on the same plans."""

import json
import subprocess
from pathlib import Path

import pytest

from unit.plan.bent import DOCUMENT, STEPS_POLICY, TASK, VERSION, WINDOW_POLICY, found, made, two_calls
from unit.plan.plans import STEPS, arn, fleet, plan, policy, statement

ROOT = Path(__file__).resolve().parents[2]
CHECKS = Path(__file__).parent / "checks"
CHECKOV = ROOT / ".venv-checkov/bin/checkov"
MIRRORED = {path.stem.replace("_", "-") for path in CHECKS.glob("[a-z]*.py")}

PLANS = {
    "sound": made(),
    "two-calls": two_calls(fleet(), fleet(target_group_arns=[arn("other")], tags={"Fleet": ["b"]})),
    "shared-with-all": made().put(DOCUMENT, "permissions", value={"type": "Share", "account_ids": "All"}),
    "shared-with-some": made().put(DOCUMENT, "permissions", value={"type": "Share", "account_ids": "210987654321"}),
    "latest": made().put(TASK, *VERSION, value="$LATEST"),
    "default": made().put(TASK, *VERSION, value="$DEFAULT"),
    "no-version": made().put(TASK, *VERSION, value=None),
    "continues": made().put(TASK, "cutoff_behavior", value="CONTINUE_TASK"),
    "no-cutoff": made().put(TASK, "cutoff_behavior", value=None),
    "writes-everywhere": made().put(
        STEPS_POLICY, "policy", value=policy(*STEPS, statement(["ssm:SendCommand"], ["*"]))
    ),
    "everything": made().put(STEPS_POLICY, "policy", value=policy(*STEPS, statement(["*"], ["*"]))),
    "reads-everywhere": made().put(
        STEPS_POLICY, "policy", value=policy(*STEPS, statement(["ec2:DescribeVpcs"], ["*"]))
    ),
    "limited-by-condition": made().put(
        STEPS_POLICY,
        "policy",
        value=policy(*STEPS, statement(["ssm:SendCommand"], ["*"], Condition={"StringEquals": {"aws:x": "y"}})),
    ),
    "window-role": made().put(WINDOW_POLICY, "policy", value=policy(statement(["ssm:*"], ["*"]))),
}


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """Name of a plan -> what checkov finds in it, as (id, address). One run for all: it takes seconds to start."""
    assert CHECKOV.exists(), "checkov is not installed: run make test, or make .venv-checkov/.installed"
    folder = tmp_path_factory.mktemp("plans")
    for name, bent in PLANS.items():
        (folder / f"{name}.json").write_text(json.dumps(as_terraform_prints(plan(bent))), encoding="utf-8")
    command = [CHECKOV, "--directory", folder, "--framework", "terraform_plan", "--external-checks-dir", CHECKS]
    command += ["--check", ",".join(sorted(MIRRORED)), "--output", "json", "--skip-download", "--soft-fail"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=folder, check=False)
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["resource_count"] > 0
    bad = [
        (Path(one["file_path"]).stem, one["check_id"], one["resource"]) for one in report["results"]["failed_checks"]
    ]
    return {name: {(check, address) for plan_name, check, address in bad if plan_name == name} for name in PLANS}


def as_terraform_prints(given):
    """The plan with its planned values, which is where checkov reads the resources."""
    root = {"resources": [], "child_modules": []}
    for entry in given["resource_changes"]:
        node, path = root, []
        parts = entry.get("module_address", "").split(".")
        for at in range(0, len(parts) - 1, 2):
            path += parts[at : at + 2]
            address = ".".join(path)
            child = next((c for c in node["child_modules"] if c["address"] == address), None)
            if child is None:
                child = {"address": address, "resources": [], "child_modules": []}
                node["child_modules"].append(child)
            node = child
        values = entry["change"]["after"]
        if entry["type"] == "aws_ssm_maintenance_window_task":
            values = {"task_type": "AUTOMATION", **values}
        same = {key: entry[key] for key in ("address", "mode", "type", "name", "index") if key in entry}
        node["resources"].append({**same, "values": values, "sensitive_values": {}, "schema_version": 0})
    provider = {"provider_name": "registry.terraform.io/hashicorp/aws"}
    changes = [{**entry, **provider} for entry in given["resource_changes"]]
    return {
        **given,
        "terraform_version": "1.11.4",
        "planned_values": {"root_module": root},
        "resource_changes": changes,
        "configuration": {"root_module": {}},
    }


@pytest.mark.parametrize("name", PLANS)
def test_both_find_the_same(checked, name):
    """On every plan each check of checkov fails exactly where the review has the finding of the same id."""
    reviewed = {(rule, address) for rule, address in found(PLANS[name]) if rule in MIRRORED}

    assert reviewed == {(rule, address_of(rule, address)) for rule, address in checked[name]}


def address_of(rule, address):
    """The review says at the role what checkov says at the policy."""
    return (
        address.rpartition(".aws_iam_role_policy.")[0] + ".aws_iam_role.this"
        if rule == "write-on-everything"
        else address
    )


def test_every_check_is_seen_to_fail(checked):
    """No check passes whatever it is given."""
    assert {rule for findings in checked.values() for rule, _ in findings} == MIRRORED
