"""Maintenance windows that open."""

import json
import uuid

import pytest

from albpatch.region.clock import VirtualClock
from albpatch.region.control_plane import attach
from albpatch.region.core import Region
from albpatch.region.operations import OPERATIONS, AwsError, NotKnownHere
from albpatch.region.services.windows import Reading, WindowDisabled, Windows

HOUR = 3600.0
INSTANCES = [f"i-{n:017x}" for n in range(4)]
ROLE = "arn:aws:iam::123456789012:role/window"


class Runbooks:
    """Stands for Automation: an execution takes its time and ends with a status, by the instance that it is given."""

    def __init__(self, region):
        self.region = region
        self.started = []
        self.status = {}
        self.seconds = {}
        self.refuse = {}
        self.ends = {}

    def start(self, region, caller, params):
        instance = params["Parameters"]["InstanceId"][0]
        if instance in self.refuse:
            raise self.refuse[instance]
        execution_id = str(uuid.UUID(int=len(self.started) + 1))
        self.started.append((region.clock.time(), instance, caller.role_name, params))
        region.clock.spawn(execution_id, self._run, execution_id, instance)
        return {"AutomationExecutionId": execution_id}

    def _run(self, execution_id, instance):
        self.region.clock.sleep(self.seconds.get(instance, 600.0))
        self.ends[execution_id] = self.status.get(instance, "Success")
        self.region.journal.add("execution", execution_id, status=self.ends[execution_id], document="patch")

    def get(self, _region, _caller, params):
        status = self.ends[params["AutomationExecutionId"]]
        return {"AutomationExecution": {"AutomationExecutionStatus": status, "FailureMessage": f"ended {status}"}}

    @property
    def instances(self):
        return [instance for _, instance, _, _ in self.started]


@pytest.fixture
def region():
    made = Region(VirtualClock(0.0))
    yield made
    made.close()


@pytest.fixture
def control_plane(region):
    """For what chooses its instances by tag."""
    return attach(region)


@pytest.fixture
def runbooks(region, monkeypatch):
    made = Runbooks(region)
    monkeypatch.setitem(OPERATIONS, ("ssm", "StartAutomationExecution"), made.start)
    monkeypatch.setitem(OPERATIONS, ("ssm", "GetAutomationExecution"), made.get)
    return made


@pytest.fixture
def ssm(region):
    return lambda operation, **params: region.call(region.administrator, "ssm", operation, params)


@pytest.fixture
def window_id(ssm):
    """A window of four hours, of which the last is its cutoff."""
    return ssm(
        "CreateMaintenanceWindow",
        Name="night",
        Schedule="cron(0 3 ? * SUN *)",
        Duration=4,
        Cutoff=1,
        AllowUnassociatedTargets=False,
    )["WindowId"]


@pytest.fixture
def instances():
    """Ids in their order. What is named by id is not looked up."""
    return INSTANCES


def launch(region, count, tags):
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    launched = region.backend(
        "ec2",
        "RunInstances",
        {
            "ImageId": "ami-12c6146b",
            "MinCount": count,
            "MaxCount": count,
            "TagSpecifications": [{"ResourceType": "instance", "Tags": listed}],
        },
    )
    return sorted(i["InstanceId"] for i in launched["Instances"])


def add_task(ssm, window_id, targets=None, parameters=None, **changes):
    """Register a target and an AUTOMATION task on it; the id of the task."""
    target_id = ssm(
        "RegisterTargetWithMaintenanceWindow",
        WindowId=window_id,
        ResourceType=changes.pop("ResourceType", "INSTANCE"),
        Targets=targets or [{"Key": "InstanceIds", "Values": INSTANCES}],
        OwnerInformation="web",
    )["WindowTargetId"]
    task = {
        "WindowId": window_id,
        "TaskType": "AUTOMATION",
        "TaskArn": "patch",
        "ServiceRoleArn": ROLE,
        "Targets": [{"Key": "WindowTargetIds", "Values": [target_id]}],
        "MaxConcurrency": "1",
        "MaxErrors": "0",
        "CutoffBehavior": "CANCEL_TASK",
        "Priority": 10,
        "TaskInvocationParameters": {
            "Automation": {"DocumentVersion": "3", "Parameters": parameters or {"InstanceId": ["{{RESOURCE_ID}}"]}}
        },
    }
    return ssm("RegisterTaskWithMaintenanceWindow", **{**task, **changes})["WindowTaskId"]


