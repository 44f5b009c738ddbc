"""What a window does, it does as its service role, and IAM decides."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from albpatch.region.authorization import install
from albpatch.region.automation.service import Automation
from albpatch.region.clock import VirtualClock
from albpatch.region.control_plane import attach
from albpatch.region.core import Region
from albpatch.region.services.windows import Windows

ACCOUNT = "123456789012"
SSM = f"arn:aws:ssm:us-east-1:{ACCOUNT}"
INSTANCE = "i-00000000000000001"
RUNBOOK_ROLE = f"arn:aws:iam::{ACCOUNT}:role/runbook"
CONTENT = {
    "schemaVersion": "0.3",
    "assumeRole": RUNBOOK_ROLE,
    "parameters": {"InstanceId": {"type": "String"}},
    "mainSteps": [{"name": "Wait", "action": "aws:sleep", "inputs": {"Duration": "PT1M"}, "isEnd": True}],
}
START = {"Effect": "Allow", "Action": "ssm:StartAutomationExecution", "Resource": [f"{SSM}:document/patch"]}
START["Resource"] += [f"{SSM}:automation-definition/patch:*", f"{SSM}:automation-execution/*"]
FOLLOW = {"Effect": "Allow", "Action": "ssm:GetAutomationExecution", "Resource": f"{SSM}:automation-execution/*"}
PASS = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": RUNBOOK_ROLE}
PASS["Condition"] = {"StringEquals": {"iam:PassedToService": "ssm.amazonaws.com"}}
OTHER_DOCUMENT = {**START, "Resource": [f"{SSM}:document/other", f"{SSM}:automation-execution/*"]}


def trust(service):
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def world():
    """A region under IAM with a document that names a role, and a window whose task starts it."""
    region = Region(VirtualClock())
    attach(region)
    install(region)

    def ssm(operation, **params):
        return region.call(region.administrator, "ssm", operation, params)

    region.backend("iam", "CreateRole", {"RoleName": "runbook", "AssumeRolePolicyDocument": trust("ssm.amazonaws.com")})
    region.backend("iam", "CreateRole", {"RoleName": "window", "AssumeRolePolicyDocument": trust("ssm.amazonaws.com")})
    ssm("CreateDocument", Name="patch", Content=json.dumps(CONTENT), DocumentType="Automation")
    window = {"Name": "night", "Schedule": "rate(7 days)", "Duration": 4, "Cutoff": 1, "AllowUnassociatedTargets": True}
    window_id = ssm("CreateMaintenanceWindow", **window)["WindowId"]
    task = {
        "WindowId": window_id,
        "TaskType": "AUTOMATION",
        "TaskArn": "patch",
        "ServiceRoleArn": f"arn:aws:iam::{ACCOUNT}:role/window",
        "Targets": [{"Key": "InstanceIds", "Values": [INSTANCE]}],
        "MaxConcurrency": "1",
        "MaxErrors": "0",
        "TaskInvocationParameters": {"Automation": {"Parameters": {"InstanceId": ["{{RESOURCE_ID}}"]}}},
    }
    ssm("RegisterTaskWithMaintenanceWindow", **task)
    yield SimpleNamespace(region=region, window_id=window_id)
    region.close()


@pytest.fixture
def night(world):
    """Plays a night in which the window's role has these statements; the window execution."""

    def play(*statements, service="ssm.amazonaws.com"):
        region = world.region
        policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        named = {"RoleName": "window", "PolicyName": "start"}
        region.backend("iam", "PutRolePolicy", {**named, "PolicyDocument": policy})
        region.backend("iam", "UpdateAssumeRolePolicy", {"RoleName": "window", "PolicyDocument": trust(service)})
        windows = region.part(Windows)
        execution = windows.get(windows.fire(world.window_id))
        region.clock.run()
        return execution

    return play


def test_a_role_that_may_starts_the_runbook_as_itself(world, night):
    """Start, follow and hand over: with these three the window's execution succeeds, started by the window's role."""
    execution = night(START, FOLLOW, PASS)

    assert execution.status == "SUCCESS"
    started = world.region.part(Automation).executions[execution.tasks[0].invocations[0].execution_id]
    assert started.status == "Success"
    calls = [c for c in world.region.calls if c.operation == "StartAutomationExecution"]
    assert calls[-1].caller.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/window/{execution.id}"
    assert calls[-1].labels["window"] == execution.id


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        ((FOLLOW, PASS), "not authorized to perform: ssm:StartAutomationExecution"),
        ((OTHER_DOCUMENT, FOLLOW, PASS), f"on resource: {SSM}:document/patch"),
        ((START, FOLLOW), f"not authorized to perform: iam:PassRole on resource: {RUNBOOK_ROLE}"),
        ((START, PASS), "not authorized to perform: ssm:GetAutomationExecution"),
    ],
)
def test_what_the_role_may_not_fails_the_invocation(night, statements, message):
    """A missing permission ends the invocation as FAILED with IAM's sentence, and the window as FAILED."""
    execution = night(*statements)

    (invocation,) = execution.tasks[0].invocations
    assert (execution.status, invocation.status) == ("FAILED", "FAILED")
    assert message in invocation.details


def test_a_role_that_trusts_somebody_else_fails_the_task(night):
    """A role that Systems Manager cannot assume starts nothing at all."""
    execution = night(START, FOLLOW, PASS, service="ec2.amazonaws.com")

    assert (execution.status, execution.tasks[0].status, execution.tasks[0].invocations) == ("FAILED", "FAILED", [])
    assert "unable to be assumed" in execution.tasks[0].details
