"""What the roles of a call may do, judged by action, resource and condition against what the steps need."""

import json

import pytest

from albpatch.document.read import load
from albpatch.plan.facts import of_call
from albpatch.plan.model import calls
from albpatch.plan.needs import Facts, needs_of
from albpatch.plan.read import parse
from albpatch.plan.review import review
from unit.plan.bent import (
    NOW,
    RESTORE_POLICY,
    RESTORE_ROLE,
    STEPS_POLICY,
    WINDOW_POLICY,
    made,
    with_fleets,
)
from unit.plan.bent import found as found_ids
from unit.plan.plans import (
    ACCOUNT,
    MACHINES,
    REGION,
    RESTORE,
    RUNBOOK,
    SEND,
    SSM,
    STEPS,
    arn,
    fleet,
    plan,
    policy,
    statement,
)

TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/web-leases"
DOCUMENT = SEND["Resource"][0]
REGISTERS = statement(["elasticloadbalancing:RegisterTargets"], [arn()])
READS = statement(["dynamodb:GetItem"], [TABLE])
DENIED = "with an explicit deny in an identity-based policy"
PERMISSIONS = ("permission-missing", "permission-unneeded", "permission-not-known")
ON_TAG = "ssm:SendCommand on an instance with tag Fleet = web"


def send(**condition):
    """The statements for the command: the document, and the instances under a condition."""
    more = {"Condition": condition} if condition else {}
    return statement(["ssm:SendCommand"], [DOCUMENT]), statement(["ssm:SendCommand"], [MACHINES], **more)


def told(after, *ids):
    """The sentences of these findings about permissions."""
    found = review(parse(plan(after)), None, NOW).findings
    return [
        f.what for f in found if f.id in (ids or ("permission-missing", "permission-unneeded", "permission-not-known"))
    ]


def steps(*statements):
    """A call whose automation role has these statements."""
    return made().put(STEPS_POLICY, "policy", value=policy(*statements))


def restores(*statements):
    """A call whose restore role has these statements."""
    return made().put(RESTORE_POLICY, "policy", value=policy(*statements))


JUDGED = [
    (steps(*STEPS), []),
    (steps(*STEPS[:2], *send()), []),
    (steps(*STEPS[:2], *send(StringEquals={"ssm:resourceTag/Fleet": ["web", "api"]})), []),
    (steps(*STEPS[:2], *send(StringLike={"aws:ResourceTag/fleet": "w*"})), []),
    (steps(*STEPS[:2], *send(StringEquals={"ssm:resourceTag/Fleet": "api"})), [f"{ON_TAG} is not allowed."]),
    (steps(*STEPS[:2], send()[1]), [f"ssm:SendCommand on {DOCUMENT} is not allowed."]),
    (steps(*STEPS[:2], send()[0]), [f"{ON_TAG} is not allowed."]),
    (
        steps(*STEPS, statement(["ssm:SendCommand"], ["*"], Effect="Deny")),
        [
            f"ssm:SendCommand on {DOCUMENT} is not allowed, {DENIED}.",
            f"{ON_TAG} is not allowed, {DENIED}.",
        ],
    ),
    (
        steps(*STEPS[:2], *send(StringEquals={"aws:SourceIp": "10.0.0.1"})),
        [f"Whether {ON_TAG} is allowed: cannot evaluate: condition key aws:SourceIp."],
    ),
    (
        steps(*STEPS[:2], *send(DateLessThan={"aws:CurrentTime": "2027-01-01T00:00:00Z"})),
        [f"Whether {ON_TAG} is allowed: cannot evaluate: condition key aws:CurrentTime."],
    ),
    (steps(*STEPS[:2], *send(Bool={"aws:SecureTransport": "true"})), []),
    (steps(*STEPS[:2], *send(StringEquals={"aws:RequestedRegion": REGION})), []),
    (steps(*STEPS[:2], *send(StringEquals={"aws:RequestedRegion": "us-east-1"})), [f"{ON_TAG} is not allowed."]),
    (
        steps(statement(STEPS[0]["Action"], [arn()]), *STEPS[1:]),
        [f"{action} is not allowed." for action in sorted(STEPS[0]["Action"])]
        + [f"{action} is allowed on {arn()}, and no step does it there." for action in sorted(STEPS[0]["Action"])],
    ),
    (
        steps(*STEPS, statement(["elasticloadbalancing:RegisterTargets"], [arn("other")])),
        [f"elasticloadbalancing:RegisterTargets is allowed on {arn('other')}, and no step does it there."],
    ),
    (steps(*STEPS, statement(["ec2:DescribeVpcs"], ["*"])), ["ec2:DescribeVpcs is allowed, and no step does it."]),
    (restores(REGISTERS, READS), []),
    (restores(REGISTERS), [f"dynamodb:GetItem on {TABLE} is not allowed."]),
    (
        restores(REGISTERS, statement(["dynamodb:GetItem"], [f"{TABLE}-of-others"])),
        [
            f"dynamodb:GetItem on {TABLE} is not allowed.",
            f"dynamodb:GetItem is allowed on {TABLE}-of-others, and no step does it there.",
        ],
    ),
    (
        restores(REGISTERS, READS, statement(["dynamodb:DeleteItem"], [TABLE])),
        ["dynamodb:DeleteItem is allowed, and no step does it."],
    ),
]