def fire(region, window_id):
    """Open the window, let its night pass, return the execution's record."""
    windows = region.part(Windows)
    execution_id = windows.fire(window_id)
    region.clock.run()
    return windows.executions[execution_id]


def test_targets_get_their_turn_one_at_a_time(region, ssm, window_id, instances, runbooks):
    """With concurrency 1 each execution starts when the one before is over, as the window's role, in id order."""
    add_task(ssm, window_id)

    execution = fire(region, window_id)

    assert [(at, i, role) for at, i, role, _ in runbooks.started] == [
        (n * 600.0, instance, "window") for n, instance in enumerate(instances)
    ]
    assert (execution.status, execution.end) == ("SUCCESS", 2400.0)
    assert runbooks.started[0][3]["DocumentVersion"] == "3"
    assert [(e.detail["target"], e.detail["status"]) for e in region.journal.of("invocation")] == [
        (instance, status) for instance in instances for status in ("IN_PROGRESS", "SUCCESS")
    ]
    assert [e.detail["status"] for e in region.journal.of("window", execution.id)] == ["IN_PROGRESS", "SUCCESS"]


def test_order_of_targets_is_an_input(region, ssm, window_id, instances, runbooks):
    """AWS does not say in which order a window takes its targets, so a night can be played with another."""
    add_task(ssm, window_id)
    region.part(Windows).order = lambda ids: sorted(ids, reverse=True)

    fire(region, window_id)

    assert runbooks.instances == instances[::-1]


@pytest.mark.parametrize(("concurrency", "starts"), [("2", [0, 0, 600, 600]), ("75%", [0, 0, 0, 600]), ("1%", None)])
def test_concurrency_is_a_number_or_a_percentage(region, ssm, window_id, instances, runbooks, concurrency, starts):
    """At most so many executions run at once; a percentage is rounded down but never to nothing."""
    add_task(ssm, window_id, MaxConcurrency=concurrency)

    fire(region, window_id)

    expected = starts or [0, 600, 1200, 1800]
    assert [at for at, _, _, _ in runbooks.started] == expected
    assert sorted(runbooks.instances) == instances


@pytest.mark.parametrize("ending", ["Failed", "TimedOut", "Cancelled", "CompletedWithFailure"])
def test_error_zero_stops_after_the_first(region, ssm, window_id, instances, runbooks, ending):
    """With MaxErrors 0 nothing starts after the first execution that did not succeed, whatever its status."""
    add_task(ssm, window_id)
    runbooks.status[instances[1]] = ending

    execution = fire(region, window_id)

    assert runbooks.instances == instances[:2]
    assert (execution.status, execution.tasks[0].status) == ("FAILED", "FAILED")
    assert "error threshold" in execution.tasks[0].details


def test_an_end_may_be_read_as_no_error(region, ssm, window_id, instances, runbooks):
    """Which ends count against MaxErrors is an open question: one that does not count lets the task go on."""
    region.part(Windows).reading = Reading(uncounted=("CANCELLED",))
    add_task(ssm, window_id)
    runbooks.status |= {instances[1]: "Cancelled", instances[2]: "TimedOut"}

    execution = fire(region, window_id)

    assert runbooks.instances == instances[:3]
    assert (execution.status, execution.tasks[0].errors) == ("FAILED", 1)


def test_a_failed_task_may_be_read_as_the_end(region, ssm, window_id, instances, runbooks):
    """Whether the next priority starts after a failed task is an open question: read so, it does not."""
    region.part(Windows).reading = Reading(failed_task_ends_window=True)
    add_task(ssm, window_id, targets=[{"Key": "InstanceIds", "Values": [instances[0]]}], Priority=1)
    add_task(ssm, window_id, targets=[{"Key": "InstanceIds", "Values": [instances[1]]}], Priority=2)
    runbooks.status[instances[0]] = "Failed"

    execution = fire(region, window_id)

    assert runbooks.instances == instances[:1]
    assert (execution.status, execution.tasks[1].status) == ("FAILED", "CANCELLED")


@pytest.mark.parametrize(("errors", "started"), [("1", 2), ("25%", 2), ("24%", 1), ("2", 3), ("100%", 4)])
def test_threshold_stops_at_error_n_plus_one(region, ssm, window_id, instances, runbooks, errors, started):
    """N errors are allowed and the next one stops the task; a percentage of the targets is rounded down."""
    add_task(ssm, window_id, MaxErrors=errors)
    runbooks.status = dict.fromkeys(instances, "Failed")

    execution = fire(region, window_id)

    assert len(runbooks.started) == started
    assert execution.tasks[0].status == "FAILED"


