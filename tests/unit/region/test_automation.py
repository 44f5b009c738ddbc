"""Automation as a service: executions, their records, stopping, dying, roles."""

import json

import pytest

from albpatch.region.authorization import install
from albpatch.region.automation.interpreter import Reading
from albpatch.region.automation.service import Automation
from albpatch.region.clock import VirtualClock
from albpatch.region.control_plane import attach
from albpatch.region.core import Region
from albpatch.region.operations import OPERATIONS, AwsError, NotKnownHere
from albpatch.region.services.documents import Documents

ROLE = "arn:aws:iam::123456789012:role/patcher"
INSTANCE = "i-0123456789abcdef0"


def step(name, action="aws:sleep", **rest):
    return {"name": name, "action": action, "inputs": {"Duration": "PT1M"}, **rest}


def document(*steps, **top):
    return json.dumps({"schemaVersion": "0.3", "mainSteps": list(steps) or [step("Wait")], **top})


@pytest.fixture
def region():
    made = Region(VirtualClock(0.0))
    yield made
    made.close()


@pytest.fixture
def automation(region):
    return region.part(Automation)


def ask(region, name, **params):
    return region.call(region.administrator, "ssm", name, params)


def run(region, text, *, at=None, act=None, **given):
    """Run a document to its end; `act(id)` happens `at` seconds after the start."""
    automation = region.part(Automation)
    started = automation.start(region.administrator, "doc", None, given, content=text)
    if act is not None:
        region.clock.call_at(region.clock.time() + at, lambda: act(started))
    return automation.run_until_over(started)


def test_an_execution_is_journaled_with_its_steps(region):
    """Who listens to the journal sees every change of an execution and of its steps."""
    done = run(region, document(step("One"), step("Two", isEnd=True), parameters={"InstanceId": {"type": "String"}}),
               InstanceId=[INSTANCE])  # fmt: skip

    assert [(e.time, e.detail["status"]) for e in region.journal.of("execution", done.id)] == [
        (0.0, "InProgress"),
        (120.0, "Success"),
    ]
    assert {e.detail["instance"] for e in region.journal.of("execution")} == {INSTANCE}
    assert [(e.detail["step"], e.detail["status"]) for e in region.journal.of("step", done.id)] == [
        ("One", "InProgress"),
        ("One", "Success"),
        ("Two", "InProgress"),
        ("Two", "Success"),
    ]


def test_calls_are_made_by_the_assumed_role_and_carry_labels(region):
    """What an execution calls is recorded with its role, its execution, its step and its target."""
    text = document(
        step("Look", "aws:executeAwsApi", inputs={"Service": "ssm", "Api": "GetAutomationExecution",
                                                  "AutomationExecutionId": "{{automation:EXECUTION_ID}}"}),
        assumeRole=ROLE,
        parameters={"InstanceId": {"type": "String"}},
    )  # fmt: skip
    done = run(region, text, InstanceId=[INSTANCE])

    [call] = region.calls
    assert done.status == "Success"
    assert call.caller.role_name == "patcher"
    assert call.caller.arn.endswith(f"assumed-role/patcher/Automation-{done.id}")
    assert call.labels == {"execution": done.id, "targets": INSTANCE, "step": "Look"}


def test_the_record_says_everything_about_a_step(region):
    """GetAutomationExecution has every step as StepExecution has it, those not reached as Pending."""
    text = document(
        step("Try", onFailure="step:Last", maxAttempts=2, timeoutSeconds=30, isCritical=False, nextStep="Never"),
        step("Never"),
        step("Last", isEnd=True),
    )
    done = run(region, text)
    answer = ask(region, "GetAutomationExecution", AutomationExecutionId=done.id)["AutomationExecution"]
    first, never, last = answer["StepExecutions"]

    assert answer["AutomationExecutionStatus"] == "Success"
    assert answer["ExecutedBy"] == region.administrator.arn
    assert first["StepStatus"] == "TimedOut"
    assert first["Inputs"] == {"Duration": '"PT1M"'}
    assert first["ValidNextSteps"] == ["Never", "Last"]
    assert (first["MaxAttempts"], first["TimeoutSeconds"], first["IsCritical"], first["OnFailure"]) == (
        2,
        30,
        False,
        "step:Last",
    )
    assert (first["ExecutionEndTime"] - first["ExecutionStartTime"]).total_seconds() == 60
    assert first["FailureDetails"]["FailureType"] == "TimedOut"
    assert never["StepStatus"] == "Pending"
    assert "ExecutionStartTime" not in never
    assert last["StepStatus"] == "Success"


