"""Maintenance windows as they are defined."""

import pytest

from albpatch.region.clock import VirtualClock
from albpatch.region.core import Region
from albpatch.region.operations import AwsError, NotKnownHere
from albpatch.region.services.window_definitions import MAX_TASKS

WINDOW = {
    "Name": "night",
    "Description": "weekly",
    "Schedule": "rate(7 days)",
    "ScheduleTimezone": "Asia/Tokyo",
    "StartDate": "2026-01-01T00:00:00Z",
    "Duration": 4,
    "Cutoff": 1,
    "AllowUnassociatedTargets": False,
}
TARGET = {"ResourceType": "INSTANCE", "Targets": [{"Key": "tag:Größe", "Values": ["a b"]}], "Name": "web"}
RUNBOOK = {"Automation": {"DocumentVersion": "1", "Parameters": {"InstanceId": ["{{RESOURCE_ID}}"]}}}


@pytest.fixture
def ssm():
    region = Region(VirtualClock())
    yield lambda operation, **params: region.call(region.administrator, "ssm", operation, params)
    region.close()


@pytest.fixture
def ids(ssm):
    """Ids of a window and of a target in it, as the operations take them."""
    window = ssm("CreateMaintenanceWindow", **WINDOW, Tags=[{"Key": "Service", "Value": "web"}])
    return {**window, **ssm("RegisterTargetWithMaintenanceWindow", **window, **TARGET)}


@pytest.fixture
def task(ids):
    return {
        "WindowId": ids["WindowId"],
        "TaskType": "AUTOMATION",
        "TaskArn": "patch",
        "Targets": [{"Key": "WindowTargetIds", "Values": [ids["WindowTargetId"]]}],
        "ServiceRoleArn": "arn:aws:iam::123456789012:role/window",
        "MaxConcurrency": "1",
        "MaxErrors": "0",
        "Priority": 10,
        "CutoffBehavior": "CANCEL_TASK",
        "TaskInvocationParameters": RUNBOOK,
    }


def test_a_window_is_read_as_it_was_made(ssm, ids):
    """GetMaintenanceWindow answers every member, enabled, with its dates."""
    window = ssm("GetMaintenanceWindow", WindowId=ids["WindowId"])

    assert {key: window[key] for key in WINDOW} == WINDOW
    assert window["Enabled"] is True
    assert window["CreatedDate"] == window["ModifiedDate"]
    assert "ScheduleOffset" not in window


def test_an_update_changes_what_it_names(ssm, ids):
    """Without Replace the other members stay; with it the optional ones that are not named are cleared."""
    window_id = ids["WindowId"]
    ssm("UpdateMaintenanceWindow", WindowId=window_id, Enabled=False)
    changed = ssm("GetMaintenanceWindow", WindowId=window_id)
    assert (changed["Enabled"], changed["Description"]) == (False, "weekly")

    answer = ssm("UpdateMaintenanceWindow", WindowId=window_id, Schedule="rate(2 days)", Replace=True)
    replaced = ssm("GetMaintenanceWindow", WindowId=window_id)
    assert answer["Schedule"] == replaced["Schedule"] == "rate(2 days)"
    assert not {"Description", "StartDate", "ScheduleTimezone"} & set(replaced)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Cutoff": 4}, "cutoff must be less"),
        ({"Duration": 25}, "less than or equal to 24"),
        ({"Duration": 0}, "greater than or equal to 1"),
        ({"Name": "no"}, "regular expression"),
        ({"Name": "not this"}, "regular expression"),
        ({"ScheduleOffset": 7}, "less than or equal to 6"),
        ({"Schedule": "x" * 257}, "less than or equal to 256"),
    ],
)
def test_limits_of_a_window_are_held(ssm, change, message):
    """What the API's model or the service forbids is a ValidationException."""
    with pytest.raises(AwsError, match=message) as caught:
        ssm("CreateMaintenanceWindow", **{**WINDOW, **change})
    assert caught.value.code == "ValidationException"