def test_executions_that_run_go_on_after_the_threshold(region, ssm, window_id, instances, runbooks):
    """With concurrency above 1, what runs when the threshold is exceeded runs to its end; nothing more starts."""
    add_task(ssm, window_id, MaxConcurrency="3")
    runbooks.status[instances[0]] = "Failed"
    runbooks.seconds[instances[0]] = 60.0

    execution = fire(region, window_id)

    assert runbooks.instances == instances[:3]
    assert [i.status for i in execution.tasks[0].invocations] == ["FAILED", "SUCCESS", "SUCCESS"]
    assert execution.end == 600.0


def test_a_refused_start_is_a_failed_invocation(region, ssm, window_id, instances, runbooks):
    """A start that the role may not make ends the invocation with the reason and counts as an error."""
    add_task(ssm, window_id)
    runbooks.refuse[instances[0]] = AwsError("AccessDeniedException", "User is not authorized to perform it")

    execution = fire(region, window_id)

    invocation = execution.tasks[0].invocations[0]
    assert runbooks.started == []
    assert (invocation.status, invocation.details) == (
        "FAILED",
        "AccessDeniedException: User is not authorized to perform it",
    )


def test_cancel_task_starts_nothing_after_the_cutoff(region, ssm, window_id, instances, runbooks):
    """With CANCEL_TASK what runs at the cutoff runs on, nothing new starts, and the task is TIMED_OUT."""
    add_task(ssm, window_id)
    runbooks.seconds = dict.fromkeys(instances, 2 * HOUR)

    execution = fire(region, window_id)

    assert [at for at, _, _, _ in runbooks.started] == [0.0, 2 * HOUR]
    task = execution.tasks[0]
    assert (task.status, task.end) == ("TIMED_OUT", 3 * HOUR)
    assert [(i.status, i.end) for i in task.invocations] == [("SUCCESS", 2 * HOUR), ("SUCCESS", 4 * HOUR)]
    assert (execution.status, execution.end) == ("TIMED_OUT", 4 * HOUR)


def test_continue_task_goes_on_past_the_window(region, ssm, window_id, instances, runbooks):
    """With CONTINUE_TASK, the default, new executions start after the cutoff and after the window's end."""
    add_task(ssm, window_id, CutoffBehavior="CONTINUE_TASK")
    runbooks.seconds = dict.fromkeys(instances, 2 * HOUR)

    execution = fire(region, window_id)

    assert [at for at, _, _, _ in runbooks.started] == [0.0, 2 * HOUR, 4 * HOUR, 6 * HOUR]
    assert execution.status == "SUCCESS"


def test_tasks_run_by_priority_and_equal_ones_side_by_side(region, ssm, window_id, instances, runbooks):
    """A lower number goes first; the next priority waits for all of it, and starts even when it failed."""
    ids = {"WindowId": window_id}
    first, second = (
        add_task(ssm, window_id, targets=[{"Key": "InstanceIds", "Values": [instances[n]]}], Priority=10)
        for n in (0, 1)
    )
    add_task(ssm, window_id, targets=[{"Key": "InstanceIds", "Values": [instances[2]]}], Priority=5)
    last = add_task(ssm, window_id, targets=[{"Key": "InstanceIds", "Values": [instances[3]]}], Priority=20)
    runbooks.status[instances[0]] = "Failed"

    execution = fire(region, window_id)

    assert sorted((at, instance) for at, instance, _, _ in runbooks.started) == [
        (0.0, instances[2]),
        (600.0, instances[0]),
        (600.0, instances[1]),
        (1200.0, instances[3]),
    ]
    by_task = {t.task_id: t.status for t in execution.tasks}
    assert (by_task[first], by_task[second], by_task[last]) == ("FAILED", "SUCCESS", "SUCCESS")
    assert execution.status == "FAILED"
    assert len(ssm("DescribeMaintenanceWindowTasks", **ids)["Tasks"]) == 4


def test_a_task_that_begins_after_the_cutoff_never_starts(region, ssm, window_id, instances, runbooks):
    """A later priority whose turn comes after the cutoff is TIMED_OUT without an invocation."""
    add_task(ssm, window_id, targets=[{"Key": "InstanceIds", "Values": [instances[0]]}], Priority=1)
    add_task(ssm, window_id, targets=[{"Key": "InstanceIds", "Values": [instances[1]]}], Priority=2)
    runbooks.seconds[instances[0]] = 3 * HOUR

    execution = fire(region, window_id)

    assert runbooks.instances == [instances[0]]
    assert (execution.tasks[1].status, execution.tasks[1].invocations) == ("TIMED_OUT", [])


