"""The runbook's module as Terraform renders it, with the smallest and with the fullest settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from albpatch.terraform import Terraform

ROOT = Path(__file__).resolve().parents[2]
RUNBOOK = ROOT / "runbook"
PLAIN: dict[str, Any] = {
    "name": "web",
    "assess_document": "web-alb-assess",
    "assume_role_arn": "arn:aws:iam::123456789012:role/web-runbook",
    "lease_table_name": "web-alb-patching",
    "restore_role_arn": "arn:aws:iam::123456789012:role/web-restore",
    "restore_document": "web-alb-restore",
    "patch_document": "web-alb-patching",
    "patching": {
        "reboot_option": "RebootIfNeeded",
        "skip_when_compliant": True,
        "scan_max_age_minutes": 0,
        "timeout_seconds": 3600,
    },
    "quiet_document": "web-await-quiet",
    "drain": {"wait_for": "quiet_or_delay", "propagation_seconds": 30, "quiet_seconds": 20},
    "health": {"consecutive_looks": 3, "interval_seconds": 15, "timeout_seconds": 1800, "bake_seconds": 0},
    "logs": {},
    "alarms": {"names": [], "insufficient_data": "allow"},
    "news": {
        "role_arn": "arn:aws:iam::123456789012:role/web-news",
        "fleets": {"web": [{"Name": "tag:ALB", "Values": ["alb01"]}], "grouped": []},
        "cutoff_seconds": 3600,
    },
    "change_calendars": [],
    "window_seconds": 14400,
}
FULL: dict[str, Any] = {
    **PLAIN,
    "patching": {
        "reboot_option": "NoReboot",
        "baseline_override": "https://s3.ap-northeast-1.amazonaws.com/example-bucket/baselines/override.json",
        "skip_when_compliant": False,
        "scan_max_age_minutes": 1440,
        "timeout_seconds": 36000,
    },
    "health": {"consecutive_looks": 8, "interval_seconds": 60, "timeout_seconds": 21600, "bake_seconds": 3600},
    "logs": {
        "cloudwatch_log_group_name": "/aws/ssm/patching/a-fleet-with-a-long-name",
        "s3_bucket_name": "example-bucket-for-the-logs-of-patching",
        "s3_key_prefix": "patching/a-fleet-with-a-long-name",
    },
    "alarms": {
        "names": ["a-service-with-a-long-name-5xx", "a-service-with-a-long-name-latency"],
        "insufficient_data": "stop",
    },
    "notification_topic_arn": "arn:aws:sns:ap-northeast-1:123456789012:patching-of-a-service-with-a-long-name",
    "change_calendars": ["arn:aws:ssm:ap-northeast-1:123456789012:document/holidays", "sales"],
}


def rendered(variables: dict[str, Any]) -> dict[str, Any]:
    """The module's outputs. Takes no provider."""
    with Terraform(RUNBOOK, variables=variables) as terraform:
        terraform.init()
        terraform.apply()
        return terraform.output()
