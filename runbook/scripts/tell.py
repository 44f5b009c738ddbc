"""Says how the restoring ended, as outputs and as an event."""

import json
import re
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
CODE = re.compile(r".*\b([A-Z]+(?:_[A-Z]+)+): (.*)")  # the last one: a traceback may show the raise itself


def handler(event: dict[str, Any], _context: Any) -> dict[str, str]:
    ssm = boto3.client("ssm", config=RETRIES)
    record = ssm.get_automation_execution(AutomationExecutionId=event["ExecutionId"])["AutomationExecution"]
    bad = [s for s in record["StepExecutions"] if s["StepStatus"] in ("Failed", "TimedOut", "Cancelled")]
    result = {"Outcome": "restored", "Code": "RESTORED", "Sentence": event["Sentence"]}
    if bad:
        message = " ".join(bad[0].get("FailureMessage", "").split()).split(" Please refer to ")[0]
        raised = CODE.match(message)
        code = raised[1] if raised else "RESTORE_FAILED"
        sentence = f"{event['Sentence']} {raised[2][:500] if raised else message[:500]} Its record stays."
        result = {"Outcome": "failed", "Code": code, "Sentence": sentence}
    entry = {"Source": "alb-patching", "DetailType": "ALB Patching Restore Outcome"}
    entry["Detail"] = json.dumps({**event, **result})
    try:
        answer = boto3.client("events", config=RETRIES).put_events(Entries=[entry])
    except (BotoCoreError, ClientError) as error:
        return {**result, "EventSent": f"no: {error}"}  # the outcome matters more than the news of it
    return {**result, "EventSent": "no" if answer["FailedEntryCount"] else "yes"}
