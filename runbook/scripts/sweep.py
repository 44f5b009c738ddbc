"""Starts one restoring for every record whose owner is over, says what is open, and measures it. Safe at any time."""

import time
import uuid
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
OVER = ("Success", "Failed", "TimedOut", "Cancelled", "Rejected", "Exited", "CompletedWithFailure")
HOUR = 3600


def handler(event: Any, _context: Any) -> dict[str, str]:
  ssm, found, problems, ages = boto3.client("ssm", config=RETRIES), list[str](), list[str](), list[int]()
  for name, record in sorted(records(event["Table"]).items()):
    what = judged(ssm, event, record)
    if not what:
      try:  # one that refuses must not keep the others waiting
        what = f"execution {restore(ssm, event, name, record)} restores it"
      except ClientError as error:
        what = f"not restored, {error}"
        problems.append(f"{name} {what}")
    if what != "other":  # another deployment's, which may share the table
      found.append(f"{name} {record['LeaseState']}: {what}")
      ages.append(age(record))
  unmeasured = measure(event["Name"], ages)
  if problems:
    raise RuntimeError(f"SWEEP_FAILED: {'; '.join(problems)[:800]}{unmeasured}")
  return {"Sentence": f"{len(found)} open records.{unmeasured} {'; '.join(found)}"[:8000]}


def records(table: str) -> dict[str, dict[str, str]]:
  pages = boto3.client("dynamodb", config=RETRIES).get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
  items = [{name: value.get("S", "") for name, value in item.items()} for page in pages for item in page["Items"]]
  kind = "INSTANCE#"
  return {item["Id"].removeprefix(kind): item for item in items if item["Id"].startswith(kind) and "LeaseOwner" in item}


def judged(ssm: Any, event: Any, record: dict[str, str]) -> str:
  """Why its record is left alone; empty if it is to be restored. A record whose owner AWS has forgotten is ours."""
  owner = record["LeaseOwner"]
  try:
    found = ssm.get_automation_execution(AutomationExecutionId=owner)["AutomationExecution"]
  except ClientError as error:
    if error.response["Error"]["Code"] != "AutomationExecutionNotFoundException":
      raise
    found = {"AutomationExecutionStatus": "Exited", "DocumentName": event["Document"]}  # kept for 30 days
  if found["DocumentName"] not in (event["Document"], event["PatchDocument"]):
    return "other"
  if "KeptOut" in record:
    return "kept out on purpose"
  status = str(found["AutomationExecutionStatus"])
  return "" if status in OVER or "Abandoned" in record else f"{owner} is {status} and works on it"


def restore(ssm: Any, event: Any, name: str, record: dict[str, str]) -> str:
  """One start an hour for the same state of the record, however many sweeps there are."""
  owner = record["LeaseOwner"]
  token = uuid.uuid5(uuid.NAMESPACE_URL, f"{owner} {record['LeaseToken']} {int(time.time()) // HOUR}")
  answer = ssm.start_automation_execution(
    DocumentName=event["Document"],
    ClientToken=str(token),
    Parameters={"InstanceId": [name], "ExecutionId": [owner]},
  )
  return str(answer["AutomationExecutionId"])


def age(record: dict[str, str]) -> int:
  """Its seconds. Who is kept out on purpose does not grow old: it is counted, and rings no alarm."""
  return 0 if "KeptOut" in record else max(0, int(time.time()) - int(record.get("Since", "0")))


def measure(name: str, ages: list[int]) -> str:
  """Two metrics, with zeros as well: the alarm on the second also rings when none comes any more."""
  dimensions = [{"Name": "Name", "Value": name}]
  measured = (("InstancesOut", len(ages), "Count"), ("OldestRecordAge", max(ages, default=0), "Seconds"))
  data = [{"MetricName": n, "Dimensions": dimensions, "Value": value, "Unit": unit} for n, value, unit in measured]
  try:
    boto3.client("cloudwatch", config=RETRIES).put_metric_data(Namespace="ALBPatching", MetricData=data)
  except (BotoCoreError, ClientError) as error:
    return f" Not measured: {error}."  # those that are out matter more than their number
  return ""
