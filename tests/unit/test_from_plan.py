"""A plan loaded into a region: what is known is sent, what is not is found through the configuration."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from albpatch.errors import Failure, InputError
from albpatch.region.clock import VirtualClock
from albpatch.region.control_plane import attach
from albpatch.region.core import Region
from albpatch.region.services.window_definitions import WindowDefinitions
from albpatch.rehearsal.from_plan import load
from albpatch.rehearsal.plan_references import Plan, PlanError

CONTENT = 'schemaVersion: "0.3"\nmainSteps:\n  - {name: Wait, action: aws:sleep, inputs: {Duration: PT1S}}\n'
SERVICE = {"Service": "ssm.amazonaws.com"}
TRUST = json.dumps({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": SERVICE}]})
STATEMENT = {"Effect": "Allow", "Action": "ssm:SendCommand", "Resource": "*"}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [STATEMENT]})
TASK = "aws_ssm_maintenance_window_task"
TARGET = "aws_ssm_maintenance_window_target"


def reference(*names: str) -> dict[str, Any]:
    return {"references": list(names)}


def resource(kind: str, values: dict[str, Any], module: str = "", key: str | None = None) -> dict[str, Any]:
    """A resource of planned_values, named `this`."""
    address = f"{module}.{kind}.this" if module else f"{kind}.this"
    made = {"address": address, "mode": "managed", "type": kind, "name": "this", "values": values}
    return made if key is None else {**made, "address": f'{address}["{key}"]', "index": key}


def configured(kind: str, expressions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"mode": "managed", "type": kind, "name": "this", "expressions": expressions, **more}


def automation(**values: Any) -> list[dict[str, Any]]:
    return [{"automation_parameters": [{"parameter": [{"name": "Id", "values": ["{{RESOURCE_ID}}"]}], **values}]}]


def task_values(**changes: Any) -> dict[str, Any]:
    return {
        "task_type": "AUTOMATION",
        "task_arn": "patch",
        "service_role_arn": "arn:aws:iam::123456789012:role/window",
        "targets": [{"key": "WindowTargetIds"}],
        "max_concurrency": "1",
        "max_errors": "0",
        "priority": 10,
        "cutoff_behavior": "CANCEL_TASK",
        "name": "web",
        "task_invocation_parameters": automation(),
        **changes,
    }


WINDOW = {
    "name": "night",
    "schedule": "rate(7 days)",
    "duration": 4,
    "cutoff": 1,
    "allow_unassociated_targets": False,
    "enabled": True,
    "schedule_offset": None,
    "tags_all": {"Service": "web"},
}
TARGET_VALUES = {"resource_type": "INSTANCE", "name": "web", "targets": [{"key": "tag:ALB", "values": ["alb01"]}]}
DOCUMENT = {"name": "patch", "content": CONTENT, "document_type": "Automation", "document_format": "YAML"}
VERSION = [{"automation_parameters": [{"document_version": reference("var.document.version", "var.document")}]}]
TASK_EXPRESSIONS = {
    "window_id": reference("aws_ssm_maintenance_window.this.id", "aws_ssm_maintenance_window.this"),
    "targets": [{"values": reference(f"{TARGET}.this", "each.key")}],
    "task_invocation_parameters": VERSION,
}
FLEETS = ("api", "web")


@pytest.fixture
def plan() -> dict[str, Any]:
    """A root that calls two modules: one with the document, one with a window, targets and tasks for two fleets."""
    document, window = "module.document", "module.window"
    targets = [resource(TARGET, TARGET_VALUES | {"name": f}, window, f) for f in FLEETS]
    tasks = [resource(TASK, task_values(name=f), window, f) for f in FLEETS]
    made = {
        "planned_values": {
            "root_module": {
                "resources": [resource("aws_lb", {"name": "front"})],
                "child_modules": [
                    {"address": document, "resources": [resource("aws_ssm_document", DOCUMENT, document)]},
                    {
                        "address": window,
                        "resources": [resource("aws_ssm_maintenance_window", WINDOW, window), *targets, *tasks],
                    },
                ],
            }
        },
        "configuration": {
            "root_module": {
                "module_calls": {
                    "document": {
                        "module": {
                            "resources": [configured("aws_ssm_document", {})],
                            "outputs": {"version": {"expression": reference("aws_ssm_document.this.latest_version")}},
                        }
                    },
                    "window": {
                        "expressions": {"document": reference("module.document.version", "module.document")},
                        "module": {
                            "resources": [
                                configured("aws_ssm_maintenance_window", {}),
                                configured(TARGET, {"window_id": reference("aws_ssm_maintenance_window.this.id")}),
                                configured(TASK, TASK_EXPRESSIONS),
                            ]
                        },
                    },
                }
            }
        },
    }
    return copy.deepcopy(made)


@pytest.fixture(scope="module")
def shared_region():
    made = Region(VirtualClock())
    attach(made)
    yield made
    made.close()


@pytest.fixture
def region(shared_region):
    """The region without what an earlier test loaded."""
    for name in [d["Name"] for d in shared_region.backend("ssm", "ListDocuments", {})["DocumentIdentifiers"]]:
        shared_region.backend("ssm", "DeleteDocument", {"Name": name})
    shared_region.part(WindowDefinitions).windows.clear()
    return shared_region


def planned(plan: dict[str, Any], module: int, number: int) -> dict[str, Any]:
    return plan["planned_values"]["root_module"]["child_modules"][module]["resources"][number]["values"]


def window_configuration(plan: dict[str, Any]) -> dict[str, Any]:
    return plan["configuration"]["root_module"]["module_calls"]["window"]


def only_window(region):
    (window,) = region.part(WindowDefinitions).windows.values()
    return window


def with_root(*resources: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, Any]:
    """A plan of resources in the root: (planned, configured)."""
    return {
        "planned_values": {"root_module": {"resources": [p for p, _ in resources]}},
        "configuration": {"root_module": {"resources": [c for _, c in resources]}},
    }


def test_references_lead_through_modules_and_keys(region, plan):
    """Window, target of the same key and document version are found though the plan knows none of their ids."""
    loaded = load(region, plan)

    window = only_window(region)
    assert loaded.window_ids == [window.id]
    assert window.tags == {"Service": "web"}
    assert "ScheduleOffset" not in window.members
    names = {target_id: target["Name"] for target_id, target in window.targets.items()}
    assert {t["Name"]: [names[i] for i in t["Targets"][0]["Values"]] for t in window.tasks.values()} == {
        "api": ["api"],
        "web": ["web"],
    }
    for task in window.tasks.values():
        assert task["TaskInvocationParameters"]["Automation"]["DocumentVersion"] == "1"
    assert loaded.left_out == ["aws_lb.this"]
    assert loaded.documents == {"module.document.aws_ssm_document.this": "patch"}


def test_a_version_that_the_plan_knows_becomes_the_loaded_one(region, plan):
    """A plan of an update pins version 7 of a document that exists; here the document has just been made."""
    for number in (3, 4):
        planned(plan, 1, number)["task_invocation_parameters"] = automation(document_version="7")

    load(region, plan)

    task = next(iter(only_window(region).tasks.values()))
    assert task["TaskInvocationParameters"]["Automation"]["DocumentVersion"] == "1"


def test_a_literal_version_is_kept(region, plan):
    """A version that comes from no resource is sent as it stands."""
    for number in (3, 4):
        planned(plan, 1, number)["task_invocation_parameters"] = automation(document_version="$LATEST")
    window_configuration(plan)["module"]["resources"][2]["expressions"].pop("task_invocation_parameters")

    load(region, plan)

    task = next(iter(only_window(region).tasks.values()))
    assert task["TaskInvocationParameters"]["Automation"]["DocumentVersion"] == "$LATEST"


def test_a_disabled_window_is_loaded_disabled(region, plan):
    """The provider makes a window and disables it with a second call; so does the load."""
    planned(plan, 1, 0)["enabled"] = False

    load(region, plan)

    assert only_window(region).members["Enabled"] is False


def test_a_command_task_is_loaded(region, plan):
    """The parameters of a RUN_COMMAND task are sent in the API's names."""
    command = {"timeout_seconds": 600, "comment": "c", "parameter": [{"name": "Operation", "values": ["Scan"]}]}
    planned(plan, 1, 3).update(
        task_type="RUN_COMMAND", task_invocation_parameters=[{"run_command_parameters": [command]}]
    )

    load(region, plan)

    task = next(t for t in only_window(region).tasks.values() if t["TaskType"] == "RUN_COMMAND")
    assert task["TaskInvocationParameters"] == {
        "RunCommand": {"Comment": "c", "TimeoutSeconds": 600, "Parameters": {"Operation": ["Scan"]}}
    }


