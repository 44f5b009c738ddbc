"""Nights that a person starts, and nights under roles that may too little."""

import json
from urllib.parse import unquote

import pytest

from albpatch.region.automation.service import Automation
from albpatch.rehearsal.nights import night
from albpatch.report.model import Held
from night_fleet import scene

DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
AUTOMATION_ROLE = "arn:aws:iam::aws:policy/service-role/AmazonSSMAutomationRole"


def by_hand(**params):
    """Start the document as a person with every right does, and wait for its end."""

    def start(region, world, loaded):
        (document,) = [name for name in loaded.documents.values() if name.endswith("-alb-patching")]
        request = {"DocumentName": document, **{k: v(world) if callable(v) else v for k, v in params.items()}}
        started = region.call(region.administrator, "ssm", "StartAutomationExecution", request)
        return region.part(Automation).wait(started["AutomationExecutionId"]).status

    return start


def runbook_role(region):
    """Name of the role that the runbook assumes, found by what it may do."""
    for role in region.backend("iam", "ListRoles", {})["Roles"]:
        for name in region.backend("iam", "ListRolePolicies", {"RoleName": role["RoleName"]})["PolicyNames"]:
            if "elasticloadbalancing:DeregisterTargets" in json.dumps(policy(region, role["RoleName"], name)):
                return role["RoleName"]
    raise AssertionError("no role may deregister targets")


def policy(region, role, name):
    document = region.backend("iam", "GetRolePolicy", {"RoleName": role, "PolicyName": name})["PolicyDocument"]
    return document if isinstance(document, dict) else json.loads(unquote(document))


def without(action, role_of="runbook"):
    """Take one action out of a role; a policy that has no other goes."""

    def prepare(region, _world):
        role = runbook_role(region).replace("-runbook-", f"-{role_of}-")
        for name in region.backend("iam", "ListRolePolicies", {"RoleName": role})["PolicyNames"]:
            document = policy(region, role, name)
            kept = []
            for statement in document["Statement"]:
                actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
                left = [a for a in actions if a != action]
                if left:
                    kept.append({**statement, "Action": left})
            if not kept:
                region.backend("iam", "DeleteRolePolicy", {"RoleName": role, "PolicyName": name})
                continue
            params = {
                "RoleName": role,
                "PolicyName": name,
                "PolicyDocument": json.dumps({**document, "Statement": kept}),
            }
            region.backend("iam", "PutRolePolicy", params)

    return prepare


def default_role(*more):
    """Give the runbook's role AWS's own policy for Automation, and these actions, instead of the module's policies."""

    def prepare(region, _world):
        role = runbook_role(region)
        for name in region.backend("iam", "ListRolePolicies", {"RoleName": role})["PolicyNames"]:
            region.backend("iam", "DeleteRolePolicy", {"RoleName": role, "PolicyName": name})
        region.backend("iam", "AttachRolePolicy", {"RoleName": role, "PolicyArn": AUTOMATION_ROLE})
        if more:
            statement = {"Effect": "Allow", "Action": list(more), "Resource": "*"}
            document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            params = {"RoleName": role, "PolicyName": "more", "PolicyDocument": document}
            region.backend("iam", "PutRolePolicy", params)

    return prepare


def refused(played):
    """The operations that were refused to a role."""
    return {f"{c.service}:{c.operation}" for c in played.evidence.role_calls if c.error in DENIED}


def test_a_person_starts_it_with_an_instance_id_alone(plan):
    """The target groups are found in the instance's VPC; only that machine is patched."""
    start = by_hand(Parameters=lambda world: {"InstanceId": [world.machines["a"]]})
    played = night(plan, scene({"a": "patches", "b": "patches"}), start=start)

    assert (played.status, played.outcome("a")) == ("Success", "patched")
    assert [played.world.machine_name(x.instance) for x in played.executions] == ["a"]
    assert [played.promises[i].held for i in ("C2", "C3", "C4")] == [Held.HELD] * 3
    assert played.promises["C9"].held is Held.NOT_EXERCISED


def test_a_person_starts_it_with_rate_control_over_a_tag(plan):
    """As in the console: targets by tag, concurrency 1, no errors allowed; one after the other, nothing lost."""
    start = by_hand(
        Targets=[{"Key": "tag:Fleet", "Values": ["web"]}],
        TargetParameterName="InstanceId",
        MaxConcurrency="1",
        MaxErrors="0",
    )
    played = night(plan, scene({"a": "patches", "b": "compliant", "c": "patches"}), start=start)

    assert {n: played.outcome(n) for n in "abc"} == {"a": "patched", "b": "compliant", "c": "patched"}
    assert played.lost == 0
    assert [played.promises[i].held for i in ("C1", "C2", "C3", "C4")] == [Held.HELD] * 4


def test_rate_control_stops_after_the_first_failure(plan):
    """With no errors allowed the second machine of a hand-started roll is never touched."""
    start = by_hand(
        Targets=[{"Key": "tag:Fleet", "Values": ["web"]}],
        TargetParameterName="InstanceId",
        MaxConcurrency="1",
        MaxErrors="0",
    )
    played = night(plan, scene(dict.fromkeys("abc", "broken-patch")), start=start)

    assert len({i for _, _, i in played.evidence.took_out}) == 1
    assert played.promises["C5"].held is Held.HELD


def test_a_missing_permission_is_named(plan):
    """Without DeregisterTargets the execution fails before anything is touched, and says what is missing."""
    played = night(
        plan, scene({"a": "patches", "b": "patches"}), prepare=without("elasticloadbalancing:DeregisterTargets")
    )
    (only,) = played.executions
    said = " ".join(v for values in only.outputs.values() for v in values)

    assert (only.status, refused(played)) == ("Failed", {"elbv2:DeregisterTargets"})
    assert "DeregisterTargets" in said
    assert "AccessDenied" in said or "not authorized" in said
    assert played.evidence.took_out == []
    assert "refused, first elbv2:DeregisterTargets" in played.promises["C6"].evidence


def test_without_the_right_to_register_the_machine_is_not_forgotten(plan):
    """A machine that cannot be put back ends the night as Failed; no other is touched."""
    played = night(
        plan,
        scene({"a": "patches", "b": "patches"}),
        prepare=without("elasticloadbalancing:RegisterTargets", "restore"),
    )

    assert [x.status for x in played.executions] == ["Failed"]
    assert [played.promises[i].held for i in ("C3", "C6")] == [Held.BROKEN, Held.BROKEN]


@pytest.mark.parametrize(
    ("more", "missing"),
    [
        ((), "ssm:StartAutomationExecution"),
        (("iam:PassRole", "dynamodb:GetItem"), "ec2:DescribeInstances"),
        (("iam:PassRole", "dynamodb:GetItem", "ec2:DescribeInstances"), "elbv2:DescribeTargetGroups"),
    ],
    ids=["alone", "with-its-own-role", "with-ec2"],
)
def test_the_default_role_does_not_suffice(plan, more, missing):
    """AmazonSSMAutomationRole hands over no role and lacks EC2's reads and all of ELB: nothing is touched."""
    played = night(plan, scene({"a": "patches", "b": "patches"}), prepare=default_role(*more), managed_policies=True)

    assert [x.status for x in played.executions] == ["Failed"]
    assert missing in refused(played)
    assert played.evidence.took_out == []
    assert played.promises["C6"].held is Held.BROKEN
