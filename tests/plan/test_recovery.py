"""What a plan says about what starts the restore runbook when an execution dies."""

import json
import re

import boto3
import pytest

from albpatch.region.event_patterns import matches
from plan_json import Call, Resource, normal

OPEN = {
    *(
        "Pending",
        "InProgress",
        "Waiting",
        "Cancelling",
        "PendingApproval",
        "Approved",
        "Scheduled",
        "RunbookInProgress",
    ),
    *("PendingChangeCalendarOverride", "ChangeCalendarOverrideApproved"),
}
CLIENT = boto3.client("ssm", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
STATUSES = CLIENT.meta.service_model.shape_for("AutomationExecutionStatus").enum


@pytest.fixture
def bundled(planned: list[Call]) -> list[Call]:
    """The calls that bring recovery: the clone of AWS's runbook keeps no records."""
    return [call for call in planned if call.deployment["document"]["source"] == "bundled"]


def named(call: Call, kind: str, name: str) -> Resource:
    (found,) = [r for r in call.of(kind) if name in (r.values.get("name"), r.values.get("rule"))]
    return found


def test_every_end_but_success_is_heard(bundled: list[Call]) -> None:
    """Of all statuses that the API has, and in both spellings of cancelled, exactly the unhappy ends match."""
    for call in bundled:
        events = call.deployment["restore"]["events"]
        pattern = named(call, "aws_cloudwatch_event_rule", events["rule"]).values["event_pattern"]
        heard = {
            status
            for status in [*STATUSES, "Canceled"]
            if matches(pattern, event(call.deployment["document"]["name"], status))
        }

        assert heard == {*STATUSES, "Canceled"} - OPEN - {"Success"}
        assert not matches(pattern, event(call.deployment["restore"]["document"], "Failed"))


def event(definition: str, status: str) -> dict[str, object]:
    kind = "EC2 Automation Execution Status-change Notification"
    return {"source": "aws.ssm", "detail-type": kind, "detail": {"Definition": definition, "Status": status}}


def test_targets_start_the_restore_runbook(bundled: list[Call]) -> None:
    """A target names the runbook as EventBridge wants it, its role, the dead letter queue, and declared parameters."""
    for call in bundled:
        record = call.deployment
        ssm = f"arn:{record['partition']}:ssm:{record['region']}:{record['account_id']}"
        events = record["restore"]["events"]
        (document,) = [r for r in call.of("aws_ssm_document") if r.values["name"] == record["restore"]["document"]]
        for target in call.of("aws_cloudwatch_event_target"):
            values = target.values
            if values["rule"] not in (events["rule"], events["sweep_rule"]):
                continue  # of the news
            template = values["input"] or values["input_transformer"][0]["input_template"]
            given = json.loads(template.replace("<execution>", '"x"'))

            assert values["arn"] == f"{ssm}:automation-definition/{record['restore']['document']}:$DEFAULT"
            assert values["role_arn"] == events["role"]["arn"]
            assert values["dead_letter_config"][0]["arn"].endswith(f":{events['queue']}")
            assert all(isinstance(value, list) for value in given.values())
            assert [name for name in given if f"\n  {name}:" not in document.values["content"]] == []


def test_only_our_rules_use_role_and_queue(bundled: list[Call]) -> None:
    """EventBridge may take the role, and fill the queue, for the rules of this call and for nothing else."""
    for call in bundled:
        record = call.deployment
        events = record["restore"]["events"]
        prefix = f"arn:{record['partition']}:events:{record['region']}:{record['account_id']}:rule"
        rules = {f"{prefix}/{name}" for name in (events["rule"], events["sweep_rule"]) if name}
        role = next(r for r in call.of("aws_iam_role") if r.values["name"] == events["role"]["name"])
        queue = named(call, "aws_sqs_queue", events["queue"])
        for text in (role.values["assume_role_policy"], queue.values["policy"]):
            (statement,) = [normal(s) for s in json.loads(text)["Statement"]]

            assert statement["Principal"] == {"Service": "events.amazonaws.com"}
            assert set(statement["Condition"]["ArnEquals"]["aws:SourceArn"]) == rules
        assert queue.values["sqs_managed_sse_enabled"] is True


def test_what_did_not_start_rings(bundled: list[Call]) -> None:
    """There is an alarm on every rule's failed invocations and one on the queue, at the first."""
    for call in bundled:
        events = call.deployment["restore"]["events"]
        watched = {
            (a.values["metric_name"], *a.values["dimensions"].values())
            for a in call.of("aws_cloudwatch_metric_alarm")
            if a.values["threshold"] == 1 and a.values["comparison_operator"] == "GreaterThanOrEqualToThreshold"
        }
        rules = {("FailedInvocations", r.values["name"]) for r in call.of("aws_cloudwatch_event_rule")}

        assert rules | {("ApproximateNumberOfMessagesVisible", events["queue"])} <= watched


def test_a_record_that_grows_old_rings(bundled: list[Call]) -> None:
    """With a standing sweep an alarm looks at the age it measures, over longer than from one sweep to the next, and
    no number at all counts as too old: it needs nothing of ours to be alive."""
    for call in bundled:
        sweep = call.deployment["restore"]["events"]["sweep_rule"]
        aged = [a for a in call.of("aws_cloudwatch_metric_alarm") if a.values["metric_name"] == "OldestRecordAge"]
        if sweep is None:
            assert aged == []
            continue
        (alarm,), expression = aged, named(call, "aws_cloudwatch_event_rule", sweep).values["schedule_expression"]
        (hours,) = re.findall(r"^rate\((\d+) hours?\)$", expression)
        seconds = 3600 * int(hours)
        patching = call.deployment["settings"]["patching"]["timeout_seconds"]

        assert alarm.values["dimensions"] == {"Name": call.deployment["name"]}
        assert (alarm.values["treat_missing_data"], alarm.values["statistic"]) == ("breaching", "Maximum")
        assert min(seconds + 3600, 604_800) == alarm.values["period"] and alarm.values["evaluation_periods"] == 1
        assert alarm.values["threshold"] > 2 * patching  # a patch, and a restoring that waits for another one
