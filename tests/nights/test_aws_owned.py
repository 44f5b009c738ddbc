"""Nights under the clone of AWS's runbook: it runs, and what its document leads to shows.

The document is the project's stand-in, or the one that AWS_OWNED_DOCUMENT names. Steps are found by their action.
"""

import json

import pytest

from albpatch.region.automation.service import Automation
from albpatch.region.stacks import Stacks
from albpatch.rehearsal.nights import night
from albpatch.report.model import Held
from night_fleet import group, machine, scene

ROLLED = {
    "Targets": [{"Key": "tag:Fleet", "Values": ["web"]}],
    "TargetParameterName": "InstanceId",
    "MaxConcurrency": "1",
    "MaxErrors": "0",
}


@pytest.fixture(scope="module")
def steps(aws_owned_document):
    """Action -> names of the document's steps with it, in their order."""
    found = {}
    for step in json.loads(aws_owned_document.read_text(encoding="utf-8"))["mainSteps"]:
        found.setdefault(step["action"], []).append(step["name"])
    return found


def stacks(played):
    return [stack.status for stack in played.region.part(Stacks).all]


def moved(played, what):
    """The machines that were registered or deregistered by a role, in that order."""
    entries = [e for e in played.evidence.night if e.kind == "registration" and played.evidence.is_ours(e)]
    return [played.world.machine_name(e.subject.rsplit("|", 2)[1]) for e in entries if e.detail["action"] == what]


def throttled(call, **more):
    return {"calls": [{"call": call, "code": "Throttling", "times": "for ever", **more}]}


def cancelled(step, after=5):
    return {"acts": [{"act": "cancel", "machine": m, "when": {"step": step, "after": after}} for m in "ab"]}


def test_the_window_rolls_the_clone(clone_plan):
    """Every machine leaves, is patched and comes back, under IAM, and the stacks are gone afterwards."""
    played = night(clone_plan, scene({"a": "patches", "b": "patches"}))

    assert played.status == "SUCCESS"
    assert [x.status for x in played.executions] == ["Success", "Success"]
    assert moved(played, "deregister") == moved(played, "register") == ["a", "b"]
    assert stacks(played) == ["DELETE_COMPLETE", "DELETE_COMPLETE"]
    assert {m.name: m.patched is not None for m in played.report().machines} == {"a": True, "b": True}
    assert played.promises["C6"].held is Held.HELD


def test_a_person_rolls_the_clone_with_rate_control(clone_plan):
    """As in the console: targets by tag, concurrency 1, no errors allowed."""

    def start(region, _world, loaded):
        (document,) = loaded.documents.values()
        request = {"DocumentName": document, **ROLLED}
        started = region.call(region.administrator, "ssm", "StartAutomationExecution", request)
        return region.part(Automation).wait(started["AutomationExecutionId"]).status

    played = night(clone_plan, scene({"a": "patches", "b": "patches", "c": "patches"}), start=start)

    assert played.status == "Success"
    assert moved(played, "deregister") == moved(played, "register")
    assert sorted(moved(played, "register")) == ["a", "b", "c"]
    assert stacks(played) == ["DELETE_COMPLETE"] * 3


def test_the_exact_registrations_come_back(clone_plan):
    """Two ports of one group and one of another leave and come back: so the function is modelled."""
    groups = {"api": group(8080), "admin": group(9090)}
    machines = {n: machine(k, "many", ("api", ("api", 8081), "admin")) for k, n in enumerate("ab")}
    played = night(clone_plan, scene({"a": "patches", "b": "patches"}, groups=groups, machines=machines))

    assert moved(played, "deregister") == ["a"] * 3 + ["b"] * 3
    assert played.promises["C3"].held is Held.HELD


def test_the_wait_is_the_groups_delay(clone_plan):
    """Without a time given the wait is the longest deregistration delay of the groups."""
    groups = {"api": group(8080, delay=30), "admin": group(9090, delay=300)}
    machines = {n: machine(k, "many", ("api", "admin")) for k, n in enumerate("ab")}
    played = night(clone_plan, scene({"a": "patches", "b": "compliant"}, groups=groups, machines=machines))
    left = played.evidence.took_out[0][0]
    installs = [e.time for e in played.evidence.night if e.kind == "command" and e.detail.get("operation") == "Install"]

    assert 300 <= installs[0] - left < 310


