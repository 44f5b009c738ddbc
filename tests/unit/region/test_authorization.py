"""IAM in force in the region: roles from the control plane, calls through real clients."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from albpatch.iam.policy import NotEvaluable
from albpatch.region.authorization import Authorization, install
from albpatch.region.clock import VirtualClock
from albpatch.region.control_plane import attach
from albpatch.region.core import Region
from albpatch.region.operations import OPERATIONS, AwsError, NotKnownHere
from albpatch.region.transport.in_process import client

ACCOUNT = "123456789012"
GROUP = f"arn:aws:elasticloadbalancing:us-east-1:{ACCOUNT}:targetgroup/web/0123456789abcdef"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/patcher"
RUNBOOK = {
    "schemaVersion": "0.3",
    "assumeRole": "{{ Role }}",
    "parameters": {"Role": {"type": "String", "default": ROLE}},
    "mainSteps": [{"name": "Wait", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}}],
}


@pytest.fixture(scope="module")
def shared():
    made = Region(VirtualClock())
    attach(made)
    yield made
    made.close()


@pytest.fixture
def region(shared, monkeypatch):
    """A region with IAM in force, an empty set of roles, and operations that answer anything."""
    for key in [("elbv2", "DeregisterTargets"), ("ssm", "SendCommand"), ("ssm", "StartAutomationExecution")]:
        monkeypatch.setitem(OPERATIONS, key, lambda *_: {})
    install(shared)
    yield shared
    shared.authorizer = None
    for role in shared.backend("iam", "ListRoles", {})["Roles"]:
        name = role["RoleName"]
        for policy in shared.backend("iam", "ListRolePolicies", {"RoleName": name})["PolicyNames"]:
            shared.backend("iam", "DeleteRolePolicy", {"RoleName": name, "PolicyName": policy})
        for policy in shared.backend("iam", "ListAttachedRolePolicies", {"RoleName": name})["AttachedPolicies"]:
            shared.backend("iam", "DetachRolePolicy", {"RoleName": name, "PolicyArn": policy["PolicyArn"]})
        shared.backend("iam", "DeleteRole", {"RoleName": name})


def trust(**condition):
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ssm.amazonaws.com"}}
    return json.dumps({"Statement": [statement | ({"Condition": condition} if condition else {})]})


def make_role(region, *statements, name="patcher", trust_policy=None, **more):
    region.backend("iam", "CreateRole", {"RoleName": name, "AssumeRolePolicyDocument": trust_policy or trust(), **more})
    if statements:
        put_policy(region, *statements, name=name)
    return region.assumed_role(name, "s")


def put_policy(region, *statements, name="patcher"):
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    region.backend("iam", "PutRolePolicy", {"RoleName": name, "PolicyName": "p", "PolicyDocument": document})


def allow(action, resource="*", **members):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **members}


def deregister(region, caller):
    client(region, caller, "elbv2").deregister_targets(TargetGroupArn=GROUP, Targets=[{"Id": "i-0123456789abcdef0"}])


def test_the_default_automation_role_cannot_move_targets(region):
    """AmazonSSMAutomationRole, which AWS offers for runbooks, is refused DeregisterTargets."""
    caller = make_role(region, name="default-automation")
    region.backend(
        "iam",
        "AttachRolePolicy",
        {
            "RoleName": "default-automation",
            "PolicyArn": "arn:aws:iam::aws:policy/service-role/AmazonSSMAutomationRole",
        },
    )

    with pytest.raises(ClientError) as refused:
        deregister(region, caller)
    assert refused.value.response["Error"] == {
        "Code": "AccessDenied",
        "Message": f"User: {caller.arn} is not authorized to perform: elasticloadbalancing:DeregisterTargets on "
        f"resource: {GROUP} because no identity-based policy allows the elasticloadbalancing:DeregisterTargets action",
    }
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_an_inline_policy_allows(region):
    """A role with the action on the target group may call it, and on no other group."""
    caller = make_role(region, allow("elasticloadbalancing:DeregisterTargets", GROUP))

    deregister(region, caller)
    with pytest.raises(ClientError, match="AccessDenied"):
        client(region, caller, "elbv2").deregister_targets(TargetGroupArn=GROUP + "x", Targets=[{"Id": "i-1"}])


def test_a_changed_policy_counts_at_once(region):
    """Policies are read anew for each call."""
    caller = make_role(region, allow("elasticloadbalancing:*"))
    deregister(region, caller)

    put_policy(region, allow("ssm:*"))

    with pytest.raises(ClientError, match="AccessDenied"):
        deregister(region, caller)


def test_a_boundary_bounds(region):
    """A role does not get beyond its permissions boundary."""
    boundary = region.backend(
        "iam",
        "CreatePolicy",
        {
            "PolicyName": "boundary",
            "PolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": [allow("ssm:*")]}),
        },
    )["Policy"]["Arn"]
    caller = make_role(region, allow("*"), PermissionsBoundary=boundary)

    with pytest.raises(ClientError, match="because no permissions boundary allows"):
        deregister(region, caller)


def test_a_tag_condition_looks_at_the_instance(region):
    """SendCommand under ssm:resourceTag is allowed on the tagged instance only."""
    image = region.backend("ec2", "DescribeImages", {})["Images"][0]["ImageId"]
    launch = {"ImageId": image, "MinCount": 2, "MaxCount": 2}
    ours, other = (i["InstanceId"] for i in region.backend("ec2", "RunInstances", launch)["Instances"])
    region.backend("ec2", "CreateTags", {"Resources": [ours], "Tags": [{"Key": "ALB", "Value": "alb01"}]})
    caller = make_role(
        region,
        allow("ssm:SendCommand", "arn:aws:ssm:us-east-1::document/AWS-RunPatchBaseline"),
        allow(
            "ssm:SendCommand",
            f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/*",
            Condition={"StringEquals": {"ssm:resourceTag/ALB": ["alb01"]}},
        ),
    )
    ssm = client(region, caller, "ssm")

    ssm.send_command(DocumentName="AWS-RunPatchBaseline", InstanceIds=[ours])
    for document, instance in [("AWS-RunPatchBaseline", other), ("AWS-RunShellScript", ours)]:
        with pytest.raises(ClientError, match="AccessDeniedException"):
            ssm.send_command(DocumentName=document, InstanceIds=[instance])


def start(region, caller, **parameters):
    client(region, caller, "ssm").start_automation_execution(
        DocumentName="runbook", Parameters={name: [value] for name, value in parameters.items()}
    )


@pytest.fixture
def runbook(region):
    region.backend(
        "ssm",
        "CreateDocument",
        {"Name": "runbook", "Content": json.dumps(RUNBOOK), "DocumentType": "Automation", "DocumentFormat": "JSON"},
    )
    yield
    region.backend("ssm", "DeleteDocument", {"Name": "runbook"})


@pytest.mark.usefixtures("runbook")
def test_a_start_hands_the_role_over(region):
    """Whoever starts a runbook must be allowed to pass the role that it assumes, whether default or given."""
    starts = [
        allow("ssm:StartAutomationExecution", f"arn:aws:ssm:us-east-1:{ACCOUNT}:document/runbook"),
        allow("ssm:StartAutomationExecution", f"arn:aws:ssm:us-east-1:{ACCOUNT}:automation-execution/*"),
    ]
    passes = allow("iam:PassRole", ROLE, Condition={"StringEquals": {"iam:PassedToService": "ssm.amazonaws.com"}})
    caller = make_role(region, *starts, name="window")

    with pytest.raises(ClientError, match=f"iam:PassRole on resource: {ROLE} because"):
        start(region, caller)

    put_policy(region, *starts, passes, name="window")
    start(region, caller)
    with pytest.raises(ClientError, match="iam:PassRole on resource: arn:aws:iam::123456789012:role/admin"):
        start(region, caller, Role=f"arn:aws:iam::{ACCOUNT}:role/admin")


@pytest.mark.usefixtures("runbook")
@pytest.mark.parametrize("missing", ["document/runbook", "automation-execution/*"])
def test_a_start_needs_document_and_execution(region, missing):
    """A role that has only the one or the other cannot start a runbook."""
    resources = [f"arn:aws:ssm:us-east-1:{ACCOUNT}:{kind}" for kind in ("document/runbook", "automation-execution/*")]
    held = [resource for resource in resources if not resource.endswith(missing)]
    caller = make_role(region, allow("ssm:StartAutomationExecution", held), allow("iam:PassRole", ROLE), name="window")

    with pytest.raises(ClientError, match=r"AccessDeniedException.*ssm:StartAutomationExecution"):
        start(region, caller)


def test_nothing_is_refused_to_the_administrator(region):
    """The administrator has no role and no limits."""
    deregister(region, region.administrator)


def test_a_deleted_role_has_no_token(region):
    """A session of a role that is gone is refused."""
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        deregister(region, region.assumed_role("gone", "s"))


def test_an_operation_without_a_row_is_not_known(region, monkeypatch):
    """A role's call of which nobody wrote down what it needs is an error, not a pass."""
    monkeypatch.setitem(OPERATIONS, ("ssm", "CreateDocument"), lambda *_: {})
    caller = make_role(region, allow("*"))

    with pytest.raises(NotKnownHere, match="permissions of ssm:CreateDocument"):
        region.call(caller, "ssm", "CreateDocument", {})


