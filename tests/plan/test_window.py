"""What a plan says about the window, its targets and its tasks."""

import json
import re

from plan_json import Call


def test_tasks_stop_the_line(planned: list[Call]) -> None:
    """Every fleet has one task that patches one instance at a time, stops at the first failure and at the cutoff."""
    for call in planned:
        tasks = [task.values for _, _, task in call.fleets()]

        assert len(tasks) == len([t for t in call.of("aws_ssm_maintenance_window_task") if ".fleet[" in t.address])
        for task in tasks:
            assert (task["max_concurrency"], task["max_errors"]) == ("1", "0")
            assert (task["task_type"], task["cutoff_behavior"]) == ("AUTOMATION", "CANCEL_TASK")


def test_fleets_are_side_by_side(planned: list[Call]) -> None:
    """All tasks have one priority, and not 0, which the provider does not send."""
    for call in planned:
        priorities = {task.values["priority"] for _, _, task in call.fleets()}

        assert len(priorities) == 1
        assert min(priorities) > 0


def test_sweep_comes_first(planned: list[Call]) -> None:
    """Before the fleets one task without targets and rates starts the restore runbook; the clone has none."""
    for call in planned:
        sweeps = [t.values for t in call.of("aws_ssm_maintenance_window_task") if ".fleet[" not in t.address]
        fleets = {task.values["priority"] for _, _, task in call.fleets()}
        if call.deployment["restore"] is None:
            assert sweeps == []
            continue
        (sweep,) = sweeps

        assert 0 < sweep["priority"] < min(fleets)
        assert (sweep["task_type"], sweep["cutoff_behavior"]) == ("AUTOMATION", "CANCEL_TASK")
        assert sweep["task_arn"] == call.deployment["restore"]["document"]
        assert sweep["service_role_arn"] == call.deployment["window_role"]["arn"]
        assert not sweep.get("targets") and not sweep.get("max_concurrency") and not sweep.get("max_errors")
        assert passed(sweep) == {"Action": ["restore"]}


def test_task_runs_the_version_that_was_planned(planned: list[Call]) -> None:
    """A task is pinned by reference to the version that holds the planned content, not to $DEFAULT or $LATEST."""
    for call in planned:
        modules = call.configuration["module_calls"]
        window, document = modules["maintenance_window"], modules["automation_document"]
        (task,) = [
            resource
            for resource in window["module"]["resources"]
            if (resource["type"], resource["name"]) == ("aws_ssm_maintenance_window_task", "fleet")
        ]
        (invocation,) = task["expressions"]["task_invocation_parameters"]
        (automation,) = invocation["automation_parameters"]

        assert "var.document.version" in automation["document_version"]["references"]
        assert "module.automation_document.version" in window["expressions"]["document"]["references"]
        version = document["module"]["outputs"]["version"]["expression"]
        assert version["references"][0] == "aws_ssm_document.this.latest_version"


def test_task_starts_the_planned_document(planned: list[Call]) -> None:
    """A task starts the document of the same call, as the window's own role."""
    for call in planned:
        for _, _, task in call.fleets():
            assert task.values["task_arn"] == call.deployment["document"]["name"]
            assert task.values["service_role_arn"] == call.deployment["window_role"]["arn"]


def test_instance_reaches_the_declared_parameter(planned: list[Call]) -> None:
    """Each execution learns its instance: {{RESOURCE_ID}} goes to a parameter that the document requires."""
    for call in planned:
        declared = call.document["parameters"]
        for _, _, task in call.fleets():
            receiving = [name for name, values in passed(task.values).items() if values == ["{{RESOURCE_ID}}"]]

            assert receiving == ["InstanceId"]
            assert "default" not in declared["InstanceId"]


def test_document_accepts_what_is_passed(planned: list[Call]) -> None:
    """Every parameter passed is declared, every required one is passed, and every value has an accepted form."""
    for call in planned:
        declared = call.document["parameters"]
        for _, _, task in call.fleets():
            parameters = passed(task.values)

            assert set(parameters) <= set(declared)
            assert {name for name, parameter in declared.items() if "default" not in parameter} <= set(parameters)
            for name, values in parameters.items():
                for value in (value for value in values or [] if not value.startswith("{{")):
                    assert 1 <= len(value) <= 512
                    assert re.search(declared[name].get("allowedPattern", ""), value), (name, value)


def test_targets_are_the_fleet(planned: list[Call]) -> None:
    """A window target names the instances as the fleet does, and an instance target never a resource group."""
    for call in planned:
        for fleet, target, _ in call.fleets():
            keys = {block["key"]: block["values"] for block in target.values["targets"]}
            expected = {f"tag:{key}": sorted(values) for key, values in fleet["tags"].items()}
            if fleet["instance_ids"]:
                expected["InstanceIds"] = sorted(fleet["instance_ids"])
            if fleet["resource_group"]:
                expected["resource-groups:Name"] = [fleet["resource_group"]]
                expected["resource-groups:ResourceTypeFilters"] = ["AWS::EC2::Instance"]

            assert keys == expected
            assert target.values["resource_type"] == ("RESOURCE_GROUP" if fleet["resource_group"] else "INSTANCE")


def test_window_is_as_the_record_says(planned: list[Call]) -> None:
    """The record that albpatch reads tells the schedule that is really planned."""
    for call in planned:
        (window,) = call.of("aws_ssm_maintenance_window")
        record = call.deployment["window"]

        assert window.values["name"] == record["name"]
        assert window.values["schedule"] == record["expression"]
        assert window.values["schedule_timezone"] == record["timezone"]
        assert (window.values["duration"], window.values["cutoff"]) == (
            record["duration_hours"],
            record["cutoff_hours"],
        )
        assert record["cutoff_hours"] < record["duration_hours"]
        assert window.values["allow_unassociated_targets"] is False


def test_names_are_within_their_limits(planned: list[Call]) -> None:
    """Every derived name fits its service's limit, so that no apply breaks half way."""
    for call in planned:
        for role in call.of("aws_iam_role"):
            if role.address.removeprefix(call.prefix).startswith("module."):
                assert re.fullmatch(r"[\w+=,.@-]{1,64}", role.values["name"]), role.values["name"]
        for kind in ("document", "maintenance_window", "maintenance_window_target", "maintenance_window_task"):
            for resource in call.of(f"aws_ssm_{kind}"):
                assert re.fullmatch(r"[a-zA-Z0-9_.-]{3,128}", resource.values["name"]), resource.address


def test_document_runs_as_the_planned_role(planned: list[Call]) -> None:
    """The role is written into the document, known before anything exists, and the same as in record and role."""
    for call in planned:
        role = call.role("automation_role").values

        assert call.document["assumeRole"] == call.deployment["automation_role"]["arn"]
        assert call.document["assumeRole"].endswith(f":role{role['path']}{role['name']}")
        assert call.document["schemaVersion"] == "0.3"


def test_document_fits(planned: list[Call]) -> None:
    """The document is within Systems Manager's 64 KB as text and as JSON."""
    for call in planned:
        document = call.patch_document

        assert len(document.values["content"].encode()) <= 65536
        assert len(json.dumps(call.document)) <= 65536


def passed(task: dict[str, object]) -> dict[str, list[str] | None]:
    """Name => values that a task passes; None where they come with the apply."""
    (invocation,) = task["task_invocation_parameters"]
    (automation,) = invocation["automation_parameters"]
    return {
        parameter["name"]: None if None in parameter.get("values", [None]) else parameter["values"]
        for parameter in automation["parameter"]
    }