def test_targets_are_found_by_id(ssm, ids):
    """DescribeMaintenanceWindowTargets filters by id, and refuses a filter that it does not have."""
    other = ssm("RegisterTargetWithMaintenanceWindow", WindowId=ids["WindowId"], **{**TARGET, "Name": "other"})
    wanted = [{"Key": "WindowTargetId", "Values": [other["WindowTargetId"]]}]

    found = ssm("DescribeMaintenanceWindowTargets", WindowId=ids["WindowId"], Filters=wanted)["Targets"]

    assert [(t["Name"], t["Targets"]) for t in found] == [("other", TARGET["Targets"])]
    with pytest.raises(AwsError, match="Unknown filter key"):
        ssm("DescribeMaintenanceWindowTargets", WindowId=ids["WindowId"], Filters=[{"Key": "Name", "Values": ["x"]}])


def test_a_target_is_updated_in_place(ssm, ids):
    """UpdateMaintenanceWindowTarget keeps the id; Replace clears name, description and owner."""
    changed = [{"Key": "tag:ALB", "Values": ["alb02"]}]
    ssm("UpdateMaintenanceWindowTarget", **ids, Targets=changed, Replace=True)

    target = ssm("DescribeMaintenanceWindowTargets", WindowId=ids["WindowId"])["Targets"][0]
    assert target == {**ids, "ResourceType": "INSTANCE", "Targets": changed}


def test_a_target_in_use_is_kept_when_asked_safely(ssm, ids, task):
    """Safe refuses to take a target from under a task; without it the target goes."""
    ssm("RegisterTaskWithMaintenanceWindow", **task)

    with pytest.raises(AwsError, match="TargetInUseException"):
        ssm("DeregisterTargetFromMaintenanceWindow", **ids, Safe=True)
    ssm("DeregisterTargetFromMaintenanceWindow", **ids)
    assert ssm("DescribeMaintenanceWindowTargets", WindowId=ids["WindowId"])["Targets"] == []


def test_a_task_keeps_every_member(ssm, ids, task):
    """GetMaintenanceWindowTask answers what was registered, cutoff behaviour included."""
    task_id = ssm("RegisterTaskWithMaintenanceWindow", **task)["WindowTaskId"]

    assert ssm("GetMaintenanceWindowTask", WindowId=ids["WindowId"], WindowTaskId=task_id) == {
        **task,
        "WindowTaskId": task_id,
    }
    listed = ssm("DescribeMaintenanceWindowTasks", WindowId=ids["WindowId"])["Tasks"][0]
    assert (listed["Type"], listed["CutoffBehavior"]) == ("AUTOMATION", "CANCEL_TASK")
    assert "TaskInvocationParameters" not in listed


def test_a_task_has_awss_defaults(ssm, ids, task):
    """Priority 1 and CONTINUE_TASK unless said otherwise; without targets the rates are AWS's placeholders."""
    bare = {"WindowId": ids["WindowId"], "TaskType": "AUTOMATION", "TaskArn": task["TaskArn"]}
    task_id = ssm("RegisterTaskWithMaintenanceWindow", **bare)["WindowTaskId"]

    made = ssm("GetMaintenanceWindowTask", WindowId=ids["WindowId"], WindowTaskId=task_id)

    assert made == {
        **bare,
        "WindowTaskId": task_id,
        "Priority": 1,
        "CutoffBehavior": "CONTINUE_TASK",
        "MaxConcurrency": "1",
        "MaxErrors": "1",
    }