def test_a_running_execution_names_its_current_step(region):
    """While a step runs, the record says which."""
    seen = []

    def look(execution_id):
        seen.append(ask(region, "GetAutomationExecution", AutomationExecutionId=execution_id)["AutomationExecution"])

    done = run(region, document(step("One"), step("Two")), at=90, act=look)
    assert (seen[0]["AutomationExecutionStatus"], seen[0]["CurrentStepName"]) == ("InProgress", "Two")
    answer = ask(region, "GetAutomationExecution", AutomationExecutionId=done.id)["AutomationExecution"]
    assert "CurrentStepName" not in answer


def test_executions_are_listed_and_filtered(region):
    """DescribeAutomationExecutions lists the latest first and filters by status, name and id."""
    good, bad = run(region, document()), run(region, document(step("A", inputs={"Duration": "x"})))

    def ids(*filters):
        listed = ask(region, "DescribeAutomationExecutions", Filters=[{"Key": k, "Values": v} for k, v in filters])
        return [one["AutomationExecutionId"] for one in listed["AutomationExecutionMetadataList"]]

    assert ids() == [bad.id, good.id]
    assert ids(("ExecutionStatus", ["Failed"])) == [bad.id]
    assert ids(("DocumentNamePrefix", ["do"]), ("ExecutionId", [good.id])) == [good.id]
    assert ids(("StartTimeAfter", ["1969-01-01T00:00:00Z"])) == ids()
    assert ids(("StartTimeAfter", ["2100-01-01T00:00:00Z"])) == []
    with pytest.raises(NotKnownHere, match="TagKey"):
        ids(("TagKey", ["x"]))


def test_steps_are_listed_and_filtered(region):
    """DescribeAutomationStepExecutions filters by name and status and can be reversed."""
    done = run(region, document(step("One", isEnd=True), step("Two")))

    def names(**params):
        found = ask(region, "DescribeAutomationStepExecutions", AutomationExecutionId=done.id, **params)
        return [one["StepName"] for one in found["StepExecutions"]]

    assert names() == ["One", "Two"]
    assert names(ReverseOrder=True) == ["Two", "One"]
    assert names(Filters=[{"Key": "StepExecutionStatus", "Values": ["Pending"]}]) == ["Two"]
    assert names(MaxResults=1) == ["One"]


@pytest.mark.parametrize(
    "name", ["GetAutomationExecution", "StopAutomationExecution", "DescribeAutomationStepExecutions"]
)
def test_an_execution_that_is_not_there(region, name):
    """Asking for an unknown execution is AWS's error."""
    with pytest.raises(AwsError, match="AutomationExecutionNotFoundException"):
        ask(region, name, AutomationExecutionId="00000000-0000-4000-8000-000000000000")


def test_cancelling_shows_as_cancelling_until_the_workflow_is_over(region, automation):
    """Between the stop and the end of the cancellation workflow the status is Cancelling."""
    seen = []
    slow = "import time\ndef h(e, c): time.sleep(50)"
    script = {"Runtime": "python3.11", "Handler": "h", "Script": slow}
    text = document(step("Work", onCancel="step:Tidy", isEnd=True), step("Tidy", "aws:executeScript", inputs=script))

    def stop(execution_id):
        automation.stop(execution_id)
        region.clock.call_at(region.clock.time() + 10, lambda: seen.append(automation.executions[execution_id].status))

    done = run(region, text, at=20, act=stop)
    assert seen == ["Cancelling"]
    assert (done.status, done.ended) == ("Cancelled", 70)


def test_complete_lets_the_step_end_and_nothing_follow(region, automation):
    """StopAutomationExecution with Type Complete runs no cancellation workflow."""
    text = document(step("One", onCancel="step:Tidy"), step("Two"), step("Tidy", "aws:deleteStack", inputs={"StackName": "x"}))  # fmt: skip  # noqa: E501
    done = run(region, text, at=20, act=lambda id_: automation.stop(id_, "Complete"))
    assert (done.status, done.ended) == ("Success", 60)
    assert [one.status for one in done.steps] == ["Success", "Pending", "Pending"]


