"""Compares an account with a deployment. Every check answers with sentences about what is wrong; none is good."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from albpatch.live.account import Account, Target
from albpatch.settings import Deployment, Fleet

Check = Callable[[Account, Deployment], list[str]]
MOVES = ("elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets")
PARAMETERS_OF_A_BUNDLED_TASK = ("InstanceId", "MinHealthyCount", "MinHealthyPercent", "TargetGroupArns")


def targets_registered(account: Account, deployment: Deployment) -> list[str]:
    """Every running instance of a fleet is registered in each of the fleet's target groups."""
    findings = []
    for name, fleet in deployment.fleets.items():
        instances = account.instances(fleet)
        if not instances:
            findings.append(f"fleet {name}: no running instance belongs to it")
        for arn, targets in _targets(account, fleet):
            missing = sorted(set(instances) - {t.id for t in targets or [] if t.state != "draining"})
            if targets is None:
                findings.append(f"fleet {name}: target group {arn} does not exist")
            elif missing:
                findings.append(f"fleet {name}: not registered in {_short(arn)}: {', '.join(missing)}")
    return findings


def targets_healthy(account: Account, deployment: Deployment) -> list[str]:
    """Every target that is registered in a fleet's target groups is healthy."""
    return [
        f"{_short(arn)}: {target.id}:{target.port} is {target.state} {target.reason}".rstrip()
        for arn in _target_groups(deployment)
        for target in account.targets(arn) or []
        if target.state != "healthy"
    ]


def floor_held(account: Account, deployment: Deployment) -> list[str]:
    """No target group is below the floor of a fleet: its count and its percentage of the registered targets."""
    findings = []
    for name, fleet in deployment.fleets.items():
        for arn, targets in _targets(account, fleet):
            found = targets or []
            budget = fleet.disruption_budget
            floor = max(budget.min_healthy, math.ceil(budget.min_healthy_percent * len(found) / 100))
            healthy = sum(target.state == "healthy" for target in found)
            if healthy < floor:
                findings.append(f"fleet {name}: {_short(arn)} has {healthy} healthy targets, the floor is {floor}")
    return findings


def document_as_recorded(account: Account, deployment: Deployment) -> list[str]:
    """The recorded version of the document is there, active, with the recorded text and parameters."""
    wanted = deployment.document
    found = account.document(wanted.name, wanted.version)
    if found is None:
        return [f"document {wanted.name} has no version {wanted.version}"]
    return _differences(
        f"document {wanted.name}",
        {"status": "Active", "type": "Automation", "owner": deployment.account_id, "sha256": wanted.content_sha256}
        | {"parameters": sorted(wanted.parameter_names)},
        {
            "status": found["Status"],
            "type": found["DocumentType"],
            "owner": found["Owner"],
            "sha256": found["ContentSha256"],
            "parameters": sorted(parameter["Name"] for parameter in found.get("Parameters", [])),
        },
    )


def document_not_shared(account: Account, deployment: Deployment) -> list[str]:
    """Nobody else may run or read the document."""
    name = deployment.document.name
    if account.document(name) is None:
        return [f"document {name} does not exist"]
    return [f"document {name} is shared with {who}" for who in account.shared_with(name)]


def window_as_recorded(account: Account, deployment: Deployment) -> list[str]:
    """The window is there, with the recorded schedule, and enabled or disabled as recorded."""
    wanted = deployment.window
    found = account.window(wanted.id)
    if found is None:
        return [f"window {wanted.id} ({wanted.name}) does not exist"]
    members = {
        "Name": wanted.name,
        "Enabled": wanted.enabled,
        "Schedule": wanted.expression,
        "ScheduleTimezone": wanted.timezone,
        "ScheduleOffset": wanted.offset_days,
        "Duration": wanted.duration_hours,
        "Cutoff": wanted.cutoff_hours,
        "StartDate": wanted.start_date,
        "EndDate": wanted.end_date,
        "AllowUnassociatedTargets": False,
    }
    return _differences(f"window {wanted.name}", members, {key: found.get(key) for key in members})