def test_a_compliant_fleet_is_drained_all_the_same(clone_plan):
    """Nothing is missing, and every machine leaves its target group: C1 is broken."""
    played = night(clone_plan, scene({"a": "compliant", "b": "compliant"}))

    assert moved(played, "deregister") == ["a", "b"]
    assert played.promises["C1"].held is Held.BROKEN


def test_a_failed_return_leaves_the_machine_out(clone_plan):
    """Three attempts to put it back fail, the stack is deleted, and the machine stays out although it is well."""
    played = night(clone_plan, scene({"a": "patches", "b": "patches"}, faults=throttled("elbv2.RegisterTargets")))

    assert [x.status for x in played.executions] == ["Failed"]
    assert moved(played, "register") == []
    assert stacks(played) == ["DELETE_COMPLETE"]
    assert played.promises["C3"].held is Held.BROKEN
    assert "left out although fit to serve" in played.promises["C3"].evidence


def test_a_cancel_leaves_instance_and_stack(clone_plan, steps):
    """No step has an onCancel: cancelled while it drains, the machine stays out and its stack stays."""
    (drain, *_) = steps["aws:sleep"]
    played = night(clone_plan, scene({"a": "patches", "b": "patches"}, faults=cancelled(drain)))

    assert played.executions[0].status == "Cancelled"
    assert moved(played, "register") == []
    assert played.evidence.missing(played.world.machines["a"])
    assert stacks(played)[0] == "CREATE_COMPLETE"


def test_a_reported_error_ends_as_success(clone_plan):
    """The function reports an error, nothing is patched, and the execution is Success: no threshold counts it."""
    faults = throttled("elbv2.DeregisterTargets")
    played = night(clone_plan, scene({"a": "patches", "b": "patches"}, faults=faults))
    installs = [e for e in played.evidence.night if e.kind == "command"]

    assert [x.status for x in played.executions] == ["Success", "Success"]
    assert played.status == "SUCCESS"
    assert installs == []


def test_the_next_machine_leaves_before_the_last_one_is_healthy(clone_plan):
    """A minute after it was registered the next one goes, however long the application takes to start."""
    played = night(clone_plan, scene({"a": "slow-start", "b": "patches", "c": "patches"}))

    assert played.promises["C4"].held is Held.BROKEN
    assert "b taken out of web" in played.promises["C4"].evidence
    assert "before a served there again" in played.promises["C4"].evidence
    assert played.promises["C2"].held is Held.BROKEN


def test_a_failed_patch_goes_back(clone_plan):
    """The patch failed: the machine is put back all the same."""
    played = night(clone_plan, scene({"a": "broken-patch", "b": "broken-patch"}))

    assert moved(played, "register") == ["a"]
    assert [x.status for x in played.executions] == ["Failed"]


def test_a_dead_machine_is_put_back(clone_plan):
    """A machine that does not come up after its reboot is registered again before anybody looks at it."""
    played = night(clone_plan, scene({"a": "never-up", "b": "patches", "c": "patches"}))

    assert "a" in moved(played, "register")
    assert not played.evidence.missing(played.world.machines["a"])


@pytest.mark.parametrize("action", ["cloudformation:CreateStack", "lambda:CreateFunction", "iam:CreateRole"])
def test_a_missing_permission_touches_no_target(clone_plan, action):
    """Without one of the rights that the stack needs nothing leaves, and what was built is removed."""
    played = night(clone_plan, scene({"a": "patches", "b": "patches"}), prepare=without(action))

    assert [x.status for x in played.executions] == ["Failed"]
    assert moved(played, "deregister") == []
    assert stacks(played) in ([], ["ROLLBACK_COMPLETE"])


def without(action):
    """Take one action out of every role's policies."""

    def prepare(region, _world):
        for role in region.backend("iam", "ListRoles", {})["Roles"]:
            name = role["RoleName"]
            for policy in region.backend("iam", "ListRolePolicies", {"RoleName": name})["PolicyNames"]:
                params = {"RoleName": name, "PolicyName": policy}
                document = region.backend("iam", "GetRolePolicy", params)["PolicyDocument"]
                for statement in document["Statement"]:
                    statement["Action"] = [a for a in statement["Action"] if a != action] or ["none:None"]
                region.backend("iam", "PutRolePolicy", {**params, "PolicyDocument": json.dumps(document)})

    return prepare