def test_complete_may_be_read_as_a_cancel(region, automation):
    """What Complete runs is an open question: read so, the cancellation workflow runs."""
    automation.reading = Reading(complete_cancels=True)
    script = {"Runtime": "python3.11", "Handler": "h", "Script": "import time\ndef h(e, c): time.sleep(5)"}
    text = document(step("One", onCancel="step:Tidy", isEnd=True), step("Tidy", "aws:executeScript", inputs=script))
    done = run(region, text, at=20, act=lambda id_: automation.stop(id_, "Complete"))
    assert (done.status, done.ended) == ("Cancelled", 25)


def test_what_is_over_cannot_be_stopped(region, automation):
    """A second stop, and a stop after the end, are refused."""
    done = run(region, document())
    with pytest.raises(AwsError, match="InvalidAutomationStatusUpdateException"):
        automation.stop(done.id)


def test_a_killed_execution_runs_nothing_more(region, automation):
    """Death skips onFailure and onCancel alike, and leaves a status that is final."""
    text = document(
        step("Work", onFailure="step:Tidy", onCancel="step:Tidy"),
        step("Tidy", "aws:deleteStack", inputs={"StackName": "x"}),
    )
    done = run(region, text, at=20, act=automation.kill)
    assert (done.status, done.ended, done.over) == ("Failed", 20, True)
    assert [one.status for one in done.steps] == ["Failed", "Pending"]
    automation.kill(done.id)
    assert [e.detail["status"] for e in region.journal.of("execution")] == ["InProgress", "Failed"]


def test_an_execution_can_die_at_the_beginning_of_a_step(region, automation):
    """A listener that kills at a step's first sign ends the execution before the step does anything."""

    def listen(entry):
        if entry.kind == "step" and entry.detail == {**entry.detail, "step": "Two", "status": "InProgress"}:
            automation.kill(entry.subject)

    region.journal.listeners.append(listen)
    done = run(region, document(step("One"), step("Two")))
    assert (done.status, region.clock.time()) == ("Failed", 60)


def test_waiting_for_an_execution_inside_the_region(region, automation):
    """Another activity can wait for an execution's end."""
    seen = []

    def wait():
        started = automation.start(region.administrator, "doc", None, {}, content=document())
        seen.append((automation.wait(started).status, region.clock.time()))

    region.clock.run(region.clock.spawn("waiter", wait))
    assert seen == [("Success", 60.0)]


def test_open_questions_can_be_read_the_other_way(region, automation):
    """A step that jumps on failure and does not declare isCritical: both readings can be played."""
    text = document(step("A", inputs={"Duration": "x"}, onFailure="step:B"), step("B"))
    assert run(region, text).status == "Failed"
    automation.reading = Reading(undeclared_is_critical=False)
    assert run(region, text).status == "Success"
    assert run(region, document(step("A", inputs={"Duration": "x"}))).status == "Failed"


def test_a_script_without_a_role_has_no_credentials(region):
    """Started by a person, a document without assumeRole cannot call AWS from a script."""
    script = {"Runtime": "python3.11", "Handler": "h", "Script": "import boto3\ndef h(e, c): boto3.client('ec2')"}
    text = document(step("A", "aws:executeScript", inputs=script))
    assert "NoCredentialsError" in run(region, text).message
    assert run(region, text.replace('"mainSteps"', f'"assumeRole": "{ROLE}", "mainSteps"')).status == "Success"


def test_an_unknown_action_ends_the_run_of_the_clock(region):
    """What the region cannot do is raised to whoever lets time pass."""
    with pytest.raises(NotKnownHere, match="aws:pause"):
        run(region, document(step("A", "aws:pause", inputs={})))


def test_an_error_of_the_region_itself_is_no_failed_step(region, monkeypatch):
    """A script that swallows what went wrong inside an operation does not turn it into an outcome of the document."""

    def broken(_region, _caller, _params):
        raise AttributeError("a fault of ours")

    monkeypatch.setitem(OPERATIONS, ("ec2", "DescribeInstances"), broken)
    text = (
        "import boto3\ndef h(e, c):\n  try: boto3.client('ec2').describe_instances()\n  except Exception: return {}\n"
    )
    script = {"Runtime": "python3.11", "Handler": "h", "Script": text}

    with pytest.raises(AttributeError, match="a fault of ours"):
        run(region, document(step("A", "aws:executeScript", inputs=script), assumeRole=ROLE))


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"DocumentName": "Nobody"}, "AutomationDefinitionNotFoundException"),
        ({"DocumentName": "Doc", "DocumentVersion": "9"}, "AutomationDefinitionVersionNotFoundException"),
        ({"DocumentName": "Doc", "Parameters": {"x": ["y"]}}, "InvalidAutomationExecutionParametersException"),
        ({"DocumentName": "Doc", "TargetParameterName": "Id"}, "InvalidAutomationExecutionParametersException"),
    ],
)
def test_a_start_that_is_refused(region, params, code):
    """StartAutomationExecution refuses with AWS's codes."""
    attach(region)
    region.part(Documents).add_aws_owned("Doc", document())
    with pytest.raises(AwsError, match=code):
        ask(region, "StartAutomationExecution", **params)


