"""What a reviewer can read in a first plan, before anything exists."""

import re
from collections.abc import Callable
from typing import Any

from plan_json import Call, Resource, calls, unknown_paths

IDS = {"document.version", "window.id"}
IDS_OF_A_FLEET = {"target_id", "task_id"}
# Given by AWS on creation, or computed by the provider from the rest; nothing of it is decided by the caller.
GIVEN_BY_AWS = {
    "aws_cloudwatch_event_rule": {"arn", "id", "name_prefix"},
    "aws_cloudwatch_event_target": {"id"},
    "aws_cloudwatch_metric_alarm": {"arn", "evaluate_low_sample_count_percentiles", "id"},
    "aws_sqs_queue": {
        "arn", "deduplication_scope", "fifo_throughput_limit", "id", "kms_data_key_reuse_period_seconds", "name_prefix",
        "redrive_allow_policy", "redrive_policy", "url",
    },
    "aws_dynamodb_table": {
        "arn", "id", "read_capacity", "server_side_encryption", "stream_arn", "stream_label", "stream_view_type", "ttl",
        "point_in_time_recovery.0.recovery_period_in_days",
        "write_capacity",
    },
    "aws_ssm_document": {
        "arn", "created_date", "default_version", "description", "document_version", "hash", "hash_type", "id",
        "latest_version", "owner", "parameter", "platform_types", "schema_version", "status",
    },
    "aws_iam_role": {"arn", "create_date", "id", "inline_policy", "managed_policy_arns", "name_prefix", "unique_id"},
    "aws_iam_role_policy": {"id", "name_prefix"},
    "aws_ssm_maintenance_window": {"id"},
    "aws_ssm_maintenance_window_target": {"id", "window_id"},
    "aws_ssm_maintenance_window_task": {
        "max_concurrency", "max_errors",  # of a task without targets
        "arn", "id", "window_id", "window_task_id", "targets.0.values",
        "task_invocation_parameters.0.automation_parameters.0.document_version",
    },
    "terraform_data": {"id", "output"},
}  # fmt: skip


def unexplained(call: Call) -> list[str]:
    """What is unknown in a call beyond what AWS gives, as address and attribute, leaving out our record."""
    found = []
    for resource in call.resources:
        if resource is not call.record and resource.address.removeprefix(call.prefix).startswith("module."):
            unknown = {path for path in unknown_paths(resource.unknown) if not path.startswith("tags_all")}
            found += [
                f"{resource.address.removeprefix(call.prefix)} {path}" for path in sorted(unknown - known_by(resource))
            ]
    return found


def known_by(resource: Resource) -> set[str]:
    return GIVEN_BY_AWS[resource.type]


def unknown_in_record(call: Call) -> set[str]:
    return set(unknown_paths(call.record.unknown.get("input", {})))


def new_groups(call: Call) -> bool:
    """True where a target group is created in the same apply."""
    return any(re.fullmatch(r"fleets\..+\.target_group_arns.*", path) for path in unknown_in_record(call))


def test_everything_worth_reviewing_is_known(planned: list[Call]) -> None:
    """Documents, policies and tasks are known in the first plan, except what names a target group not there yet."""
    for call in planned:
        target_groups = re.compile(
            r"module\.(automation_role|recovery\[0\])\.aws_iam_role_policy\.target_groups(\[0\])? policy"
            r"|module\.maintenance_window\.aws_ssm_maintenance_window_task\.fleet\[.*\]"
            r" task_invocation_parameters\.0\.automation_parameters\.0\.parameter\.\d+\.values(\.\d+)?"
        )
        opened = re.compile(  # whose pattern names the window; all the rest of it can be read
            r"module\.news\[0\]\.(aws_cloudwatch_event_rule\.window event_pattern"
            r"|terraform_data\.window input\.detail\.window-id(\.0)?)"
        )
        found = [path for path in unexplained(call) if not opened.fullmatch(path)]
        left = [path for path in found if not (new_groups(call) and target_groups.fullmatch(path))]

        assert left == []


def test_record_is_known_but_for_ids(planned: list[Call]) -> None:
    """The record's leaves are visible one by one: only ids, the version and new target groups come with the apply."""
    for call in planned:
        fleets = call.deployment["fleets"]
        allowed = IDS | {f"fleets.{fleet}.{name}" for fleet in fleets for name in IDS_OF_A_FLEET}
        left = {path for path in unknown_in_record(call) - allowed if ".target_group_arns" not in path}

        assert left == set()


def test_new_target_group_hides_nothing_else(plan_of: Callable[[str], dict[str, Any]], pytestconfig: Any) -> None:
    """Where the target group comes with the same apply, only its policy, its lists and the version are hidden."""
    if pytestconfig.getoption("--plan-json"):
        name = "the given plan"
        for call in calls(plan_of(name)):
            assert len(unexplained(call)) <= 2 * len(call.deployment["fleets"]) + 1
        return
    (call,) = calls(plan_of("with-load-balancer"))

    assert new_groups(call)
    assert [path.split(" ")[0] for path in unexplained(call)] == [
        "module.automation_role.aws_iam_role_policy.target_groups[0]",
        'module.maintenance_window.aws_ssm_maintenance_window_task.fleet["web"]',
        "module.recovery[0].aws_iam_role_policy.target_groups",
    ]