def test_a_task_is_updated_in_place(ssm, ids, task):
    """An update changes what it names; with Replace the rest goes back to defaults, the type stays."""
    named = {"WindowId": ids["WindowId"], **ssm("RegisterTaskWithMaintenanceWindow", **task)}
    ssm("UpdateMaintenanceWindowTask", **named, MaxErrors="1")
    changed = ssm("GetMaintenanceWindowTask", **named)
    rates = {"Targets": task["Targets"], "MaxConcurrency": "2", "MaxErrors": "0"}
    ssm("UpdateMaintenanceWindowTask", **named, **rates, Replace=True)
    replaced = ssm("GetMaintenanceWindowTask", **named)

    assert changed == {**task, **named, "MaxErrors": "1"}
    assert replaced == {
        **named,
        **rates,
        "TaskType": "AUTOMATION",
        "TaskArn": "patch",
        "Priority": 1,
        "CutoffBehavior": "CONTINUE_TASK",
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"MaxConcurrency": "0"}, "regular expression"),
        ({"MaxErrors": "101%"}, "regular expression"),
        ({"MaxErrors": None}, "required for a task with targets"),
        ({"Targets": [{"Key": "tag:ALB", "Values": ["alb01"]}]}, "WindowTargetIds or InstanceIds"),
        ({"Targets": [{"Key": "WindowTargetIds", "Values": ["no-such"]}]}, "does not exist"),
        ({"TaskType": "SHELL"}, "enum value set"),
        ({"CutoffBehavior": "STOP"}, "enum value set"),
        ({"Name": "ab"}, "regular expression"),
        ({"TaskInvocationParameters": {"Automation": {"DocumentVersion": "latest"}}}, "regular expression"),
        ({"TaskInvocationParameters": {"Automation": {"Parameters": {"P": ["x" * 513]}}}}, "less than or equal to 512"),
        ({"TaskInvocationParameters": {"Automation": {"Parameters": {"P": [""]}}}}, "greater than or equal to 1"),
        ({"TaskInvocationParameters": {"Automation": {"Parameters": {"p" * 51: ["x"]}}}}, "less than or equal to 50"),
    ],
)
def test_limits_of_a_task_are_held(ssm, task, change, message):
    """What the API's model or the service forbids is refused, and no task is left behind."""
    wanted = {key: value for key, value in {**task, **change}.items() if value is not None}

    with pytest.raises(AwsError, match=message):
        ssm("RegisterTaskWithMaintenanceWindow", **wanted)
    assert ssm("DescribeMaintenanceWindowTasks", WindowId=task["WindowId"])["Tasks"] == []


def test_a_window_holds_twenty_tasks(ssm, task):
    """The twenty-first task is refused."""
    for _ in range(MAX_TASKS):
        ssm("RegisterTaskWithMaintenanceWindow", **task)

    with pytest.raises(AwsError, match="ResourceLimitExceededException"):
        ssm("RegisterTaskWithMaintenanceWindow", **task)


def test_the_old_task_parameters_are_not_known_here(ssm, task):
    """TaskParameters, which AWS replaced, are refused rather than ignored."""
    with pytest.raises(NotKnownHere, match="TaskParameters"):
        ssm("RegisterTaskWithMaintenanceWindow", **task, TaskParameters={})


def test_tags_of_a_window_can_be_changed(ssm, ids):
    """Tags given at creation are listed, added to and removed."""
    window = {"ResourceType": "MaintenanceWindow", "ResourceId": ids["WindowId"]}
    ssm("AddTagsToResource", **window, Tags=[{"Key": "Team", "Value": "a"}])
    ssm("RemoveTagsFromResource", **window, TagKeys=["Service", "never-there"])

    assert ssm("ListTagsForResource", **window)["TagList"] == [{"Key": "Team", "Value": "a"}]


def test_what_is_gone_does_not_exist(ssm, ids, task):
    """A deregistered task, a deleted window and everything in it answer DoesNotExistException."""
    named = {"WindowId": ids["WindowId"], **ssm("RegisterTaskWithMaintenanceWindow", **task)}
    ssm("DeregisterTaskFromMaintenanceWindow", **named)
    with pytest.raises(AwsError, match="DoesNotExistException"):
        ssm("GetMaintenanceWindowTask", **named)

    ssm("DeleteMaintenanceWindow", WindowId=ids["WindowId"])
    for operation in ("GetMaintenanceWindow", "DeleteMaintenanceWindow", "DescribeMaintenanceWindowTargets"):
        with pytest.raises(AwsError, match="DoesNotExistException"):
            ssm(operation, WindowId=ids["WindowId"])
    assert ssm("DescribeMaintenanceWindows")["WindowIdentities"] == []


def test_windows_are_listed_by_name_and_in_pages(ssm):
    """DescribeMaintenanceWindows filters by name and by being enabled, and answers in pages."""
    for n in range(12):
        ssm("CreateMaintenanceWindow", **{**WINDOW, "Name": f"night-{n}"})
    first = ssm("DescribeMaintenanceWindows", MaxResults=10)
    rest = ssm("DescribeMaintenanceWindows", MaxResults=10, NextToken=first["NextToken"])

    assert [len(first["WindowIdentities"]), len(rest["WindowIdentities"])] == [10, 2]
    assert "NextToken" not in rest
    named = [{"Key": "Name", "Values": ["night-3"]}, {"Key": "Enabled", "Values": ["True"]}]
    assert [w["Name"] for w in ssm("DescribeMaintenanceWindows", Filters=named)["WindowIdentities"]] == ["night-3"]
