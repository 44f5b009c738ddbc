"""Makes a plan's event rules with their targets, queues and alarms."""

from __future__ import annotations

import json
from typing import Any

from albpatch.rehearsal.plan_making import Maker, Values, given, tags
from albpatch.rehearsal.plan_references import PlanError, Planned

_RULE, _QUEUES = "aws_cloudwatch_event_rule", "aws_sqs_queue"
_WINDOW, _DATA = "aws_ssm_maintenance_window", "terraform_data"
_QUEUE = {
    "DelaySeconds": "delay_seconds",
    "KmsMasterKeyId": "kms_master_key_id",
    "MaximumMessageSize": "max_message_size",
    "MessageRetentionPeriod": "message_retention_seconds",
    "Policy": "policy",
    "ReceiveMessageWaitTimeSeconds": "receive_wait_time_seconds",
    "SqsManagedSseEnabled": "sqs_managed_sse_enabled",
    "VisibilityTimeout": "visibility_timeout_seconds",
}


class EventMaker(Maker):
    """Queues first, then rules, then their targets, which name both."""

    def queue(self, planned: Planned) -> None:
        values = planned.values
        if values.get("fifo_queue") or values.get("redrive_policy"):
            raise PlanError(f"{planned.address}: FIFO queues and redrive policies are not known here")
        attributes = {name: values.get(member) for name, member in _QUEUE.items()}
        self._back(
            "sqs",
            "CreateQueue",
            QueueName=self._known(planned, "name"),
            Attributes={key: _text(value) for key, value in attributes.items() if value not in (None, "")},
            tags=values.get("tags_all"),
        )
        self._loaded.queues[planned.address] = values["name"]

    def rule(self, planned: Planned) -> None:
        values = planned.values
        if values.get("event_bus_name", "default") != "default" or values.get("role_arn"):
            raise PlanError(f"{planned.address}: other event buses, and roles of rules, are not known here")
        self._back(
            "events",
            "PutRule",
            Name=self._known(planned, "name"),
            Description=values.get("description"),
            EventPattern=self._pattern(planned),
            ScheduleExpression=values.get("schedule_expression"),
            State=values.get("state") or "ENABLED",
            Tags=tags(values),
        )
        self._loaded.rules[planned.address] = values["name"]

    def _pattern(self, planned: Planned) -> str | None:
        """A pattern that names a window is planned in a terraform_data: a first plan shows all of it but the id."""
        try:
            apart = self._plan.named(planned, ["event_pattern"], _DATA)
        except PlanError:
            if "event_pattern" not in planned.values:
                raise
            return str(planned.values["event_pattern"]) if planned.values["event_pattern"] else None
        pattern, window = self._known(apart, "input"), self._plan.named(apart, ["input"], _WINDOW)
        named = {"window-id": [self._loaded.windows[window.address]]}
        return json.dumps({**pattern, "detail": {**pattern["detail"], **named}})

    def target(self, planned: Planned) -> None:
        values = planned.values
        target = {
            "Id": values.get("target_id") or planned.name,
            "Arn": self._known(planned, "arn"),
            "RoleArn": self._known(planned, "role_arn"),
            "Input": values.get("input"),
            "InputPath": values.get("input_path"),
            "InputTransformer": _transformer(values),
            "RetryPolicy": _retries(values),
            "DeadLetterConfig": self._dead_letters(planned),
        }
        self._back("events", "PutTargets", Rule=self._rule_of(planned), Targets=[given(target)])

    def alarm(self, planned: Planned) -> None:
        values = planned.values
        if values.get("metric_query") or values.get("extended_statistic"):
            raise PlanError(f"{planned.address}: alarms on expressions and percentiles are not known here")
        dimensions = self._known(planned, "dimensions") or {}
        self._back(
            "cloudwatch",
            "PutMetricAlarm",
            AlarmName=self._known(planned, "alarm_name"),
            AlarmDescription=values.get("alarm_description"),
            Namespace=values["namespace"],
            MetricName=values["metric_name"],
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            Statistic=values["statistic"],
            Period=values["period"],
            EvaluationPeriods=values["evaluation_periods"],
            Threshold=float(values["threshold"]),
            ComparisonOperator=values["comparison_operator"],
            TreatMissingData=values.get("treat_missing_data"),
            AlarmActions=values.get("alarm_actions"),
            Tags=tags(values),
        )
        self._loaded.alarms[planned.address] = values["alarm_name"]

    def _rule_of(self, planned: Planned) -> str:
        known = planned.values.get("rule")
        return known or self._loaded.rules[self._plan.named(planned, ["rule"], _RULE).address]

    def _dead_letters(self, planned: Planned) -> Values | None:
        blocks = planned.values.get("dead_letter_config") or []
        if not blocks:
            return None
        if "arn" in blocks[0]:
            return {"Arn": blocks[0]["arn"]}
        named = self._plan.named(planned, ["dead_letter_config", 0, "arn"], _QUEUES)
        region, queue = self._region, self._loaded.queues[named.address]
        return {"Arn": f"arn:{region.partition}:sqs:{region.name}:{region.account_id}:{queue}"}

    def _back(self, service: str, operation: str, **params: Any) -> Values:
        kept = {key: value for key, value in params.items() if key == "Threshold" and value is not None}
        return self._region.backend(service, operation, given(params) | kept)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _transformer(values: Values) -> Values | None:
    blocks = values.get("input_transformer") or []
    if not blocks:
        return None
    return given({"InputPathsMap": blocks[0].get("input_paths"), "InputTemplate": blocks[0]["input_template"]})


def _retries(values: Values) -> Values | None:
    blocks = values.get("retry_policy") or []
    if not blocks:
        return None
    policy = blocks[0]
    members = {
        "MaximumEventAgeInSeconds": policy.get("maximum_event_age_in_seconds"),
        "MaximumRetryAttempts": policy.get("maximum_retry_attempts"),
    }
    return given(members)