@pytest.mark.parametrize(("after", "expected"), JUDGED, ids=range(len(JUDGED)))
def test_what_a_role_may_do_is_judged_as_iam_does(after, expected):
    """By action, resource and condition; what the evaluator does not know is said, neither allowed nor denied."""
    assert sorted(told(after)) == sorted(expected)


def test_a_key_that_dynamodb_uses_is_needed():
    """A permission that a service uses on behalf of a step is no permission too many, one of another service is."""
    via = [{"StringEquals": {"kms:ViaService": f"{name}.{REGION}.amazonaws.com"}} for name in ("dynamodb", "s3")]
    ours, other = (statement(["kms:Decrypt"], ["arn:aws:kms:x:1:key/k"], Condition=one) for one in via)

    assert told(restores(REGISTERS, READS, ours)) == []
    assert told(restores(REGISTERS, READS, other)) == ["kms:Decrypt is allowed, and no step does it."]


ARN_OF_BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/bound"
BOUNDS = [
    (statement(["*"], ["*"]), []),
    (statement(["elasticloadbalancing:*", "dynamodb:*"], ["*"]), []),
    (
        statement(["dynamodb:*"], ["*"]),
        [
            f"elasticloadbalancing:RegisterTargets on {arn()} is not allowed,"
            " because no permissions boundary allows the elasticloadbalancing:RegisterTargets action."
        ],
    ),
]


@pytest.mark.parametrize(("statement_of_boundary", "expected"), BOUNDS, ids=["all", "enough", "too-little"])
@pytest.mark.parametrize("mode", ["managed", "data"])
def test_a_boundary_takes_away(statement_of_boundary, expected, mode):
    """A permissions boundary that the plan shows counts, whether it is made there or was found by a data source."""
    bounded = made().put(RESTORE_ROLE, "permissions_boundary", value=ARN_OF_BOUNDARY)
    values = {"arn": ARN_OF_BOUNDARY, "policy": policy(statement_of_boundary)}
    if mode == "managed":
        bounded.add("aws_iam_policy.bound", **values)
    else:
        bounded.data = [
            {
                "address": "data.aws_iam_policy.bound",
                "mode": "data",
                "type": "aws_iam_policy",
                "name": "bound",
                "values": values,
            }
        ]

    assert told(bounded) == expected


