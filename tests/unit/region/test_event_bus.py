"""Events of executions reach rules, rules start runbooks, and what could not be started is not lost in silence."""

import json

import pytest

from albpatch.region.authorization import install
from albpatch.region.automation.service import Automation
from albpatch.region.clock import VirtualClock
from albpatch.region.control_plane import attach
from albpatch.region.core import Region
from albpatch.region.event_bus import EXECUTION_CHANGED, OPENING_CHANGED, EventBus, period
from albpatch.region.faults import CallFault, EventFault
from albpatch.region.operations import NotKnownHere
from albpatch.region.services.windows import Windows

WORK = {"mainSteps": [{"name": "Wait", "action": "aws:sleep", "inputs": {"Duration": "PT1M"}, "isEnd": True}]}
ROLE = "arn:aws:iam::123456789012:role/events"
PREFIX = "arn:aws:ssm:us-east-1:123456789012"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:dead"
RULE = "arn:aws:events:us-east-1:123456789012:rule/over"
PATTERN = {
    "source": ["aws.ssm"],
    "detail": {"Definition": ["work"], "Status": [{"anything-but": ["InProgress", "Cancelling"]}]},
}
TARGET = {
    "Id": "one",
    "Arn": f"{PREFIX}:automation-definition/after:$DEFAULT",
    "RoleArn": ROLE,
    "InputTransformer": {"InputPathsMap": {"id": "$.detail.ExecutionId"}, "InputTemplate": '{"Ended":[<id>]}'},
    "DeadLetterConfig": {"Arn": QUEUE},
}
ALARMS = (
    ("AWS/Events", "FailedInvocations", "RuleName", "over"),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "dead"),
)


def statement(**members):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **members}]})


TRUST = {"Action": "sts:AssumeRole", "Principal": {"Service": "events.amazonaws.com"}}
STARTED = [f"{PREFIX}:document/after", f"{PREFIX}:automation-execution/*"]
START = {"Action": "ssm:StartAutomationExecution", "Resource": STARTED}


@pytest.fixture
def region():
    made = Region(VirtualClock())
    attach(made, managed_policies=False)
    for name, parameter in (("work", "Instance"), ("after", "Ended")):
        parameters = {parameter: {"type": "String", "default": ""}}
        content = json.dumps({"schemaVersion": "0.3", "parameters": parameters, **WORK})
        call(made, "ssm", "CreateDocument", Name=name, Content=content, DocumentType="Automation")
    yield made
    made.close()


def call(region, service, operation, **params):
    return region.call(region.administrator, service, operation, params)


def rule(region, target=TARGET, *, bus=True, **members):
    """A rule with one target and, unless told otherwise, a bus that works. The rule's own members win."""
    made = {"Name": "over", "EventPattern": json.dumps(PATTERN), **members}
    region.backend("events", "PutRule", {key: value for key, value in made.items() if value})
    given = {key: value for key, value in target.items() if value is not None}
    region.backend("events", "PutTargets", {"Rule": "over", "Targets": [given]})
    if bus:
        region.part(EventBus).start()


def queue(region, sender=RULE):
    """The dead letter queue, which lets one rule in, with an alarm on it and one on the rule."""
    condition = {"ArnEquals": {"aws:SourceArn": sender}}
    principal = {"Service": "events.amazonaws.com"}
    policy = statement(Action="sqs:SendMessage", Principal=principal, Resource=QUEUE, Condition=condition)
    region.backend("sqs", "CreateQueue", {"QueueName": "dead", "Attributes": {"Policy": policy}})
    for namespace, metric, dimension, value in ALARMS:
        alarm = {"AlarmName": metric, "Namespace": namespace, "MetricName": metric, "Statistic": "Sum", "Period": 300}
        alarm |= {"EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold"}
        alarm |= {"Dimensions": [{"Name": dimension, "Value": value}], "AlarmActions": ["arn:aws:sns:us-east-1:1:t"]}
        region.backend("cloudwatch", "PutMetricAlarm", alarm)


