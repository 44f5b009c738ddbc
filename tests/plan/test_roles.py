"""What a plan says about the two roles: who may use them and what they may do."""

import json
import re

from plan_json import Call

MOVING = {"elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"}
READING = re.compile(r"(Describe|Get|List)\w+")
BOTH = ("automation_role", "window_role")


def test_only_systems_manager_takes_the_roles(planned: list[Call]) -> None:
    """Nobody but Systems Manager may assume either role."""
    for call in planned:
        for kind in BOTH:
            (statement,) = json.loads(call.role(kind).values["assume_role_policy"])["Statement"]

            assert statement["Principal"] == {"Service": "ssm.amazonaws.com"}
            assert statement["Action"] == "sts:AssumeRole"


def test_automation_role_is_for_executions_of_this_account(planned: list[Call]) -> None:
    """The automation role's trust names the account and its executions: no confused deputy."""
    for call in planned:
        record = call.deployment
        (statement,) = json.loads(call.role("automation_role").values["assume_role_policy"])["Statement"]
        executions = f"arn:{record['partition']}:ssm:{record['region']}:{record['account_id']}:automation-execution/*"

        assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": record["account_id"]}
        assert statement["Condition"]["ArnLike"] == {"aws:SourceArn": executions}


def test_window_role_has_no_condition(planned: list[Call]) -> None:
    """AWS documents no source for a window's role; a condition on a missing key would stop every night."""
    for call in planned:
        (statement,) = json.loads(call.role("window_role").values["assume_role_policy"])["Statement"]

        assert "Condition" not in statement


def test_roles_have_path_and_boundary_alike(planned: list[Call]) -> None:
    """Both roles lie in one path below one boundary, as the ARNs in the record say."""
    for call in planned:
        roles = [call.role(kind).values for kind in BOTH]

        assert len({role["path"] for role in roles}) == 1
        assert len({role["permissions_boundary"] for role in roles}) == 1
        for kind, role in zip(BOTH, roles, strict=True):
            assert call.deployment[kind]["arn"].endswith(f":role{role['path']}{role['name']}")


def test_no_action_is_a_pattern(planned: list[Call]) -> None:
    """Every action is written out: no permission comes with the next feature of a service."""
    for call in planned:
        for kind in BOTH:
            for statement in call.statements(kind):
                assert statement["Effect"] == "Allow"
                assert "NotAction" not in statement
                assert [action for action in statement["Action"] if "*" in action] == []


def test_everywhere_means_reading_only(planned: list[Call]) -> None:
    """On the resource * only reads are allowed."""
    for call in planned:
        for kind in BOTH:
            for statement in call.statements(kind):
                if "*" in statement["Resource"]:
                    names = [action.split(":")[1] for action in statement["Action"]]

                    assert [name for name in names if not READING.fullmatch(name)] == []


def test_targets_are_moved_in_the_named_groups_only(planned: list[Call]) -> None:
    """What moves targets stands in a policy of its own, on exactly the target groups of the fleets."""
    for call in planned:
        policies = call.policies("automation_role")
        groups = {arn for fleet in call.deployment["fleets"].values() for arn in fleet["target_group_arns"]}
        for name, policy in policies.items():
            actions = {a for s in (policy or {"Statement": []})["Statement"] for a in s["Action"]}
            if name == "target-groups" and policy is not None:
                assert actions == {"elasticloadbalancing:DeregisterTargets"}
                assert {arn for statement in policy["Statement"] for arn in statement["Resource"]} == groups
            else:
                assert actions & MOVING == set()
        assert ("target-groups" in policies) is (call.deployment["document"]["source"] == "bundled")


def test_roles_are_handed_to_one_service(planned: list[Call]) -> None:
    """PassRole names the role and the one service that may receive it."""
    for call in planned:
        passing = [
            statement for kind in BOTH for statement in call.statements(kind) if "iam:PassRole" in statement["Action"]
        ]
        assert passing
        for statement in passing:
            assert statement["Action"] == ["iam:PassRole"]
            assert statement["Condition"]["StringEquals"]["iam:PassedToService"].endswith(".amazonaws.com")
            assert "*" not in statement["Resource"]


def test_window_starts_these_runbooks_only(planned: list[Call]) -> None:
    """The window's role may start the call's documents on all that AWS asks for, and hand over their roles."""
    for call in planned:
        record = call.deployment
        ssm = f"arn:{record['partition']}:ssm:{record['region']}:{record['account_id']}"
        statements = {action: s for s in call.statements("window_role") for action in s["Action"]}

        names = [record["document"]["name"], *([record["restore"]["document"]] if record["restore"] else [])]
        assert set(statements["ssm:StartAutomationExecution"]["Resource"]) == {
            *(f"{ssm}:document/{name}" for name in names),
            *(f"{ssm}:automation-definition/{name}:*" for name in names),
            f"{ssm}:automation-execution/*",
        }
        restore = [record["restore"]["role"]["arn"]] if record["restore"] else []
        assert statements["iam:PassRole"]["Resource"] == [record["automation_role"]["arn"], *restore]
        groups = any(fleet["resource_group"] for fleet in record["fleets"].values())
        assert ("resource-groups:ListGroupResources" in statements) is groups


def test_patch_command_goes_to_the_fleets_only(planned: list[Call]) -> None:
    """SendCommand is allowed for two documents and no other, on instances with the tags or ids of a fleet."""
    for call in planned:
        record = call.deployment
        sending = [s for s in call.statements("automation_role") if "ssm:SendCommand" in s["Action"]]
        documents = [r for s in sending for r in s["Resource"] if ":document/" in r]
        instances = [s for s in sending if all(":instance/" in r for r in s["Resource"])]

        place = f"arn:{record['partition']}:ssm:{record['region']}"
        own = [f"{place}:{record['account_id']}:document/{record['name']}-await-quiet"]
        bundled = record["document"]["source"] == "bundled"
        assert documents == [f"{place}::document/AWS-RunPatchBaseline", *(own if bundled else [])]
        assert len(instances) == len(sending) - 1
        conditions = [s["Condition"]["StringEquals"] for s in instances if "Condition" in s]
        assert conditions == [
            {f"ssm:resourceTag/{key}": values for key, values in fleet["tags"].items()}
            for fleet in record["fleets"].values()
            if fleet["tags"]
        ]
        open_to_all = [s for s in instances if "Condition" not in s and s["Resource"][0].endswith("/*")]
        assert bool(open_to_all) is any(fleet["resource_group"] for fleet in record["fleets"].values())


def test_arns_are_of_one_partition(planned: list[Call]) -> None:
    """No ARN in a policy names another partition than the call's."""
    for call in planned:
        arns = [r for kind in BOTH for s in call.statements(kind) for r in s["Resource"] if r != "*"]

        assert arns
        assert {arn.split(":")[1] for arn in arns} == {call.deployment["partition"]}


def test_policies_fit_their_role(planned: list[Call]) -> None:
    """The inline policies of a role together are within IAM's 10,240 characters."""
    for call in planned:
        for kind in BOTH:
            size = sum(len(json.dumps(policy, separators=(",", ":"))) for policy in call.policies(kind).values())

            assert size <= 10240
