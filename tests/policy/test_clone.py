"""The role of the clone of AWS's runbook has what that document's own steps need."""

import json

import pytest

from albpatch.iam.calls import Place, actions_of_step, needs
from albpatch.iam.conditions import Context
from albpatch.iam.evaluate import Request, decide
from local_account import EXAMPLES, LocalAccount

EXECUTION = "00000000-0000-4000-8000-000000000000"
CALLS = {
    "aws:createStack": [("cloudformation", "CreateStack"), ("cloudformation", "DescribeStacks")],
    "aws:deleteStack": [("cloudformation", "DeleteStack"), ("cloudformation", "DescribeStacks")],
    "aws:invokeLambdaFunction": [("lambda", "Invoke")],
    "aws:runCommand": [("ssm", "SendCommand"), ("ssm", "ListCommands"), ("ssm", "ListCommandInvocations")],
}


@pytest.fixture(scope="module")
def planned():
    """Type -> planned values of the clone's resources."""
    account = LocalAccount()
    try:
        account.add_aws_owned_document()
        with account.terraform(EXAMPLES / "aws-owned-clone") as terraform:
            terraform.init()
            terraform.plan()
            changes = terraform.show_plan()["resource_changes"]
        place = Place("aws", account.region.name, account.region.account_id)
    finally:
        account.close()
    return place, [(change["type"], change["change"]["after"]) for change in changes]


@pytest.fixture(scope="module")
def policies(planned):
    return [v["policy"] for kind, v in planned[1] if kind == "aws_iam_role_policy" and "-runbook-" in v["role"]]


@pytest.fixture(scope="module")
def calls(planned):
    """(step, service, operation, parameters) of every call that a step of the cloned document makes by itself."""
    (content,) = [values["content"] for kind, values in planned[1] if kind == "aws_ssm_document"]
    text = content.replace("{{automation:EXECUTION_ID}}", EXECUTION).replace("{{ InstanceId }}", "i-0123456789abcdef0")
    found = []
    for step in json.loads(text)["mainSteps"]:
        inputs = {name: value for name, value in step["inputs"].items() if name != "ServiceRoleArn"}
        named = [(inputs["Service"], inputs["Api"])] if "Api" in inputs else CALLS.get(step["action"], [])
        found += [(step["name"], *call, inputs) for call in named]
    return found


def test_every_call_is_allowed(planned, policies, calls):
    """What the steps call on the names that they use is allowed; a notification role is not set and not passed."""
    refused = []
    for step, service, operation, params in calls:
        for need in needs(service, operation, params, planned[0]):
            context = Context(dict(need.context), tags={"ssm:resourceTag": lambda: {"ALB": "alb01"}})
            if not decide(Request(need.action, need.resource, context), policies).allowed:
                refused.append((step, need.action, need.resource))

    assert len(calls) > 8
    assert refused == []


def test_the_table_knows_the_steps_of_the_clone():
    """The actions of these steps are those of the table of calls."""
    for action, calls in CALLS.items():
        assert actions_of_step(action) == sorted(
            {f"{s}:{o}".replace("lambda:Invoke", "lambda:InvokeFunction") for s, o in calls}
        )


def test_the_clone_moves_no_targets_itself(policies):
    """The clone's role has no right on target groups: the function that its stack builds has."""
    granted = {action for text in policies for s in json.loads(text)["Statement"] for action in s["Action"]}

    assert not [action for action in granted if action.startswith("elasticloadbalancing:")]


def test_the_clone_builds_nothing_of_another_name(planned, policies):
    """The role builds the stack that the document names, and no other."""
    for operation in ("CreateStack", "DeleteStack"):
        (need,) = needs("cloudformation", operation, {"StackName": "production"}, planned[0])

        assert not decide(Request(need.action, need.resource), policies).allowed


def test_the_clone_builds_from_no_other_template(planned, policies, calls):
    """The stack is built from the template that the cloned document names; from another, or from a text, it is not."""
    ((_, _, _, named),) = [call for call in calls if call[2] == "CreateStack"]

    def builds(**template):
        request = {"StackName": named["StackName"], **template}
        (need,) = needs("cloudformation", "CreateStack", request, planned[0])
        return decide(Request(need.action, need.resource, Context(dict(need.context))), policies).allowed

    assert builds(TemplateURL=named["TemplateURL"])
    assert not builds(TemplateURL="https://s3.amazonaws.com/elsewhere/template.yaml")
    assert not builds(TemplateBody="{}")


def test_what_is_granted_in_iam_is_about_the_resource_it_names(policies):
    """Rights on policies name policies and rights on roles name roles: on the other kind they would have no effect."""
    statements = [s for text in policies for s in json.loads(text)["Statement"]]
    kinds = {
        (action, resource.rpartition(":")[2].partition("/")[0])
        for statement in statements
        for action in statement["Action"]
        for resource in statement["Resource"]
        if action.startswith("iam:")
    }

    assert {action for action, kind in kinds if kind == "policy"} == {"iam:CreatePolicy", "iam:DeletePolicy"}
    assert {action for action, kind in kinds if kind == "role"} >= {"iam:CreateRole", "iam:DeleteRole", "iam:PassRole"}
    assert len(kinds) == len({action for action, _ in kinds})


def test_what_builds_things_is_limited_to_the_names_of_the_document(policies):
    """No right on CloudFormation, Lambda or IAM reaches a stack, function, role or policy of another name."""
    statements = [s for text in policies for s in json.loads(text)["Statement"]]
    building = [
        s for s in statements if any(a.split(":")[0] in ("cloudformation", "lambda", "iam") for a in s["Action"])
    ]
    resources = [resource for statement in building for resource in statement["Resource"]]

    assert len(building) >= 3
    assert [r for r in resources if not r.rpartition(":")[2].split("/", 1)[-1].startswith("lb-instance-change-")] == []
