"""Changes that somebody makes by hand to what a deployment recorded. Each gives back how to undo it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter
from typing import Any

from albpatch import settings
from albpatch.live.account import Account
from albpatch.live.checks import AFTER_WINDOW, BEFORE_DESTROY, NOW
from albpatch.live.snapshot import Snapshot
from albpatch.live.verdicts import Look, Verdict, judge
from albpatch.region.hosts import Hosts
from local_account import LocalAccount

Undo = Callable[[], Any]


@dataclass
class Deployed:
    """A deployment that is as recorded. `record` is the record as the module's output prints it."""

    local: LocalAccount
    account: Account
    record: dict[str, Any]

    @property
    def deployment(self) -> settings.Deployment:
        return settings.parse(self.record)

    @property
    def fleet(self) -> settings.Fleet:
        return self.deployment.fleets["web"]

    @property
    def group(self) -> str:
        return self.fleet.target_group_arns[0]

    def verdict(
        self, check: str, deployment: settings.Deployment | None = None, days: float = 0, before: Snapshot | None = None
    ) -> Verdict:
        """What a check says now, or so many days from now."""
        self.account.calls.forget()
        now = self.local.now() + timedelta(days=days)
        (wanted,) = [c for c in (*NOW, *AFTER_WINDOW, *BEFORE_DESTROY) if c.id == check]
        (verdict,) = judge(Look(self.account, deployment or self.deployment, now, before), [wanted])
        return verdict

    def ssm(self, operation: str, **params: Any) -> dict[str, Any]:
        return self.local.region.call(self.local.region.administrator, "ssm", operation, params)

    def iam(self, operation: str, **params: Any) -> dict[str, Any]:
        return self.local.region.backend("iam", operation, params)

    def targets(self, operation: str, *ids: str) -> None:
        params = {"TargetGroupArn": self.group, "Targets": [{"Id": i} for i in ids]}
        self.local.region.call(self.local.region.administrator, "elbv2", operation, params)

    def let_pass(self, seconds: float) -> None:
        clock = self.local.region.clock
        clock.run(clock.spawn("time", clock.sleep, seconds))

    def task_ids(self) -> dict[str, str]:
        return {"WindowId": self.deployment.window.id, "WindowTaskId": self.fleet.task_id}