def test_a_policy_that_cannot_be_evaluated_is_an_error(region):
    """A policy with an unknown operator is neither a yes nor a no."""
    condition = {"BinaryEquals": {"a:key": "QQ=="}}
    caller = make_role(region, allow("elasticloadbalancing:*", Condition=condition))

    with pytest.raises(NotEvaluable, match="BinaryEquals"):
        region.call(caller, "elbv2", "DeregisterTargets", {"TargetGroupArn": GROUP, "Targets": []})


def test_the_time_of_the_region_and_the_tags_of_the_role_count(region):
    """A condition on the time is met by the region's clock, a policy variable by the role's own tags."""
    now = datetime.fromtimestamp(region.clock.time(), UTC)
    until, before = now + timedelta(hours=1), now - timedelta(hours=1)
    tagged = GROUP.replace("/web/", "/${aws:PrincipalTag/group}/")
    assert tagged != GROUP

    for moment, group, allowed in ((until, "web", True), (before, "web", False), (until, "api", False)):
        window = {"DateLessThan": {"aws:CurrentTime": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}}
        tags = [{"Key": "group", "Value": group}]
        statement = allow("elasticloadbalancing:*", tagged, Condition=window)
        caller = make_role(region, statement, name=f"{group}-{moment:%H}", Tags=tags)
        if allowed:
            deregister(region, caller)
        else:
            with pytest.raises(ClientError, match="AccessDenied"):
                deregister(region, caller)


