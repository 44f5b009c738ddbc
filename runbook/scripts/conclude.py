"""Puts what the steps found into one output: for the runbook that started this one, or for a person."""

import json
import re
from typing import Any

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
FOUND = ("Outcome", "Sentence", "Registrations", "Roll", "CommitBefore")
NOT_JUDGED = ("Scan", "Conclude")  # AssessPatches judges the scan
CODE = re.compile(r".*\b([A-Z]+(?:_[A-Z]+)+): (.*)")  # the last one: a traceback may show the raise itself


def handler(event: Any, _context: Any) -> dict[str, str]:
  ssm = boto3.client("ssm", config=RETRIES)
  record = ssm.get_automation_execution(AutomationExecutionId=event["ExecutionId"])["AutomationExecution"]
  found = {"Outcome": "failed", "Sentence": "NO_OUTCOME: No step said what happened."}
  for step in record["StepExecutions"]:
    if step["StepStatus"] in ("Failed", "TimedOut", "Cancelled") and step["StepName"] not in NOT_JUDGED:
      found |= {"Outcome": "failed", "Sentence": failure(step)}
      break
    found |= {name: values[0] for name, values in step.get("Outputs", {}).items() if name in FOUND}
    if step.get("Outputs", {}).get("State") == ["CLOSED"]:
      found |= {"Outcome": "deferred", "Sentence": "FREEZE: A change calendar is closed."}
  goes_on = found["Outcome"] == "continue"
  code, _, sentence = ("", "", found["Sentence"]) if goes_on else found["Sentence"].partition(": ")
  return {"Outcome": found["Outcome"], "Code": code, "Sentence": sentence, "Verdict": json.dumps(found)}


def failure(step: Any) -> str:
  """What the script raised, or AssessPatches -> ASSESS_PATCHES_FAILED."""
  message = " ".join(step.get("FailureMessage", "").split()).split(" Please refer to ")[0]
  if raised := CODE.match(message):
    return f"{raised[1]}: {raised[2][:500]}"
  code = re.sub(r"(?<!^)(?=[A-Z])", "_", step["StepName"]).upper() + "_FAILED"
  return f"{code}: {step['StepName']} ended as {step['StepStatus']}. {message[:300]}".strip()
