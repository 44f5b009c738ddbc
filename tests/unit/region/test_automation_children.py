"""aws:executeAutomation: one execution starts another and waits for it."""

import json
import re

import pytest

from albpatch.region.authorization import install
from albpatch.region.automation.interpreter import Reading
from albpatch.region.automation.service import Automation
from albpatch.region.clock import VirtualClock
from albpatch.region.control_plane import attach
from albpatch.region.core import Region
from albpatch.region.services.documents import Documents

ACCOUNT = "123456789012"
PARENT_ROLE, CHILD_ROLE = f"arn:aws:iam::{ACCOUNT}:role/parent", f"arn:aws:iam::{ACCOUNT}:role/child"
TRUST = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ssm.amazonaws.com"}}]}
PASS = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": CHILD_ROLE}
RUN = {
    "Effect": "Allow",
    "Action": ["ssm:StartAutomationExecution", "ssm:GetAutomationExecution"],
    "Resource": "*",
}


def document(*steps, **top):
    return json.dumps({"schemaVersion": "0.3", "mainSteps": list(steps), **top})


def sleep(name, seconds):
    return {"name": name, "action": "aws:sleep", "inputs": {"Duration": seconds}}


def runs_child(**rest):
    inputs = {"DocumentName": "Child", "RuntimeParameters": {"Wait": "{{Wait}}"}}
    return {"name": "Run", "action": "aws:executeAutomation", "inputs": inputs, **rest}


WAIT = {"Wait": {"type": "String", "default": "PT1M"}}
CHILD = document(sleep("Sleep", "{{Wait}}"), parameters=WAIT)


@pytest.fixture(scope="module")
def shared():
    made = Region(VirtualClock(0.0))
    attach(made)
    for name in ("parent", "child", "starter"):
        made.backend("iam", "CreateRole", {"RoleName": name, "AssumeRolePolicyDocument": json.dumps(TRUST)})
    made.part(Documents).add_aws_owned("Child", CHILD)
    made.part(Documents).add_aws_owned("ChildWithRole", document(sleep("Sleep", "PT1M"), assumeRole=CHILD_ROLE))
    yield made
    made.close()


@pytest.fixture
def region(shared):
    yield shared
    shared.authorizer = None
    shared.part(Automation).reading = Reading()


def run(region, text, *, caller=None, after=None, act=None, **given):
    """Run a document to the end of everything that it started; (execution, its only child)."""
    automation = region.part(Automation)
    started = automation.start(caller or region.administrator, "Parent", None, given, content=text)
    if act is not None:
        region.clock.call_at(region.clock.time() + after, lambda: act(automation, started))
    execution = automation.run_until_over(started)
    children = [x for x in automation.executions.values() if x.parent_id == started]
    for child in children:
        automation.run_until_over(child.id)
    return execution, children


def test_the_child_has_its_parameters_and_names_its_parent(region):
    """The step waits for the child, whose record names the parent; the parent counts no rate control."""
    execution, [child] = run(region, document(runs_child(), parameters=WAIT), Wait=["PT5M"])
    record = region.call(
        region.administrator, "ssm", "GetAutomationExecution", {"AutomationExecutionId": child.id}
    )["AutomationExecution"]  # fmt: skip

    assert (execution.status, child.status, child.given) == ("Success", "Success", {"Wait": ["PT5M"]})
    assert child.ended - child.started == 300 and execution.ended >= child.ended
    assert record["ParentAutomationExecutionId"] == execution.id
    assert execution.children == [] and execution.latest("Run").outputs["ExecutionId"] == child.id