def test_all_pseudo_parameters_are_replaced(region, ssm, window_id, instances, runbooks):
    """Each of AWS's nine pseudo parameters becomes its value, with or without spaces, also inside a text."""
    names = ["WINDOW_ID", "WINDOW_TASK_ID", "WINDOW_TARGET_ID", "WINDOW_EXECUTION_ID", "TASK_EXECUTION_ID"]
    names += ["INVOCATION_ID", "TARGET_TYPE", "TARGET_ID"]
    task_id = add_task(
        ssm,
        window_id,
        parameters={"InstanceId": ["{{ RESOURCE_ID }}"], "All": [f"<{{{{{name}}}}}>" for name in names]},
    )

    execution = fire(region, window_id)

    task = execution.tasks[0]
    target_id = ssm("DescribeMaintenanceWindowTargets", WindowId=window_id)["Targets"][0]["WindowTargetId"]
    given = runbooks.started[0][3]["Parameters"]
    expected = [window_id, task_id, target_id, execution.id, task.id, task.invocations[0].id, "INSTANCE", instances[0]]
    assert given == {"InstanceId": [instances[0]], "All": [f"<{value}>" for value in expected]}


@pytest.mark.parametrize("text", ["{{RESOURCE}}", "{{resource_id}}", "{{ }}", "{{global:REGION}}"])
def test_unknown_pseudo_parameter_fails_the_invocation(region, ssm, window_id, instances, runbooks, text):
    """What is no pseudo parameter fails the invocation with AWS's words, and nothing starts."""
    add_task(ssm, window_id, parameters={"InstanceId": [text]})

    execution = fire(region, window_id)

    assert runbooks.started == []
    assert len(execution.tasks[0].invocations) == 1
    assert instances[0] == execution.tasks[0].invocations[0].resource.id
    assert "Step fails when it is validating and resolving the step inputs" in execution.tasks[0].invocations[0].details


@pytest.mark.usefixtures("control_plane")
def test_tag_keys_are_anded_and_values_ored(region, ssm, window_id, runbooks):
    """An instance must match every key with any of its values; terminated ones are left out, stopped ones are not."""
    both = launch(region, 2, {"ALB": "alb02", "Tier": "web"})
    launch(region, 1, {"ALB": "alb01"})
    gone = launch(region, 1, {"ALB": "alb01", "Tier": "web"})
    region.backend("ec2", "TerminateInstances", {"InstanceIds": gone})
    region.backend("ec2", "StopInstances", {"InstanceIds": both[:1]})
    targets = [{"Key": "tag:ALB", "Values": ["alb01", "alb02"]}, {"Key": "tag:Tier", "Values": ["web"]}]
    add_task(ssm, window_id, targets=targets)

    fire(region, window_id)

    assert runbooks.instances == both


@pytest.mark.usefixtures("control_plane")
def test_a_resource_group_yields_its_instances(region, ssm, window_id, runbooks):
    """For a group TARGET_ID is the group's ARN and RESOURCE_ID each instance's id."""
    instances = launch(region, 2, {"ALB": "alb01"})
    query = {
        "ResourceTypeFilters": ["AWS::EC2::Instance"],
        "TagFilters": [{"Key": "ALB", "Values": ["alb01"]}],
    }
    resource_query = {"Type": "TAG_FILTERS_1_0", "Query": json.dumps(query)}
    region.backend("resource-groups", "CreateGroup", {"Name": "web", "ResourceQuery": resource_query})
    add_task(
        ssm,
        window_id,
        ResourceType="RESOURCE_GROUP",
        targets=[{"Key": "resource-groups:Name", "Values": ["web"]}],
        parameters={"InstanceId": ["{{RESOURCE_ID}}"], "Group": ["{{TARGET_ID}}", "{{TARGET_TYPE}}"]},
    )

    fire(region, window_id)

    assert runbooks.instances == instances
    group = runbooks.started[0][3]["Parameters"]["Group"]
    assert group == ["arn:aws:resource-groups:us-east-1:123456789012:group/web", "RESOURCE_GROUP"]