def test_roles_boundaries_and_attachments_are_loaded(region):
    """A role gets its boundary, inline and managed policies by reference."""
    policy, role = {"name": "bound", "policy": POLICY}, {"name": "patcher", "assume_role_policy": TRUST, "path": "/p/"}
    attachment, inline = "aws_iam_role_policy_attachment", "aws_iam_role_policy"
    by_role, by_policy = reference("aws_iam_role.this.name"), reference("aws_iam_policy.this.arn")
    plan = with_root(
        (resource("aws_iam_policy", policy), configured("aws_iam_policy", {})),
        (resource("aws_iam_role", role), configured("aws_iam_role", {"permissions_boundary": by_policy})),
        (resource(attachment, {}), configured(attachment, {"role": by_role, "policy_arn": by_policy})),
        (resource(inline, {"name": "steps", "policy": POLICY}), configured(inline, {"role": by_role})),
    )

    loaded = load(region, plan)

    made = region.backend("iam", "GetRole", {"RoleName": "patcher"})["Role"]
    attached = region.backend("iam", "ListAttachedRolePolicies", {"RoleName": "patcher"})["AttachedPolicies"]
    arn = "arn:aws:iam::123456789012:policy/bound"
    assert (made["Arn"], made["PermissionsBoundary"]["PermissionsBoundaryArn"]) == (
        "arn:aws:iam::123456789012:role/p/patcher",
        arn,
    )
    assert [p["PolicyArn"] for p in attached] == [arn]
    assert region.backend("iam", "ListRolePolicies", {"RoleName": "patcher"})["PolicyNames"] == ["steps"]
    assert loaded.roles == {"aws_iam_role.this": "patcher"}