def test_what_a_child_starts_is_no_child_of_the_parent(region):
    """Only the start that the step itself makes belongs to the parent."""
    script = "import boto3\ndef h(e, c):\n  boto3.client('ssm').start_automation_execution(DocumentName='Child')"
    inputs = {"Runtime": "python3.11", "Handler": "h", "Script": script}
    other = document({"name": "S", "action": "aws:executeScript", "inputs": inputs}, assumeRole=PARENT_ROLE)
    region.part(Documents).add_aws_owned("Starts", other)
    before = set(region.part(Automation).executions)
    text = document({"name": "Run", "action": "aws:executeAutomation", "inputs": {"DocumentName": "Starts"}})
    execution, [child] = run(region, text)
    third = [x for x in region.part(Automation).executions.values() if x.id not in {*before, execution.id, child.id}]

    assert child.status == "Success"
    assert [x.parent_id for x in third] == [None]


def test_a_child_that_fails_fails_the_step(region):
    """The message names the child and how it ended."""
    execution, [child] = run(region, document(runs_child(), parameters=WAIT), Wait=["nonsense"])

    assert (execution.status, child.status) == ("Failed", "Failed")
    assert f"Automation execution {child.id} ended as Failed" in execution.message


@pytest.mark.parametrize(("stops", "status", "ended"), [(False, "Success", 600), (True, "Cancelled", 90)])
def test_a_cancelled_parent(region, stops, status, ended):
    """What becomes of the child is not stated: it goes on, or is cancelled with its step."""
    region.part(Automation).reading = Reading(child_stops_with_its_step=stops)
    text = document(runs_child(), parameters=WAIT)
    execution, [child] = run(region, text, Wait=["PT10M"], after=90, act=lambda automation, id_: automation.stop(id_))

    assert execution.status == "Cancelled" and execution.ended - execution.started == 90
    assert (child.status, child.ended - child.started) == (status, ended)


@pytest.mark.parametrize(("stops", "status", "ended"), [(False, "Success", 600), (True, "Cancelled", 90)])
def test_a_step_that_times_out(region, stops, status, ended):
    """The same question for a step whose time is over."""
    region.part(Automation).reading = Reading(child_stops_with_its_step=stops)
    execution, [child] = run(region, document(runs_child(timeoutSeconds=90), parameters=WAIT), Wait=["PT10M"])

    assert execution.status == "TimedOut"
    assert (child.status, child.ended - child.started) == (status, ended)


def test_a_parent_that_dies_leaves_its_child_alone(region):
    """Nobody is there to stop it."""
    region.part(Automation).reading = Reading(child_stops_with_its_step=True)
    text = document(runs_child(), parameters=WAIT)
    execution, [child] = run(region, text, Wait=["PT10M"], after=90, act=lambda automation, id_: automation.kill(id_))

    assert (execution.status, child.status) == ("Failed", "Success")


@pytest.mark.parametrize(
    ("role", "starter", "reading", "status", "message"),
    [
        ([RUN, PASS], [PASS], Reading(), "Success", ""),
        ([RUN], [PASS], Reading(), "Failed", "assumed-role/parent/.* is not authorized to perform: iam:PassRole"),
        ([RUN, PASS], [], Reading(), "Failed", "assumed-role/starter/.* is not authorized to perform: iam:PassRole"),
        ([RUN, PASS], [], Reading(starter_passes_child_role=False), "Success", ""),
        ([PASS], [PASS], Reading(), "Failed", "is not authorized to perform: ssm:StartAutomationExecution"),
    ],
)
def test_who_must_pass_the_role_of_the_child(region, role, starter, reading, status, message):
    """The role of the step starts the child and passes its role; so must, by the page, who started the parent."""
    region.part(Automation).reading = reading
    install(region)
    for name, statements in (("parent", role), ("starter", starter)):
        text = json.dumps({"Version": "2012-10-17", "Statement": statements or [{**PASS, "Effect": "Deny"}]})
        region.backend("iam", "PutRolePolicy", {"RoleName": name, "PolicyName": "p", "PolicyDocument": text})
    step = {"name": "Run", "action": "aws:executeAutomation", "inputs": {"DocumentName": "ChildWithRole"}}
    text = document(step, assumeRole=PARENT_ROLE)
    execution, children = run(region, text, caller=region.assumed_role("starter", "s"))

    assert execution.status == status
    assert len(children) == (status == "Success")
    assert re.search(message, execution.message or "")