@pytest.mark.usefixtures("control_plane")
def test_no_matching_instance_is_a_success_without_invocations(region, ssm, window_id, runbooks):
    """A tag that nobody has starts nothing and says so."""
    add_task(ssm, window_id, targets=[{"Key": "tag:ALB", "Values": ["alb01"]}])

    execution = fire(region, window_id)

    assert runbooks.started == []
    assert (execution.status, execution.tasks[0].details) == ("SUCCESS", "No invocations to execute.")


def test_a_disabled_window_does_not_open(region, ssm, window_id):
    """Firing a disabled window is an error and leaves no record."""
    ssm("UpdateMaintenanceWindow", WindowId=window_id, Enabled=False)

    with pytest.raises(WindowDisabled, match="night"):
        region.part(Windows).fire(window_id)
    assert ssm("DescribeMaintenanceWindowExecutions", WindowId=window_id)["WindowExecutions"] == []


def test_an_overlapping_opening_is_skipped_and_recorded(region, ssm, window_id, instances, runbooks):
    """A window that is still open does not open again; afterwards it does."""
    add_task(ssm, window_id)
    windows = region.part(Windows)
    first, second = windows.fire(window_id), windows.fire(window_id)
    region.clock.run()
    third = windows.fire(window_id)
    region.clock.run()

    shown = ssm("DescribeMaintenanceWindowExecutions", WindowId=window_id)["WindowExecutions"]
    assert [(e["WindowExecutionId"], e["Status"]) for e in shown] == [
        (third, "SUCCESS"),
        (second, "SKIPPED_OVERLAPPING"),
        (first, "SUCCESS"),
    ]
    assert runbooks.instances == instances * 2


def test_cancel_lets_the_running_execution_end_and_starts_no_other(region, ssm, window_id, instances, runbooks):
    """CancelMaintenanceWindowExecution: what runs is completed, the rest never starts, the end is CANCELLED."""
    add_task(ssm, window_id)
    windows = region.part(Windows)
    execution = windows.get(windows.fire(window_id))
    region.clock.call_at(
        900.0, lambda: ssm("CancelMaintenanceWindowExecution", WindowExecutionId=execution.id) and None
    )
    region.clock.run()

    assert runbooks.instances == instances[:2]
    assert (execution.status, execution.end, execution.tasks[0].status) == ("CANCELLED", 1200.0, "CANCELLED")
    with pytest.raises(AwsError, match="not in progress"):
        ssm("CancelMaintenanceWindowExecution", WindowExecutionId=execution.id)


def test_records_are_answered_as_the_api_does(region, ssm, window_id, instances, runbooks):
    """Executions, tasks and invocations can be read with their ids, times, statuses and parameters."""
    add_task(ssm, window_id)
    runbooks.status[instances[1]] = "Failed"
    execution = fire(region, window_id)
    ids = {"WindowExecutionId": execution.id}

    whole = ssm("GetMaintenanceWindowExecution", **ids)
    task = ssm("DescribeMaintenanceWindowExecutionTasks", **ids)["WindowExecutionTaskIdentities"][0]
    assert whole["TaskIds"] == [task["TaskExecutionId"]]
    assert (whole["Status"], whole["StartTime"].timestamp(), whole["EndTime"].timestamp()) == ("FAILED", 0.0, 1200.0)
    assert (task["TaskType"], task["TaskArn"], task["Status"]) == ("AUTOMATION", "patch", "FAILED")

    ids["TaskId"] = task["TaskExecutionId"]
    assert ssm("GetMaintenanceWindowExecutionTask", **ids)["ServiceRole"] == ROLE
    member = "WindowExecutionTaskInvocationIdentities"
    invocations = ssm("DescribeMaintenanceWindowExecutionTaskInvocations", **ids)[member]
    assert [i["Status"] for i in invocations] == ["SUCCESS", "FAILED"]
    assert json.loads(invocations[0]["Parameters"]) == {
        "documentName": "patch",
        "documentVersion": "3",
        "parameters": {"InstanceId": [instances[0]]},
    }
    assert (invocations[1]["StatusDetails"], invocations[1]["OwnerInformation"]) == ("ended Failed", "web")
    failed = [{"Key": "STATUS", "Values": ["FAILED"]}]
    assert len(ssm("DescribeMaintenanceWindowExecutionTaskInvocations", **ids, Filters=failed)[member]) == 1


