"""Each check of a deployment finds what it is there for: the account is changed by hand and put back."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from account_changes import (
    ALL_OF_SSM,
    ANY_DOCUMENT,
    ANY_ROLE,
    ELSEWHERE,
    Deployed,
    Undo,
    add_target,
    add_task,
    attach,
    change_policy,
    deregister,
    move_version,
    share,
    sicken,
    trust,
    update_parameters,
    update_task,
    update_window,
    widen_target,
)
from albpatch.live import checks
from albpatch.live.account import Account
from albpatch.rehearsal.from_plan import load
from local_account import EXAMPLES, ROOT, LocalAccount


def recorded(plan: dict[str, Any], loaded: Any, call: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """The record that the apply of this plan would leave: what the plan does not know is what was loaded."""
    module = plan["planned_values"]["root_module"]["child_modules"][0]
    (record,) = [r["values"]["input"] for r in module["resources"] if r["type"] == "terraform_data"]
    record = copy.deepcopy(record)
    (record["window"]["id"],) = loaded.window_ids
    ((_, record["fleets"]["web"]["target_id"]),) = loaded.targets.items()
    ((_, record["fleets"]["web"]["task_id"]),) = loaded.tasks.items()
    described = call("ssm", "DescribeDocument", {"Name": record["document"]["name"]})
    record["document"]["version"] = described["Document"]["LatestVersion"]
    return record


@pytest.fixture(scope="module")
def deployed() -> Iterator[Deployed]:
    local = LocalAccount()
    try:
        with pytest.MonkeyPatch.context() as patch, local.terraform(EXAMPLES / "complete") as terraform:
            terraform.init()
            terraform.plan()
            plan = terraform.show_plan()
            loaded = load(local.region, plan)
            region = local.region
            record = recorded(plan, loaded, lambda *call: region.call(region.administrator, *call))
            for name, value in local.environment().items():
                patch.setenv(name, value)
            yield Deployed(local, Account(region.name, boto3.Session()), record)
    finally:
        local.close()


CHANGES: list[tuple[checks.Check, Callable[[Deployed], Undo], str]] = [
    (checks.targets_registered, deregister, "not registered in target group web"),
    (checks.targets_healthy, deregister, "is draining"),
    (checks.targets_healthy, sicken(["web-1"]), "is unhealthy"),
    (checks.floor_held, sicken(["web-1", "web-2", "web-3"]), "has 1 healthy targets, the floor is 2"),
    (checks.document_not_shared, share, "shared with 111122223333"),
    (checks.window_as_recorded, update_window(Enabled=False), "Enabled is False"),
    (checks.window_as_recorded, update_window(Schedule="rate(1 day)"), "Schedule is 'rate(1 day)'"),
    (checks.window_as_recorded, update_window(ScheduleTimezone="UTC"), "ScheduleTimezone"),
    (checks.window_as_recorded, update_window(Duration=5), "Duration is 5"),
    (checks.window_as_recorded, update_window(Cutoff=0), "Cutoff is 0"),
    (checks.window_targets_as_recorded, widen_target, "window target: tag-key"),
    (checks.window_targets_as_recorded, add_target, "is not of this deployment"),
    (checks.tasks_as_recorded, update_task(MaxConcurrency="2"), "MaxConcurrency is '2'"),
    (checks.tasks_as_recorded, update_task(MaxErrors="10%"), "MaxErrors is '10%'"),
    (checks.tasks_as_recorded, update_task(CutoffBehavior="CONTINUE_TASK"), "CutoffBehavior is 'CONTINUE_TASK'"),
    (checks.tasks_as_recorded, update_task(ServiceRoleArn="arn:aws:iam::123456789012:role/x"), "ServiceRoleArn is"),
    (checks.tasks_as_recorded, update_task(TaskArn="other"), "TaskArn is 'other'"),
    (checks.tasks_as_recorded, move_version, "DocumentVersion is '$LATEST'"),
    (checks.tasks_as_recorded, update_parameters(InstanceId=["i-1"]), "no parameter receives {{RESOURCE_ID}}"),
    (checks.tasks_as_recorded, update_parameters(MinHealthyCount=["0"]), "MinHealthyCount is ['0']"),
    (checks.tasks_as_recorded, update_parameters(TargetGroupArns=["arn:other"]), "TargetGroupArns is ['arn:other']"),
    (checks.tasks_as_recorded, add_task, "is not of this deployment"),
    (checks.automation_role_as_recorded, attach("automation_role"), "managed policies is ['arn"),
    (checks.automation_role_as_recorded, change_policy("automation_role", "extra", ELSEWHERE), "inline policies"),
    (checks.automation_role_as_recorded, change_policy("automation_role", "steps", ELSEWHERE), "on other resources"),
    (checks.automation_role_as_recorded, change_policy("automation_role", "steps", ALL_OF_SSM), "allows ssm:*"),
    (checks.automation_role_as_recorded, trust("automation_role"), "trust is"),
    (checks.window_role_as_recorded, attach("window_role"), "managed policies is ['arn"),
    (
        checks.window_role_as_recorded,
        change_policy("window_role", "start-runbook", ANY_ROLE),
        "PassRole is allowed on *",
    ),
    (checks.window_role_as_recorded, change_policy("window_role", "start-runbook", ANY_DOCUMENT), "is allowed on *"),
    (checks.window_role_as_recorded, trust("window_role", Condition={"Bool": {"a:b": "true"}}), "trust is"),
]


@pytest.mark.parametrize("check", checks.CHECKS, ids=lambda check: check.__name__)
def test_nothing_is_found_when_all_is_as_recorded(deployed, check):
    """A deployment that nobody touched has no finding, so that a finding means something."""
    assert check(deployed.account, deployed.deployment) == []


@pytest.mark.parametrize(("check", "change", "text"), CHANGES, ids=[f"{c.__name__}-{t}" for c, _, t in CHANGES])
def test_a_change_by_hand_is_found(deployed, check, change, text):
    """The check names what was changed, and is content again when it is put back."""
    undo = change(deployed)
    try:
        findings = check(deployed.account, deployed.deployment)
    finally:
        undo()

    assert [finding for finding in findings if text in finding], findings
    assert check(deployed.account, deployed.deployment) == []


@pytest.mark.parametrize(
    ("change", "check", "text"),
    [
        ({"document": {"version": "9"}}, checks.document_as_recorded, "has no version 9"),
        ({"document": {"content_sha256": "0" * 64}}, checks.document_as_recorded, "sha256 is"),
        ({"document": {"parameter_names": ("Other",)}}, checks.document_as_recorded, "parameters is"),
        ({"document": {"name": "nobody"}}, checks.document_not_shared, "does not exist"),
        ({"window": {"id": "mw-00000000000000000"}}, checks.window_as_recorded, "does not exist"),
        ({"window": {"id": "mw-00000000000000000"}}, checks.tasks_as_recorded, "does not exist"),
        ({"window": {"id": "mw-00000000000000000"}}, checks.window_targets_as_recorded, "does not exist"),
        ({"automation_role": {"name": "nobody"}}, checks.automation_role_as_recorded, "does not exist"),
        ({"window_role": {"name": "nobody"}}, checks.window_role_as_recorded, "does not exist"),
    ],
)
def test_what_is_gone_is_found(deployed, change, check, text):
    """A record that names what is not there is a finding and not an error."""
    ((part, members),) = change.items()
    deployment = replace(deployed.deployment, **{part: replace(getattr(deployed.deployment, part), **members)})

    assert text in " ".join(check(deployed.account, deployment))


@pytest.mark.parametrize(
    ("members", "check", "text"),
    [
        ({"tags": {"ALB": ("nobody",)}}, checks.targets_registered, "no running instance"),
        (
            {
                "target_group_arns": (
                    "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/x/0123456789abcdef",
                )
            },
            None,
            "does not exist",
        ),
    ],
)
def test_a_fleet_without_instances_or_group_is_found(deployed, members, check, text):
    """A fleet that reaches nobody, or whose target group is gone, is a finding."""
    deployment = replace(deployed.deployment, fleets={"web": replace(deployed.fleet, **members)})

    assert text in " ".join((check or checks.targets_registered)(deployed.account, deployment))


def suite(deployed: Deployed, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the user's suite on a file as `terraform output -json` writes it, with the environment as it is."""
    file = folder / "deployment.json"
    file.write_text(json.dumps({"deployment": {"sensitive": False, "value": deployed.record}}))
    command = [sys.executable, "-m", "pytest", "tests/live", "--deployment", str(file), "-p", "no:cacheprovider"]
    return subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False)


def test_the_users_suite_runs_on_a_file(deployed, tmp_path):
    """`pytest tests/live --deployment FILE` reaches the account through the environment and passes."""
    ran = suite(deployed, tmp_path)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert f"{len(checks.CHECKS) + 1} passed" in ran.stdout


def test_the_users_suite_fails_where_something_is_wrong(deployed, tmp_path):
    """A document that is shared fails exactly the test that says so, with the reason."""
    undo = share(deployed)
    try:
        ran = suite(deployed, tmp_path)
    finally:
        undo()

    assert ran.returncode == 1
    assert "FAILED tests/live/test_deployment.py::test_document_is_not_shared" in ran.stdout
    assert "is shared with 111122223333" in ran.stdout
    assert "1 failed" in ran.stdout