def drop(plan: dict[str, Any], name: str, module: int, number: int) -> None:
    del planned(plan, module, number)[name]


def hide_behind_local(plan: dict[str, Any]) -> None:
    window_configuration(plan)["expressions"]["document"] = reference("local.document")


def lose_key(plan: dict[str, Any]) -> None:
    """The reference leads to both targets and the task's own key is none of theirs."""
    plan["planned_values"]["root_module"]["child_modules"][1]["resources"][3].update(
        index="other", address="task.other"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: drop(p, "content", 0, 0), r"module.document.aws_ssm_document.this: content is not known"),
        (lambda p: drop(p, "service_role_arn", 1, 3), r'task.this\["api"\]: service_role_arn .* names no aws_iam_role'),
        (hide_behind_local, r'task.this\["api"\]: .*document_version .* goes through local.document'),
        (lose_key, r"task.other: targets.0.values may come from any of"),
        (lambda p: planned(p, 1, 1)["targets"][0].pop("values"), r'target.this\["api"\]: the values of tag:ALB'),
        (
            lambda p: planned(p, 1, 3)["task_invocation_parameters"][0]["automation_parameters"][0]["parameter"][0].pop(
                "values"
            ),
            r'task.this\["api"\]: the values of parameter Id',
        ),
        (
            lambda p: planned(p, 1, 3).update(task_invocation_parameters=[{"lambda_parameters": [{"payload": "x"}]}]),
            r'task.this\["api"\]: lambda_parameters are not known here',
        ),
        (lambda p: planned(p, 0, 0).update(permissions={"type": "Share"}), "permissions of a document"),
    ],
)
def test_a_value_that_is_needed_and_unknown_is_named(region, plan, change, message):
    """What cannot be told from the plan is an error of one line with the address and the reason."""
    changed = copy.deepcopy(plan)
    change(changed)

    with pytest.raises(PlanError, match=message) as caught:
        load(region, changed)
    assert isinstance(caught.value, InputError)
    assert "\n" not in str(caught.value)


def test_what_the_region_refuses_names_the_address(region, plan):
    """A refusal of the service is a failure with the address and AWS's reason."""
    planned(plan, 1, 0)["cutoff"] = 4

    with pytest.raises(Failure, match=r"module.window.aws_ssm_maintenance_window.this: ValidationException: .*cutoff"):
        load(region, plan)


@pytest.mark.parametrize("content", [{}, {"planned_values": {}}, {"values": {}, "configuration": {}}])
def test_what_is_no_plan_is_refused(content):
    """A state, or anything else than a plan, is refused."""
    with pytest.raises(PlanError, match="not a plan"):
        Plan(content)