def play(region, then=lambda _execution: None, seconds=300, document="work"):
    """Start an execution, do something to it after 10 s, and let time pass. The execution's id."""
    ids = []

    def work():
        automation = region.part(Automation)
        ids.append(automation.start(region.administrator, document))
        region.clock.sleep(10)
        then(ids[0])
        region.clock.sleep(seconds)

    region.clock.run(region.clock.spawn("play", work))
    return ids[0]


def started(region, document="after"):
    return [x for x in region.part(Automation).executions.values() if x.document_name == document]


def notes(region):
    return [(e.subject, e.detail["status"], e.detail.get("code")) for e in region.journal.of("invoked-by-rule")]


def messages(region):
    url = region.backend("sqs", "GetQueueUrl", {"QueueName": "dead"})["QueueUrl"]
    asked = {"QueueUrl": url, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]}
    return region.backend("sqs", "ReceiveMessage", asked).get("Messages", [])


@pytest.mark.parametrize("then", ["stop", "kill"])
@pytest.mark.parametrize("spelling", ["Cancelled", "Canceled"])
def test_an_execution_that_ends_starts_what_the_rule_says(region, then, spelling):
    """Cancelled in either spelling, or dead: the runbook is started once, with the execution's id as a list."""
    rule(region)
    region.part(EventBus).cancelled = spelling
    ended = play(region, getattr(region.part(Automation), then))

    assert [(x.caller.role_name, x.given) for x in started(region)] == [("events", {"Ended": [ended]})]
    assert notes(region) == [("over", "delivered", None)]


def test_an_event_is_as_documented(region):
    """The members of an event, and how its moments are written."""
    found = []
    rule(region)
    region.part(EventBus).targets.invoke = lambda _rule, event: found.append(event)
    ended = play(region)
    last = [event for event in found if event["detail"]["ExecutionId"] == ended][-1]

    assert last["detail-type"] == EXECUTION_CHANGED
    assert last["resources"] == [f"{PREFIX}:automation-execution/{ended}", f"{PREFIX}:automation-definition/work:1"]
    assert last["detail"] == {
        "ExecutionId": ended,
        "Definition": "work",
        "DefinitionVersion": 1.0,
        "Status": "Success",
        "StartTime": "Jan 4, 2026 3:00:00 AM",
        "EndTime": "Jan 4, 2026 3:01:00 AM",
        "Time": 60000.0,
        "ExecutedBy": "arn:aws:iam::123456789012:user/administrator",
    }


def test_the_openings_of_a_window_are_told_as_documented(region):
    """One event when it opens, one when it ends, and one for an opening that is skipped because another lasts."""
    found = []
    pattern = {"source": ["aws.ssm"], "detail-type": [OPENING_CHANGED]}
    rule(region, EventPattern=json.dumps(pattern))
    region.part(EventBus).targets.invoke = lambda _rule, event: found.append(event)
    given = {"Name": "night", "Schedule": "rate(7 days)", "Duration": 4, "Cutoff": 1, "AllowUnassociatedTargets": False}
    window = call(region, "ssm", "CreateMaintenanceWindow", **given)["WindowId"]
    windows = region.part(Windows)
    ids = [windows.fire(window) for _ in range(2)]
    region.clock.run(region.clock.spawn("look on", lambda: region.clock.sleep(60)))

    assert [(e["detail"]["window-execution-id"], e["detail"]["status"]) for e in found] == [
        (ids[0], "IN_PROGRESS"),
        (ids[1], "SKIPPED_OVERLAPPING"),
        (ids[0], "SUCCESS"),
    ]
    start = {"start-time": "2026-01-04T03:00:00.000000Z"}
    about = {"window-id": window, "window-execution-id": ids[0]}
    assert found[0]["detail"] == {**start, **about, "status": "IN_PROGRESS"}
    assert found[2]["detail"] == {**start, "end-time": start["start-time"], **about, "status": "SUCCESS"}
    assert {tuple(e["resources"]) for e in found} == {(f"{PREFIX}:maintenancewindow/{window}",)}