def test_a_boundary_that_is_not_shown_is_said():
    """What a boundary takes away that the plan does not hold is not known."""
    bounded = made().put(RESTORE_ROLE, "permissions_boundary", value=ARN_OF_BOUNDARY)

    assert found_ids(bounded) == [("not-shown", RESTORE_ROLE)]
    assert ARN_OF_BOUNDARY in told(bounded, "not-shown")[0]


def test_policies_from_outside_of_the_call_count():
    """Somebody may attach more to the role, inline or managed, or take something away, anywhere in the plan."""
    name = "web-restore"
    more = made().add("aws_iam_role_policy.more", role=name, policy=policy(statement(["ec2:StopInstances"], ["*"])))
    deny = policy(statement(["dynamodb:*"], ["*"], Effect="Deny"))
    managed = made().add("aws_iam_policy.less", arn=ARN_OF_BOUNDARY, policy=deny)
    managed.add("aws_iam_role_policy_attachment.less", role=name, policy_arn=ARN_OF_BOUNDARY)
    unknown = made().add("aws_iam_role_policy_attachment.x", role=name, policy_arn="arn:aws:iam::aws:policy/Other")

    assert ("write-on-everything", RESTORE_ROLE) in found_ids(more)
    assert "ec2:StopInstances is allowed, and no step does it." in told(more)
    assert f"dynamodb:GetItem on {TABLE} is not allowed, {DENIED}." in told(managed)
    assert found_ids(unknown) == [("not-shown", RESTORE_ROLE)]


WINDOW = [
    (f"{SSM}:document/other", [f"ssm:StartAutomationExecution on {SSM}:document/web-alb-patching is not allowed."]),
    (f"{SSM}:document/*", []),
]


