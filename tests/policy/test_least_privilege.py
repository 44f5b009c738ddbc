"""The roles can do what the steps do, on the resources named, and nothing else."""

import ast
import json
import re

import boto3
import pytest

from albpatch.iam.calls import Place, actions, actions_of_step, needs
from albpatch.iam.conditions import Context
from albpatch.iam.evaluate import Request, decide

PLACE = Place("aws", "us-east-1", "123456789012")
INSTANCE = "i-0123456789abcdef0"
SESSION = boto3.Session(region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
NOT_CALLS = {"get_paginator", "get_waiter"}


def calls_of(script):
    """(service, operation) of every call that a script can make, its paginators included."""
    tree = ast.parse(script)
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    services = {node.args[0].value for node in nodes if node.func.attr == "client"}
    named = {node.func.attr for node in nodes} | {node.args[0].value for node in nodes if node.func.attr in NOT_CALLS}
    for service in services:
        methods = SESSION.client(service).meta.method_to_api_mapping
        yield from ((service, methods[name]) for name in named & set(methods))


def calls_of_document(document):
    """Every call that the scripts in a document can make."""
    scripts = [step["inputs"]["Script"] for step in document["mainSteps"] if step["action"] == "aws:executeScript"]
    return {call for script in scripts for call in calls_of(script)}


def native_calls(document):
    """The calls of the steps that make one by themselves."""
    steps = [step["inputs"] for step in document["mainSteps"] if step["action"] == "aws:executeAwsApi"]
    return {(inputs["Service"], inputs["Api"]) for inputs in steps}


def parts_of_transactions(document):
    """The IAM actions of what the transactions in a document's scripts consist of."""
    found = set()
    for step in document["mainSteps"]:
        script = step["inputs"].get("Script", "")
        if "transact_write_items" in script:
            found |= set(re.findall(r'\{"(ConditionCheck|Delete|Put|Update)": ', script))
    return {f"dynamodb:{part}Item" for part in found}


def granted(texts):
    """The actions that policies allow, as they are written."""
    return {action for text in texts for s in json.loads(text)["Statement"] for action in s["Action"]}


def allowed(texts, service, operation, params, tags=None):
    """Tell whether a role with these policies may make this call on instances with these tags."""
    return all(
        decide(
            Request(
                need.action,
                need.resource,
                Context(dict(need.context), tags={"ssm:resourceTag": lambda: tags or {"ALB": "alb01"}}),
            ),
            texts,
        ).allowed
        for need in needs(service, operation, params, PLACE)
    )


def test_the_automation_role_has_what_the_steps_call_and_no_more(document, assess_document, automation_role):
    """The actions of the role's policies are those of the calls of both its runbooks, in both directions."""
    called = set()
    for one in (document, assess_document):
        called |= {action for call in calls_of_document(one) for action in actions(*call)}
        called |= {action for step in one["mainSteps"] for action in actions_of_step(step["action"])}
        called |= {action for call in native_calls(one) for action in actions(*call)}
        called |= parts_of_transactions(one)

    # To the assess runbook it is handed over itself, to the restore runbook that one's role.
    assert granted(automation_role) == {*called, "iam:PassRole"}


def test_the_restore_role_has_what_its_steps_call_and_no_more(restore_document, restore_role):
    """It registers and reads; it sends no command and deregisters nothing."""
    called = {action for call in calls_of_document(restore_document) for action in actions(*call)}
    called |= parts_of_transactions(restore_document)

    # The sweep starts it anew for each record, with the same role.
    assert granted(restore_role) == {*called, "iam:PassRole"}
    assert {"ssm:SendCommand", "elasticloadbalancing:DeregisterTargets"}.isdisjoint(called)


def test_the_news_role_has_what_its_steps_call_and_no_more(news_document, news_role):
    """It reads, notes what was told, and publishes to the one topic; it starts and moves nothing."""
    called = {action for call in calls_of_document(news_document) for action in actions(*call)}
    topics = [f"arn:aws:sns:us-east-1:123456789012:{name}" for name in ("patching", "other")]
    tells = [allowed(news_role, "sns", "Publish", {"TopicArn": topic, "Message": "x"}) for topic in topics]

    assert granted(news_role) == called
    assert tells == [True, False]
    assert not allowed(news_role, "dynamodb", "UpdateItem", {"TableName": "other", "Key": {}})


def test_the_news_are_started_by_their_own_role(notify_role):
    """What these rules may start is the news runbook with its role, and no runbook that moves a machine."""
    context = Context({"iam:PassedToService": ["ssm.amazonaws.com"]})
    started = ("web-alb-news", "web-alb-restore", "web-alb-patching")
    passed = [f"arn:aws:iam::123456789012:role/patching/web-{role}-us-east-1" for role in ("news", "restore")]
    starts = [allowed(notify_role, "ssm", "StartAutomationExecution", {"DocumentName": name}) for name in started]

    assert granted(notify_role) == {"ssm:StartAutomationExecution", "iam:PassRole"}
    assert starts == [True, False, False]
    assert [decide(Request("iam:PassRole", arn, context), notify_role).allowed for arn in passed] == [True, False]


def test_the_assess_runbook_changes_nothing(assess_document):
    """What its scripts and steps call writes nothing; its only command is the scan."""
    called = {action for call in calls_of_document(assess_document) for action in actions(*call)}
    called |= {action for call in native_calls(assess_document) for action in actions(*call)}
    commands = [step for step in assess_document["mainSteps"] if step["action"] == "aws:runCommand"]

    reads = re.compile(r"[a-z0-9]+:(Batch)?(Describe|Get|List|Query|Scan)")

    assert not [action for action in called if not reads.match(action)]
    asked = [step["inputs"]["Parameters"] for step in commands]
    assert [given.get("Operation", given.get("Mode")) for given in asked] == [["Scan"], ["probe"]]
    assert not parts_of_transactions(assess_document)


STARTS = [("web-alb-assess", True), ("web-alb-restore", True), ("web-alb-patching", False), ("AWS-StopEC2", False)]


@pytest.mark.parametrize(("name", "expected"), STARTS)
def test_an_execution_starts_its_children_only(automation_role, name, expected):
    """The automation role starts the assess and the restore runbook, hands over their roles, and no more."""
    context = Context({"iam:PassedToService": ["ssm.amazonaws.com"]})
    roles = [
        f"arn:aws:iam::123456789012:role/patching/web-{role}-us-east-1" for role in ("restore", "runbook", "window")
    ]
    passed = [decide(Request("iam:PassRole", arn, context), automation_role).allowed for arn in roles]

    assert allowed(automation_role, "ssm", "StartAutomationExecution", {"DocumentName": name}) is expected
    assert passed == [True, True, False]


def test_the_events_role_starts_the_restore_runbook_and_no_more(events_role):
    """What an event rule may start is the restore runbook with its role; it follows nothing and touches nothing."""
    context = Context({"iam:PassedToService": ["ssm.amazonaws.com"]})
    started = ("web-alb-restore", "web-alb-patching", "AWS-StopEC2Instance")
    passed = [f"arn:aws:iam::123456789012:role/patching/web-{role}-us-east-1" for role in ("restore", "runbook")]
    starts = [allowed(events_role, "ssm", "StartAutomationExecution", {"DocumentName": name}) for name in started]

    assert granted(events_role) == {"ssm:StartAutomationExecution", "iam:PassRole"}
    assert starts == [True, False, False]
    assert [decide(Request("iam:PassRole", arn, context), events_role).allowed for arn in passed] == [True, False]


def test_the_window_role_starts_follows_and_hands_over(window_role):
    """The window's role starts executions, follows them, hands over the runbooks' roles, and does nothing else."""
    assert granted(window_role) == {*actions_of_step("aws:executeAutomation"), "iam:PassRole"}


def test_no_action_has_a_wildcard(automation_role, window_role):
    """No policy allows actions that it does not name."""
    assert not [action for action in granted(automation_role + window_role) if re.search(r"[*?]", action)]


def test_everything_is_granted_on_what_is_named(automation_role):
    """Only actions that support no resource are allowed on *."""
    everywhere = {
        action
        for text in automation_role
        for statement in json.loads(text)["Statement"]
        if statement["Resource"] == ["*"]
        for action in statement["Action"]
    }

    assert {action for action in everywhere if not re.search(r":(Describe|List|GetMaintenance)", action)} == set()
    assert "ssm:DescribeInstancePatchStates" not in everywhere


def test_targets_move_in_their_own_groups_only(automation_role, restore_role, target_group):
    """One role takes out of the fleet's groups, the other puts back into them, and neither can do both."""
    roles = {"DeregisterTargets": automation_role, "RegisterTargets": restore_role}
    for operation, role in roles.items():
        [other] = [one for name, one in roles.items() if name != operation]

        assert allowed(role, "elbv2", operation, {"TargetGroupArn": target_group})
        assert not allowed(role, "elbv2", operation, {"TargetGroupArn": target_group[:-1]})
        assert not allowed(other, "elbv2", operation, {"TargetGroupArn": target_group})


@pytest.mark.parametrize(
    ("document_name", "tags", "expected"),
    [
        ("AWS-RunPatchBaseline", {"ALB": "alb01"}, True),
        ("AWS-RunPatchBaseline", {"ALB": "alb02"}, False),
        ("AWS-RunPatchBaseline", {"Name": "web"}, False),
        ("AWS-RunShellScript", {"ALB": "alb01"}, False),
        ("web-alb-patching", {"ALB": "alb01"}, False),
    ],
)
def test_one_document_is_sent_to_one_fleet(automation_role, document_name, tags, expected):
    """The role sends AWS-RunPatchBaseline to instances with the fleet's tag, and nothing else to anybody."""
    params = {"DocumentName": document_name, "InstanceIds": [INSTANCE]}

    assert allowed(automation_role, "ssm", "SendCommand", params, tags) is expected


@pytest.mark.parametrize(("source", "expected"), [("alb-patching", True), ("aws.ec2", False)])
def test_events_carry_one_source(automation_role, source, expected):
    """The role puts events of this project only."""
    entry = {"Source": source, "DetailType": "x", "Detail": "{}"}

    assert allowed(automation_role, "events", "PutEvents", {"Entries": [entry]}) is expected


@pytest.mark.parametrize(("table", "expected"), [("web-alb-patching", True), ("other", False)])
def test_leases_are_kept_in_one_table(automation_role, table, expected):
    """The role reads and writes the lease table and no other, and deletes nothing: the way back closes a record."""
    write = {"TableName": table, "Key": {"Id": {"S": "x"}}}
    items = [{kind: write} for kind in ("ConditionCheck", "Put", "Update")]
    gone = [{"Delete": write}]

    assert allowed(automation_role, "dynamodb", "TransactWriteItems", {"TransactItems": items}) is expected
    assert allowed(automation_role, "dynamodb", "GetItem", write) is expected
    assert not allowed(automation_role, "dynamodb", "TransactWriteItems", {"TransactItems": gone})
    assert len(needs("dynamodb", "TransactWriteItems", {"TransactItems": [*items, *gone]}, PLACE)) == 4


def test_the_window_starts_one_document(window_role):
    """The window starts its own runbook and no other."""
    assert allowed(window_role, "ssm", "StartAutomationExecution", {"DocumentName": "web-alb-patching"})
    assert not allowed(window_role, "ssm", "StartAutomationExecution", {"DocumentName": "AWS-StopEC2Instance"})


@pytest.mark.parametrize(
    ("role", "service", "expected"),
    [
        ("patching/web-runbook-us-east-1", "ssm.amazonaws.com", True),
        ("patching/web-runbook-us-east-1", "lambda.amazonaws.com", False),
        ("patching/web-window-us-east-1", "ssm.amazonaws.com", False),
        ("administrator", "ssm.amazonaws.com", False),
    ],
)
def test_the_window_hands_over_one_role(window_role, role, service, expected):
    """The window hands the automation role to Systems Manager, and nothing else to anybody."""
    context = Context({"iam:PassedToService": [service]})
    request = Request("iam:PassRole", f"arn:aws:iam::123456789012:role/{role}", context)

    assert decide(request, window_role).allowed is expected


def test_calls_of_a_script_are_found():
    """Calls of clients and of paginators are both seen."""
    script = (
        "import boto3\n"
        "def handler(event, _):\n"
        "    elb = boto3.client('elbv2')\n"
        "    elb.register_targets(TargetGroupArn='x', Targets=[])\n"
        "    return list(elb.get_paginator('describe_target_groups').paginate())\n"
    )

    assert set(calls_of(script)) == {("elbv2", "RegisterTargets"), ("elbv2", "DescribeTargetGroups")}


@pytest.mark.parametrize(("name", "expected"), [("holidays", True), ("web-alb-patching", False)])
def test_one_calendar_is_asked(automation_role, name, expected):
    """The role reads the state of the calendars that are named and of no other."""
    assert allowed(automation_role, "ssm", "GetCalendarState", {"CalendarNames": [name]}) is expected


@pytest.mark.parametrize(("namespace", "expected"), [("ALBPatching", True), ("AWS/EC2", False)])
def test_metrics_have_one_namespace(restore_role, namespace, expected):
    """The sweep measures under its own namespace and writes into nobody else's."""
    assert allowed(restore_role, "cloudwatch", "PutMetricData", {"Namespace": namespace, "MetricData": []}) is expected


@pytest.mark.parametrize(("name", "expected"), [("patching", True), ("patching-", False), ("other", False)])
def test_one_topic_is_told(automation_role, name, expected):
    """The role publishes to the topic that is named and to no other."""
    message = {"TopicArn": f"arn:aws:sns:us-east-1:123456789012:{name}", "Message": "x"}

    assert allowed(automation_role, "sns", "Publish", message) is expected


def test_the_alarms_of_the_recovery_tell_the_same_topic(planned):
    """What the rules could not start is told where failures are told."""
    actions_of = [
        values["alarm_actions"] for (kind, _), values in planned.items() if kind == "aws_cloudwatch_metric_alarm"
    ]

    assert actions_of
    assert {tuple(actions) for actions in actions_of} == {("arn:aws:sns:us-east-1:123456789012:patching",)}