def test_no_event_without_a_bus(region):
    """A region whose bus was not started emits nothing."""
    rule(region, bus=False)
    play(region)

    assert started(region) == []


def test_a_rule_of_a_person_hears_their_events(region):
    """PutEvents reaches rules too."""
    rule(region, EventPattern=json.dumps({"source": ["my.app"]}))
    entry = {"Source": "my.app", "DetailType": "x", "Detail": json.dumps({"ExecutionId": "abc"})}
    play(region, lambda _: call(region, "events", "PutEvents", Entries=[entry]))

    assert [x.given for x in started(region)] == [{"Ended": ["abc"]}]


def test_a_disabled_rule_does_nothing(region):
    """DISABLED counts for patterns and for schedules."""
    rule(region, State="DISABLED", ScheduleExpression="rate(1 minute)")
    play(region)

    assert notes(region) == []


def test_a_schedule_fires_again_and_again(region):
    """rate(2 minutes): every two minutes from the start, without keeping time from ending."""
    target = {"Id": "one", "Arn": TARGET["Arn"], "RoleArn": ROLE, "Input": '{"Ended":["nobody"]}'}
    rule(region, target, EventPattern=None, ScheduleExpression="rate(2 minutes)")
    play(region, seconds=300)

    assert [x.given for x in started(region)] == [{"Ended": ["nobody"]}] * 2
    assert period("rate(6 hours)") == 21_600 and period("rate(1 day)") == 86_400


def test_a_cron_schedule_is_not_known_here(region):
    """Only rates are known."""
    with pytest.raises(NotKnownHere, match="cron"):
        rule(region, EventPattern=None, ScheduleExpression="cron(0 3 * * ? *)")


def test_a_lost_event_starts_nothing(region):
    """Events are best effort; the journal says which was lost."""
    region.faults.events.append(EventFault(EXECUTION_CHANGED, {"Status": "Success"}))
    rule(region)
    play(region)

    assert started(region) == []
    assert [e.detail["detail"]["Status"] for e in region.journal.of("event-lost")] == ["Success"]


def transformed(path, template):
    return {"InputTransformer": {"InputPathsMap": {"id": path}, "InputTemplate": template}}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Arn": f"{PREFIX}:document/after"}, "INVALID_PARAMETER"),
        ({"Arn": f"{PREFIX}:automation-definition/after"}, "INVALID_PARAMETER"),
        ({"Arn": f"{PREFIX}:automation-definition/nobody:$DEFAULT"}, "NO_RESOURCE"),
        ({"RoleArn": None}, "NO_PERMISSIONS"),
        (transformed("$.detail.ExecutionId", '{"Ended":<id>}'), "INVALID_PARAMETER"),
        (transformed("$.detail.Nothing", '{"Ended":<id>}'), "INVALID_JSON"),
        (transformed("$.detail.ExecutionId", '{"Other":[<id>]}'), "ERROR_FROM_TARGET"),
    ],
)
def test_an_invocation_that_is_refused_is_buried(region, change, code):
    """Wrong ARN, role or input: nothing starts, the event lies in the dead letter queue, two alarms ring."""
    queue(region)
    rule(region, {**TARGET, **change})
    ended = play(region)
    (message,) = messages(region)

    assert started(region) == []
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == code
    assert message["MessageAttributes"]["RULE_ARN"]["StringValue"] == RULE
    assert json.loads(message["Body"])["detail"]["ExecutionId"] == ended
    assert {e.subject: e.detail["state"] for e in region.journal.of("alarm")} == {a[1]: "ALARM" for a in ALARMS}


def role(region, trust, policy):
    region.backend("iam", "CreateRole", {"RoleName": "events", "AssumeRolePolicyDocument": statement(**trust)})
    named = {"RoleName": "events", "PolicyName": "start"}
    region.backend("iam", "PutRolePolicy", {**named, "PolicyDocument": statement(**policy)})
    install(region)