@pytest.mark.parametrize(("resource", "expected"), WINDOW)
def test_the_window_may_start_its_own_document(resource, expected):
    """Starting is authorised on document and execution, and hands over the runbook's role to Systems Manager only."""
    passes = statement(
        ["iam:PassRole"],
        [f"arn:aws:iam::{ACCOUNT}:role/web-runbook"],
        Condition={"StringEquals": {"iam:PassedToService": "ssm.amazonaws.com"}},
    )
    starts = statement(["ssm:StartAutomationExecution"], [resource, f"{SSM}:automation-execution/*"])
    elsewhere = {**passes, "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}}

    assert told(made().put(WINDOW_POLICY, "policy", value=policy(starts, passes))) == expected
    assert any(
        "PassRole" in what for what in told(made().put(WINDOW_POLICY, "policy", value=policy(starts, elsewhere)))
    )


def test_every_value_of_a_tag_must_be_allowed():
    """A fleet of two tag values needs the command on instances of both; ids are asked for one by one."""
    two = with_fleets(web=fleet(tags={"Fleet": ["web", "api"]}))
    ids = with_fleets(web=fleet(tags={}, instance_ids=["i-0123456789abcdef0", "i-0123456789abcdef1"]))
    one_tag = policy(*STEPS[:2], *send(StringEquals={"ssm:resourceTag/Fleet": "web"}))
    one_id = policy(
        *STEPS[:2], statement(["ssm:SendCommand"], [DOCUMENT, MACHINES.replace("*", "i-0123456789abcdef0")])
    )

    assert told(two.put(STEPS_POLICY, "policy", value=one_tag)) == [
        "ssm:SendCommand on an instance with tag Fleet = api is not allowed."
    ]
    assert told(ids.put(STEPS_POLICY, "policy", value=one_id)) == [
        "ssm:SendCommand on i-0123456789abcdef1 is not allowed."
    ]


STARTS = """\
- name: PutBack
  action: aws:executeAutomation
  onFailure: Abort
  isEnd: true
  inputs: {DocumentName: NAME, RuntimeParameters: {InstanceId: ["{{InstanceId}}"]}}
"""


@pytest.mark.parametrize(("name", "unknown"), [("web-alb-restore", False), ("somebody-elses", True)])
def test_a_child_execution_needs_to_be_started_and_handed_its_role(name, unknown):
    """Whoever starts the restore runbook must be allowed to, on its document, and to pass the role that it assumes."""
    before, _, after = RUNBOOK.partition("- name: PutBack\n")
    text = before + STARTS.replace("NAME", name) + "- name: Tell\n" + after.partition("- name: Tell\n")[2]
    [call] = calls(parse(plan(made(text=text))).after).values()
    needs = needs_of(load(text), of_call(call))
    wanted = {
        one.action: one.resource
        for one in needs.wanted
        if one.step == "PutBack" and "execution" not in str(one.resource)
    }

    assert wanted == {
        "ssm:StartAutomationExecution": f"{SSM}:document/{name}",
        "iam:PassRole": None if unknown else f"arn:aws:iam::{ACCOUNT}:role/web-restore",
    }
    assert bool(needs.unknown) is unknown


SCRIPT = """\
import boto3
def handler(event, _):
    db = boto3.client("dynamodb")
    update = {"TableName": event["Table"], "Key": {}}
    db.transact_write_items(TransactItems=[{"Update": update}, {"Delete": {"TableName": "other"}}])
    boto3.client("events").put_events(Entries=[{"Source": "us", "DetailType": "t", "Detail": "{}"}])
"""


def test_a_transaction_needs_what_it_consists_of():
    """The parts that a script names, on the tables that its text and its input name; events with their source."""
    step = {"name": "S", "action": "aws:executeScript", "inputs": {"Runtime": "python3.11", "Handler": "handler"}}
    step["inputs"] |= {"Script": SCRIPT, "InputPayload": {"Table": "leases"}}
    document = load(json.dumps({"schemaVersion": "0.3", "mainSteps": [step]}))
    [call] = calls(parse(plan(made())).after).values()
    wanted = needs_of(document, of_call(call)).wanted
    tables = {(w.action, str(w.resource).rpartition("/")[2]) for w in wanted if w.action.startswith("dynamodb:")}
    [event] = [w for w in wanted if w.action == "events:PutEvents"]

    assert tables == {(f"dynamodb:{part}Item", name) for part in ("Update", "Delete") for name in ("leases", "other")}
    assert event.resource == f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
    assert dict(event.context) == {"events:source": ("us",), "events:detail-type": ("t",)}


def test_without_facts_any_resource_will_do():
    """What is known of no call is needed on something: the action counts, and no resource is made up."""
    wanted = needs_of(load(RESTORE), Facts()).wanted

    assert {(w.action, w.resource) for w in wanted} == {
        ("dynamodb:GetItem", None),
        ("elasticloadbalancing:RegisterTargets", None),
    }


@pytest.mark.parametrize(
    ("line", "unknown"),
    [
        ('boto3.client("elbv2").describe_target_health(TargetGroupArn="x")', []),
        ('boto3.client("elbv2").describe_ssl_policies()', ["S: elbv2:DescribeSSLPolicies"]),
        ('boto3.client("sqs").send_message(QueueUrl="x")', ["S: sqs:SendMessage"]),
        ('boto3.client("sqs").send_messages(QueueUrl="x")', ["S: a client of sqs has no method 'send_messages'"]),
        ('boto3.client("sqs").get_paginator(event["Name"])', ["S: which operation get_paginator of sqs repeats"]),
        ('boto3.client(event["Service"]).do()', ["S: a client whose service is not written out"]),
    ],
)
def test_a_call_without_a_variable_is_a_call_too(line, unknown):
    """What a client is asked for in the same breath counts; what the table does not have is said."""
    script = f"import boto3\ndef handler(event, _):\n    {line}\n"
    step = {"name": "S", "action": "aws:executeScript", "inputs": {"Runtime": "python3.11", "Script": script}}
    step["inputs"]["Handler"] = "handler"
    needs = needs_of(load(json.dumps({"schemaVersion": "0.3", "mainSteps": [step]})))

    assert [what.partition(" (")[0] for what in needs.unknown] == unknown