def window_targets_as_recorded(account: Account, deployment: Deployment) -> list[str]:
    """The window has the fleets' targets, each naming its instances as recorded, and no other."""
    findings = []
    found = account.window_targets(deployment.window.id) if account.window(deployment.window.id) else {}
    for name, fleet in deployment.fleets.items():
        target = found.pop(fleet.target_id, None)
        if target is None:
            findings.append(f"fleet {name}: window target {fleet.target_id} does not exist")
            continue
        named = {t["Key"]: sorted(t["Values"]) for t in target["Targets"]}
        findings += _differences(f"fleet {name}: window target", _naming(fleet), named)
    return findings + [f"window target {target_id} is not of this deployment" for target_id in found]


def tasks_as_recorded(account: Account, deployment: Deployment) -> list[str]:
    """The window has one task per fleet, which can do what the module promises, and no other."""
    findings = []
    found = account.window_tasks(deployment.window.id) if account.window(deployment.window.id) else {}
    priorities = {found[f.task_id]["Priority"] for f in deployment.fleets.values() if f.task_id in found}
    if len(priorities) > 1:
        findings.append("the fleets' tasks differ in priority: they would run one after the other")
    for name, fleet in deployment.fleets.items():
        task = found.pop(fleet.task_id, None)
        if task is None:
            findings.append(f"fleet {name}: window task {fleet.task_id} does not exist")
        else:
            findings += _task(f"fleet {name}: window task", deployment, fleet, task)
    return findings + [f"window task {task_id} is not of this deployment" for task_id in found]


def _task(subject: str, deployment: Deployment, fleet: Fleet, task: Mapping[str, Any]) -> list[str]:
    wanted = {
        "TaskType": "AUTOMATION",
        "TaskArn": deployment.document.name,
        "ServiceRoleArn": deployment.window_role.arn,
        "MaxConcurrency": "1",
        "MaxErrors": "0",
        "CutoffBehavior": "CANCEL_TASK",
        "Targets": [{"Key": "WindowTargetIds", "Values": [fleet.target_id]}],
    }
    given = task.get("TaskInvocationParameters", {}).get("Automation", {})
    parameters = given.get("Parameters", {})
    findings = _differences(subject, wanted, {key: task.get(key) for key in wanted})
    findings += _differences(
        subject, {"DocumentVersion": deployment.document.version}, {"DocumentVersion": given.get("DocumentVersion")}
    )
    if ["{{RESOURCE_ID}}"] not in parameters.values():
        findings.append(f"{subject}: no parameter receives {{{{RESOURCE_ID}}}}")
    if deployment.document.source == "bundled":
        budget = fleet.disruption_budget
        values = (
            ["{{RESOURCE_ID}}"],
            [str(budget.min_healthy)],
            [str(budget.min_healthy_percent)],
            list(fleet.target_group_arns),
        )
        expected = dict(zip(PARAMETERS_OF_A_BUNDLED_TASK, values, strict=True))
        findings += _differences(subject, expected, {key: parameters.get(key) for key in expected})
    return findings


def automation_role_as_recorded(account: Account, deployment: Deployment) -> list[str]:
    """The runbook's role trusts executions of this account only and moves targets of the fleets' groups only."""
    wanted, bundled = deployment.automation_role, deployment.document.source == "bundled"
    executions = f"arn:{deployment.partition}:ssm:{deployment.region}:{deployment.account_id}:automation-execution/*"
    condition = {
        "StringEquals": {"aws:SourceAccount": deployment.account_id},
        "ArnLike": {"aws:SourceArn": executions},
    }
    findings = _role(account, wanted.name, wanted.arn, condition, {"steps", "target-groups"} if bundled else {"steps"})
    role = account.role(wanted.name)
    if role is None:
        return findings
    groups = sorted(_target_groups(deployment)) if bundled else []
    for name, statement in _statements(role.policies):
        moves = [a for a in _list(statement["Action"]) if any(fnmatchcase(move, a) for move in MOVES)]
        if moves and sorted(_list(statement["Resource"])) != groups:
            findings.append(f"role {wanted.name}: policy {name} allows {', '.join(moves)} on other resources")
    return findings