@pytest.mark.parametrize(
    ("trust", "policy", "code"),
    [
        (TRUST, START, None),
        ({**TRUST, "Condition": {"ArnEquals": {"aws:SourceArn": RULE}}}, START, None),
        ({**TRUST, "Condition": {"ArnEquals": {"aws:SourceArn": f"{RULE}s"}}}, START, "FAILED_TO_ASSUME_ROLE"),
        ({**TRUST, "Principal": {"Service": "ssm.amazonaws.com"}}, START, "FAILED_TO_ASSUME_ROLE"),
        (TRUST, {**START, "Resource": STARTED[:1]}, "NO_PERMISSIONS"),
        (TRUST, {**START, "Resource": [f"{PREFIX}:automation-definition/after:*"]}, "NO_PERMISSIONS"),
    ],
)
def test_the_role_of_a_target_is_asked(region, trust, policy, code):
    """The rule becomes the role that trusts it, and starts what the role may start."""
    queue(region)
    role(region, trust, policy)
    rule(region)
    play(region)

    assert len(started(region)) == (code is None)
    assert [m["MessageAttributes"]["ERROR_CODE"]["StringValue"] for m in messages(region)] == [code][: code is not None]


def test_a_queue_that_lets_another_rule_in(region):
    """A queue whose policy names another rule gets nothing: the event is dropped, and only the rule's alarm rings."""
    queue(region, sender=f"{RULE}s")
    rule(region, {**TARGET, "RoleArn": None})
    play(region)

    assert messages(region) == []
    assert notes(region)[-1][1] == "dropped"
    assert [e.subject for e in region.journal.of("alarm")] == ["FailedInvocations"]


def test_no_queue_at_all(region):
    """Without a dead letter queue, or with one that does not exist, the event is dropped."""
    for target in ({k: v for k, v in TARGET.items() if k != "DeadLetterConfig"}, TARGET):
        region.backend("events", "PutRule", {"Name": "over", "EventPattern": json.dumps(PATTERN)})
        rule(region, {**target, "RoleArn": None}, bus=target is not TARGET)
        play(region)

    assert [status for _, status, _ in notes(region)] == ["failed", "dropped"] * 2


def throttled(times):
    return CallFault("ssm", "StartAutomationExecution", "ThrottlingException", times=times)


def test_a_throttled_start_is_tried_again(region):
    """A retriable error is tried again with growing pauses, and nothing is buried."""
    queue(region)
    region.faults.calls.append(throttled(3))
    rule(region)
    play(region)

    assert len(started(region)) == 1
    assert [e.detail["attempts"] for e in region.journal.of("invoked-by-rule")] == [4]
    assert messages(region) == []


@pytest.mark.parametrize("policy", [{"MaximumRetryAttempts": 2}, {"MaximumEventAgeInSeconds": 60}])
def test_retries_end(region, policy):
    """After the policy's attempts or age the event is buried; until then it counts as on its way."""
    queue(region)
    region.faults.calls.append(throttled(None))
    rule(region, {**TARGET, "RetryPolicy": policy})
    play(region)
    (message,) = messages(region)

    assert int(message["MessageAttributes"]["RETRY_ATTEMPTS"]["StringValue"]) in (2, 5)
    assert region.part(EventBus).pending == 0


@pytest.mark.parametrize(
    "change",
    [
        {"Arn": "arn:aws:sns:us-east-1:123456789012:topic"},
        {"InputPath": "$.detail"},
        {"InputTransformer": {"InputPathsMap": {"id": "$.detail['ExecutionId']"}, "InputTemplate": "{}"}},
    ],
)
def test_a_target_that_is_not_known_here(region, change):
    """Other kinds of targets, members and paths are errors."""
    rule(region, {**TARGET, **change})

    with pytest.raises(NotKnownHere):
        play(region)


def test_a_placeholder_in_a_string(region):
    """Inside quotes a placeholder becomes the text itself; what the event does not have is left out."""
    template = '{"Ended":["<status> of <nothing>!"]}'
    paths = {"status": "$.detail.Status", "nothing": "$.detail.Nothing"}
    rule(region, {**TARGET, "InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}})
    play(region)

    assert [x.given for x in started(region)] == [{"Ended": ["Success of !"]}]
