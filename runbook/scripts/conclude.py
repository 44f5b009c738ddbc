"""Puts what the steps found into one output: for the runbook that started this one, or for a person."""

import json
import re
from typing import Any

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
FOUND = ("Outcome", "Registrations", "Roll", "CommitBefore", "Look")
NOT_JUDGED = ("Scan", "ProbeQuietMethod", "Conclude")  # AssessPatches judges the scan
CODE = re.compile(r".*\b([A-Z]+(?:_[A-Z]+)+): (.*)")  # the last one: a traceback may show the raise itself


def handler(event: Any, _context: Any) -> dict[str, str]:
  ssm = boto3.client("ssm", config=RETRIES)
  record = ssm.get_automation_execution(AutomationExecutionId=event["ExecutionId"])["AutomationExecution"]
  found, said = {"Outcome": "failed"}, "NO_OUTCOME: No step said what happened."
  seen = False
  for step in record["StepExecutions"]:
    outputs = step.get("Outputs", {})
    if step["StepStatus"] in ("Failed", "TimedOut", "Cancelled") and step["StepName"] not in NOT_JUDGED:
      found["Outcome"], said = "failed", failure(step)
      break
    if sentence := outputs.get("Sentence"):  # all that speaks for it, or what speaks against it
      goes_on = found["Outcome"] == outputs["Outcome"][0] == "continue"
      said = f"{said} {sentence[0]}" if goes_on else sentence[0]
    found |= {name: values[0] for name, values in outputs.items() if name in FOUND}
    if outputs.get("State") == ["CLOSED"]:
      found["Outcome"], said = "deferred", "FREEZE: A change calendar is closed."
    seen = seen or '"mode": "probe", "done": true' in "".join(outputs.get("Output", []))
  if not seen:  # one that is skipped succeeds without a word
    found["Look"] = "none"
  code, _, sentence = ("", "", said) if found["Outcome"] == "continue" else said.partition(": ")
  verdict = json.dumps({**found, "Sentence": said})
  return {"Outcome": found["Outcome"], "Code": code, "Sentence": sentence, "Verdict": verdict}


def failure(step: Any) -> str:
  """What the script raised, or AssessPatches -> ASSESS_PATCHES_FAILED."""
  message = " ".join(step.get("FailureMessage", "").split()).split(" Please refer to ")[0]
  if raised := CODE.match(message):
    return f"{raised[1]}: {raised[2][:500]}"
  code = re.sub(r"(?<!^)(?=[A-Z])", "_", step["StepName"]).upper() + "_FAILED"
  return f"{code}: {step['StepName']} ended as {step['StepStatus']}. {message[:300]}".strip()