def test_a_client_token_starts_once(region, automation):
    """The same token answers with the same execution, and refuses other parameters."""
    attach(region)
    region.part(Documents).add_aws_owned("Doc", document(parameters={"p": {"type": "String", "default": "a"}}))
    asked = {"DocumentName": "Doc", "ClientToken": "11111111-2222-4333-8444-555555555555"}
    first = ask(region, "StartAutomationExecution", **asked)
    again = ask(region, "StartAutomationExecution", **{**asked, "ClientToken": asked["ClientToken"].upper()})

    assert first == again
    assert len(automation.executions) == 1
    with pytest.raises(AwsError, match="IdempotentParameterMismatch"):
        ask(region, "StartAutomationExecution", **asked, Parameters={"p": ["b"]})


def test_a_start_with_what_is_not_modelled(region):
    """An argument that the region would have to ignore is an error."""
    with pytest.raises(NotKnownHere, match="TargetMaps"):
        ask(region, "StartAutomationExecution", DocumentName="Doc", TargetMaps=[{"a": ["b"]}])


def test_a_document_that_is_not_valid_cannot_be_created(region):
    """CreateDocument and UpdateDocument refuse an invalid Automation document, and look at no other type."""
    attach(region)
    bad = document(step("A", nextStep="Nobody"))

    def put(operation, content, **rest):
        return ask(region, operation, Name="Mine", Content=content, **rest)

    with pytest.raises(AwsError, match=r"InvalidDocumentContent: A\.nextStep: there is no step 'Nobody'"):
        put("CreateDocument", bad, DocumentType="Automation", DocumentFormat="JSON")
    put("CreateDocument", document(), DocumentType="Automation", DocumentFormat="JSON")
    with pytest.raises(AwsError, match="InvalidDocumentContent"):
        put("UpdateDocument", bad, DocumentVersion="$LATEST")


def test_a_role_that_cannot_be_assumed(region):
    """With IAM in force, a start fails when the document's role is missing or trusts somebody else."""
    attach(region)
    install(region)
    region.part(Documents).add_aws_owned("Doc", document(assumeRole=ROLE))
    with pytest.raises(AwsError, match="The defined assume role is unable to be assumed"):
        ask(region, "StartAutomationExecution", DocumentName="Doc")

    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = {"Version": "2012-10-17", "Statement": [trust]}
    region.backend("iam", "CreateRole", {"RoleName": "patcher", "AssumeRolePolicyDocument": json.dumps(policy)})
    with pytest.raises(AwsError, match="The defined assume role is unable to be assumed"):
        ask(region, "StartAutomationExecution", DocumentName="Doc")

    trust["Principal"]["Service"] = "ssm.amazonaws.com"
    region.backend("iam", "UpdateAssumeRolePolicy", {"RoleName": "patcher", "PolicyDocument": json.dumps(policy)})
    assert ask(region, "StartAutomationExecution", DocumentName="Doc")["AutomationExecutionId"]


def test_a_call_that_the_role_may_not_make_fails_the_step(region):
    """A missing permission ends the step with the service's own code and the action's name."""
    attach(region)
    install(region)
    trust = {"Effect": "Allow", "Principal": {"Service": "ssm.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = {"Version": "2012-10-17", "Statement": [trust]}
    region.backend("iam", "CreateRole", {"RoleName": "patcher", "AssumeRolePolicyDocument": json.dumps(policy)})
    inputs = {"Service": "ec2", "Api": "DescribeInstances"}
    done = run(region, document(step("Look", "aws:executeAwsApi", inputs=inputs), assumeRole=ROLE))
    assert done.status == "Failed"
    assert "UnauthorizedOperation" in done.message
    assert "ec2:DescribeInstances" in done.message
