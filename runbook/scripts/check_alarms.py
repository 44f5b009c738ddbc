"""Does an alarm speak against a change now? One that does not exist stops everything."""

from typing import Any

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
KINDS = ["MetricAlarm", "CompositeAlarm"]  # only metric alarms are answered unless both are named


def handler(event: Any, _context: Any) -> dict[str, str]:
  names, states = event["Alarms"], dict[str, str]()
  cloudwatch = boto3.client("cloudwatch", config=RETRIES)
  for page in cloudwatch.get_paginator("describe_alarms").paginate(AlarmNames=names, AlarmTypes=KINDS):
    states |= {alarm["AlarmName"]: alarm["StateValue"] for kind in KINDS for alarm in page[f"{kind}s"]}
  if missing := [name for name in names if name not in states]:
    raise RuntimeError(f"ALARM_MISSING: There is no alarm {', '.join(missing)}.")
  if against := [f"{name} is {states[name]}" for name in names if states[name] not in event["Pass"]]:
    return {"Outcome": "deferred", "Sentence": f"ALARM: {', '.join(against)}."}
  return {"Outcome": "continue", "Sentence": f"{len(names)} alarms, none speaks against it."}