def test_wait_gives_the_status_to_an_activity(region, ssm, window_id, instances, runbooks):
    """An activity can wait for the end of a window execution."""
    add_task(ssm, window_id)
    windows, seen = region.part(Windows), []
    execution_id = windows.fire(window_id)
    region.clock.spawn("waits", lambda: seen.append((windows.wait(execution_id), region.clock.time())))
    region.clock.run()

    assert seen == [("SUCCESS", 600.0 * len(instances))]
    assert len(runbooks.started) == 4


@pytest.mark.parametrize("task_type", ["LAMBDA", "STEP_FUNCTIONS"])
def test_other_task_types_are_not_known_here(region, ssm, window_id, task_type):
    """A task that would do something the region cannot do ends the night loudly."""
    add_task(ssm, window_id, TaskType=task_type)

    with pytest.raises(NotKnownHere, match=task_type):
        fire(region, window_id)


def test_a_task_without_a_role_is_not_known_here(region, ssm, window_id):
    """The service-linked role that AWS would take is not modelled."""
    task_id = add_task(ssm, window_id)
    task = ssm("GetMaintenanceWindowTask", WindowId=window_id, WindowTaskId=task_id)
    ssm(
        "UpdateMaintenanceWindowTask",
        **{k: v for k, v in task.items() if k not in ("ServiceRoleArn", "TaskType")},
        Replace=True,
    )

    with pytest.raises(NotKnownHere, match="service role"):
        fire(region, window_id)


def test_a_command_task_sends_one_command_for_its_target(region, ssm, window_id, monkeypatch):
    """A RUN_COMMAND task hands target and rates to Run Command and takes over the command's end."""
    sent, state = [], {"Status": "InProgress", "StatusDetails": "", "ErrorCount": 0, "TargetCount": 4}

    def send(made_in, caller, params):
        sent.append((caller.role_name, params))
        made_in.clock.spawn("command", end, made_in)
        return {"Command": {"CommandId": "c" * 36}}

    def end(made_in):
        made_in.clock.sleep(300.0)
        state.update(Status="Failed", StatusDetails="Failed", ErrorCount=1)
        made_in.journal.add("command", "c" * 36, status="Failed")

    monkeypatch.setitem(OPERATIONS, ("ssm", "SendCommand"), send)
    monkeypatch.setitem(OPERATIONS, ("ssm", "ListCommands"), lambda *_: {"Commands": [state]})
    add_task(
        ssm,
        window_id,
        TaskType="RUN_COMMAND",
        TaskArn="AWS-RunPatchBaseline",
        MaxConcurrency="50%",
        TaskInvocationParameters={"RunCommand": {"Parameters": {"Operation": ["Install"]}, "TimeoutSeconds": 600}},
    )

    execution = fire(region, window_id)

    assert sent == [
        (
            "window",
            {
                "DocumentName": "AWS-RunPatchBaseline",
                "Targets": [{"Key": "InstanceIds", "Values": INSTANCES}],
                "MaxConcurrency": "50%",
                "MaxErrors": "0",
                "Parameters": {"Operation": ["Install"]},
                "TimeoutSeconds": 600,
            },
        )
    ]
    assert (execution.status, execution.end) == ("FAILED", 300.0)
    assert execution.tasks[0].invocations[0].execution_id == "c" * 36


def test_a_command_task_is_cancelled_at_the_cutoff(region, ssm, window_id, monkeypatch):
    """With CANCEL_TASK a command that still runs at the cutoff gets a CancelCommand, and the task is TIMED_OUT."""
    state = {"Status": "InProgress", "StatusDetails": "", "ErrorCount": 0, "TargetCount": 1}
    cancelled = []

    def cancel(made_in, _caller, params):
        cancelled.append((made_in.clock.time(), params["CommandId"]))
        state["Status"] = "Cancelled"
        return {}

    monkeypatch.setitem(OPERATIONS, ("ssm", "SendCommand"), lambda *_: {"Command": {"CommandId": "c" * 36}})
    monkeypatch.setitem(OPERATIONS, ("ssm", "ListCommands"), lambda *_: {"Commands": [state]})
    monkeypatch.setitem(OPERATIONS, ("ssm", "CancelCommand"), cancel)
    add_task(ssm, window_id, TaskType="RUN_COMMAND", TaskArn="AWS-RunPatchBaseline", TaskInvocationParameters={})

    execution = fire(region, window_id)

    assert cancelled == [(3 * HOUR, "c" * 36)]
    assert (execution.status, execution.tasks[0].status) == ("TIMED_OUT", "TIMED_OUT")