WIDE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
ELSEWHERE = {"Effect": "Allow", "Action": ["elasticloadbalancing:RegisterTargets"], "Resource": ["*"]}
ANY_DOCUMENT = {"Effect": "Allow", "Action": ["ssm:StartAutomationExecution"], "Resource": ["*"]}
SENDS = {"Effect": "Allow", "Action": ["ssm:SendCommand"], "Resource": ["arn:aws:ssm:*::document/AWS-RunPatchBaseline"]}
ANY_ROLE = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}
ALL_OF_SSM = {"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}
REFERENCE = ["{{RESOURCE_ID}}"]


def deregister(d: Deployed) -> Undo:
    gone = d.local.world.machines["web-2"]
    d.targets("DeregisterTargets", gone)

    def undo() -> None:
        d.targets("RegisterTargets", gone)
        d.let_pass(120.0)

    return undo


def sicken(names: list[str]) -> Callable[[Deployed], Undo]:
    def change(d: Deployed) -> Undo:
        hosts, machines = d.local.region.part(Hosts), d.local.world.machines
        for name in names:
            hosts.sicken(machines[name])
        d.let_pass(120.0)

        def undo() -> None:
            for name in names:
                hosts.recover(machines[name])
            d.let_pass(120.0)

        return undo

    return change


def rewrite(d: Deployed) -> Undo:
    """The document that looks on the host gets another text, which is its default from then on."""
    name = f"{d.deployment.name}-await-quiet"
    text = "# mine\n" + d.ssm("GetDocument", Name=name, DocumentFormat="YAML")["Content"]
    d.ssm("UpdateDocument", Name=name, Content=text, DocumentFormat="YAML", DocumentVersion="$LATEST")
    d.ssm("UpdateDocumentDefaultVersion", Name=name, DocumentVersion="2")
    return lambda: d.ssm("UpdateDocumentDefaultVersion", Name=name, DocumentVersion="1")


def update_window(**members: Any) -> Callable[[Deployed], Undo]:
    def change(d: Deployed) -> Undo:
        window_id = d.deployment.window.id
        before = d.ssm("GetMaintenanceWindow", WindowId=window_id)
        d.ssm("UpdateMaintenanceWindow", WindowId=window_id, **members)
        kept = {name: before[name] for name in members}
        return lambda: d.ssm("UpdateMaintenanceWindow", WindowId=window_id, **kept)

    return change


def update_task(**members: Any) -> Callable[[Deployed], Undo]:
    def change(d: Deployed) -> Undo:
        before = d.ssm("GetMaintenanceWindowTask", **d.task_ids())
        d.ssm("UpdateMaintenanceWindowTask", **d.task_ids(), **members)
        kept = {name: before[name] for name in members}
        return lambda: d.ssm("UpdateMaintenanceWindowTask", **d.task_ids(), **kept)

    return change


def update_parameters(**parameters: list[str]) -> Callable[[Deployed], Undo]:
    def change(d: Deployed) -> Undo:
        automation = d.ssm("GetMaintenanceWindowTask", **d.task_ids())["TaskInvocationParameters"]["Automation"]
        changed = {**automation, "Parameters": {**automation["Parameters"], **parameters}}
        return update_task(TaskInvocationParameters={"Automation": changed})(d)

    return change


def move_version(d: Deployed) -> Undo:
    automation = d.ssm("GetMaintenanceWindowTask", **d.task_ids())["TaskInvocationParameters"]["Automation"]
    return update_task(TaskInvocationParameters={"Automation": {**automation, "DocumentVersion": "$LATEST"}})(d)


def add_task(d: Deployed) -> Undo:
    window = {"WindowId": d.deployment.window.id}
    added = d.ssm("RegisterTaskWithMaintenanceWindow", **window, TaskType="AUTOMATION", TaskArn="other")
    return lambda: d.ssm("DeregisterTaskFromMaintenanceWindow", **window, **added)


def widen_target(d: Deployed) -> Undo:
    ids = {"WindowId": d.deployment.window.id, "WindowTargetId": d.fleet.target_id}
    before = d.ssm("DescribeMaintenanceWindowTargets", WindowId=ids["WindowId"])["Targets"][0]["Targets"]
    d.ssm("UpdateMaintenanceWindowTarget", **ids, Targets=[{"Key": "tag-key", "Values": ["ALB"]}])
    return lambda: d.ssm("UpdateMaintenanceWindowTarget", **ids, Targets=before)


def add_target(d: Deployed) -> Undo:
    window = {"WindowId": d.deployment.window.id}
    targets = [{"Key": "InstanceIds", "Values": ["i-0123456789abcdef0"]}]
    target = {"ResourceType": "INSTANCE", "Targets": targets}
    added = d.ssm("RegisterTargetWithMaintenanceWindow", **window, **target)
    return lambda: d.ssm("DeregisterTargetFromMaintenanceWindow", **window, **added)


def share(d: Deployed) -> Undo:
    document = {"Name": d.deployment.document.name, "PermissionType": "Share"}
    permissions = d.local.region.backend
    permissions("ssm", "ModifyDocumentPermission", {**document, "AccountIdsToAdd": ["111122223333"]})
    return lambda: permissions("ssm", "ModifyDocumentPermission", {**document, "AccountIdsToRemove": ["111122223333"]})


def role_name(d: Deployed, which: str) -> str:
    """The name of a role by its place in the record: automation_role, window_role, restore.role."""
    return str(attrgetter(which)(d.deployment).name)


def change_policy(which: str, name: str, statement: dict[str, Any]) -> Callable[[Deployed], Undo]:
    """Add a statement to an inline policy, or a policy that is not ours."""

    def change(d: Deployed) -> Undo:
        role = role_name(d, which)
        before = d.iam("ListRolePolicies", RoleName=role)["PolicyNames"]
        policy = {"RoleName": role, "PolicyName": name}
        document = d.iam("GetRolePolicy", **policy)["PolicyDocument"] if name in before else {**WIDE, "Statement": []}
        changed = {**document, "Statement": [*document["Statement"], statement]}
        d.iam("PutRolePolicy", **policy, PolicyDocument=as_text(changed))
        if name not in before:
            return lambda: d.iam("DeleteRolePolicy", **policy)
        return lambda: d.iam("PutRolePolicy", **policy, PolicyDocument=as_text(document))

    return change


def as_text(document: Any) -> str:
    return json.dumps(document)


def attach(which: str) -> Callable[[Deployed], Undo]:
    def change(d: Deployed) -> Undo:
        arn = d.iam("CreatePolicy", PolicyName="wide", PolicyDocument=as_text(WIDE))["Policy"]["Arn"]
        attached = {"RoleName": role_name(d, which), "PolicyArn": arn}
        d.iam("AttachRolePolicy", **attached)

        def undo() -> None:
            d.iam("DetachRolePolicy", **attached)
            d.iam("DeletePolicy", PolicyArn=arn)

        return undo

    return change


def trust(which: str, **condition: Any) -> Callable[[Deployed], Undo]:
    """Let the role trust under another condition."""

    def change(d: Deployed) -> Undo:
        role = {"RoleName": role_name(d, which)}
        before = d.iam("GetRole", **role)["Role"]["AssumeRolePolicyDocument"]
        statement = {k: v for k, v in before["Statement"][0].items() if k != "Condition"} | condition
        changed = as_text({**before, "Statement": [statement]})
        d.iam("UpdateAssumeRolePolicy", **role, PolicyDocument=changed)
        return lambda: d.iam("UpdateAssumeRolePolicy", **role, PolicyDocument=as_text(before))

    return change