def window_role_as_recorded(account: Account, deployment: Deployment) -> list[str]:
    """The window's role is trusted to Systems Manager, starts this document only and hands over this role only."""
    wanted, ssm = deployment.window_role, f"arn:{deployment.partition}:ssm:{deployment.region}:{deployment.account_id}"
    findings = _role(account, wanted.name, wanted.arn, None, {"start-runbook"})
    role = account.role(wanted.name)
    name = deployment.document.name
    resources = {
        "ssm:StartAutomationExecution": {
            f"{ssm}:document/{name}",
            f"{ssm}:automation-definition/{name}:*",
            f"{ssm}:automation-execution/*",
        },
        "iam:PassRole": {deployment.automation_role.arn},
    }
    for action, allowed in resources.items() if role is not None else ():
        found = {
            resource
            for _, statement in _statements(role.policies if role is not None else {})
            if any(fnmatchcase(action, pattern) for pattern in _list(statement["Action"]))
            for resource in _list(statement["Resource"])
        }
        if found != allowed:
            findings.append(f"role {wanted.name}: {action} is allowed on {', '.join(sorted(found)) or 'nothing'}")
    return findings


CHECKS: tuple[Check, ...] = (
    targets_registered,
    targets_healthy,
    floor_held,
    document_as_recorded,
    document_not_shared,
    window_as_recorded,
    window_targets_as_recorded,
    tasks_as_recorded,
    automation_role_as_recorded,
    window_role_as_recorded,
)


def _role(account: Account, name: str, arn: str, condition: Mapping[str, Any] | None, inline: set[str]) -> list[str]:
    """What both roles have in common: ARN, trust, exactly these inline policies, no managed one, no wildcard action."""
    role = account.role(name)
    if role is None:
        return [f"role {name} does not exist"]
    trust: dict[str, Any] = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "ssm.amazonaws.com"},
    }
    if condition is not None:
        trust["Condition"] = condition
    findings = _differences(
        f"role {name}",
        {"ARN": arn, "trust": [trust], "inline policies": sorted(inline), "managed policies": []},
        {
            "ARN": role.arn,
            "trust": role.trust["Statement"],
            "inline policies": sorted(role.policies),
            "managed policies": sorted(role.managed),
        },
    )
    for policy, statement in _statements(role.policies):
        wide = [action for action in _list(statement.get("Action", "*")) if "*" in action]
        if wide:
            findings.append(f"role {name}: policy {policy} allows {', '.join(wide)}")
    return findings


def _statements(policies: Mapping[str, Mapping[str, Any]]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """Every Allow statement with the name of its policy. One without actions or resources stands for all."""
    for name, policy in policies.items():
        for statement in _list(policy["Statement"]):
            if statement["Effect"] == "Allow":
                yield name, {"Action": "*", "Resource": "*", **statement}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _naming(fleet: Fleet) -> dict[str, list[str]]:
    named = {f"tag:{key}": sorted(values) for key, values in fleet.tags.items()}
    if fleet.instance_ids:
        named["InstanceIds"] = sorted(fleet.instance_ids)
    if fleet.resource_group is not None:
        named["resource-groups:Name"] = [fleet.resource_group]
        named["resource-groups:ResourceTypeFilters"] = ["AWS::EC2::Instance"]
    return named


def _targets(account: Account, fleet: Fleet) -> list[tuple[str, list[Target] | None]]:
    return [(arn, account.targets(arn)) for arn in fleet.target_group_arns]


def _target_groups(deployment: Deployment) -> list[str]:
    return sorted({arn for fleet in deployment.fleets.values() for arn in fleet.target_group_arns})


def _short(arn: str) -> str:
    """A target group's name out of its ARN."""
    return "target group " + (arn.split("/")[1] if arn.count("/") == 2 else arn)


def _differences(subject: str, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    return [
        f"{subject}: {key} is {found.get(key)!r}, recorded is {wanted.get(key)!r}"
        for key in sorted({*wanted, *found})
        if found.get(key) != wanted.get(key)
    ]