SOURCE_ARN = f"arn:aws:ssm:us-east-1:{ACCOUNT}:automation-execution/0a"
CONFUSED_DEPUTY = {
    "StringEquals": {"aws:SourceAccount": ACCOUNT},
    "ArnLike": {"aws:SourceArn": f"arn:aws:ssm:us-east-1:{ACCOUNT}:automation-execution/*"},
}


@pytest.mark.parametrize(
    ("condition", "context", "assumed"),
    [
        ({}, None, True),
        (CONFUSED_DEPUTY, {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": SOURCE_ARN}, True),
        (CONFUSED_DEPUTY, {"aws:SourceAccount": "210987654321", "aws:SourceArn": SOURCE_ARN}, False),
        (CONFUSED_DEPUTY, None, False),
    ],
)
def test_assuming_a_role(region, condition, context, assumed):
    """A service becomes the role's session when the trust policy says so, and gets AWS's refusal when not."""
    make_role(region, trust_policy=trust(**condition))
    authorization = region.part(Authorization)

    if assumed:
        caller = authorization.assume(ROLE, "ssm.amazonaws.com", context, session="Automation-0a")
        assert caller.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/patcher/Automation-0a"
        assert caller.role_name == "patcher"
    else:
        with pytest.raises(AwsError, match="unable to be assumed"):
            authorization.assume(ROLE, "ssm.amazonaws.com", context)


@pytest.mark.parametrize("arn", [ROLE + "x", f"arn:aws:iam::{ACCOUNT}:role/team/patcher"])
def test_a_role_that_is_not_there_is_not_assumed(region, arn):
    """Name and path must both be right."""
    make_role(region)

    with pytest.raises(AwsError, match="unable to be assumed"):
        region.part(Authorization).assume(arn, "ssm.amazonaws.com")
