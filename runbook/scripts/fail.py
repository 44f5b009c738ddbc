"""Ends a failed execution. It always raises, so that a failure can never be reported as success."""

from typing import Any, TypedDict

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})


class Event(TypedDict):
    ExecutionId: str


def handler(event: Event, _context: Any) -> None:
    ssm = boto3.client("ssm", config=RETRIES)
    record = ssm.get_automation_execution(AutomationExecutionId=event["ExecutionId"])["AutomationExecution"]
    for step in record["StepExecutions"]:
        if step["StepName"] == "Report" and step.get("Outputs", {}).get("Code"):
            raise RuntimeError(f"{step['Outputs']['Code'][0]}: {step['Outputs']['Sentence'][0]}")
    raise RuntimeError("REPORT_FAILED: Report did not say what happened; see the other steps.")
