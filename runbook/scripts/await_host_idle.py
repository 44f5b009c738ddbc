"""Waits until no patch command can reboot this host any more. Nothing is registered before that."""

import time
from typing import Any, TypedDict

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
ATTEMPT_SECONDS = 540  # a script may run for 600 s; the step's next attempt goes on
LOOK_SECONDS = 15
NEVER_SENT = 600  # seconds after Commit without a trace of the command
IN_FLIGHT = ("Pending", "InProgress", "Delayed", "Cancelling")


class NotYet(Exception):
    """Not an error: the wait goes on in the step's next attempt."""


class Event(TypedDict):
    InstanceId: str
    ExecutionId: str
    InstallComment: str
    CommittedAt: str
    LimitSeconds: int


def handler(event: Event, _context: Any) -> None:
    ssm, ec2 = boto3.client("ssm", config=RETRIES), boto3.client("ec2", config=RETRIES)
    stop, ended = time.time() + ATTEMPT_SECONDS, install_ended(ssm, event)
    while reason := busy(ssm, ec2, event, ended):
        if time.time() >= ended + int(event["LimitSeconds"]):
            raise RuntimeError(f"HOST_NOT_IDLE: {event['InstanceId']}: {reason}.")
        if time.time() >= stop:
            raise NotYet(reason)
        time.sleep(LOOK_SECONDS)


def install_ended(ssm: Any, event: Event) -> float:
    """When the step Install ended, by this execution's own record: the same in every attempt."""
    record = ssm.get_automation_execution(AutomationExecutionId=event["ExecutionId"])["AutomationExecution"]
    ends = [s.get("ExecutionEndTime") for s in record["StepExecutions"] if s["StepName"] == "Install"]
    return max([end.timestamp() for end in ends if end], default=float(event["CommittedAt"]))


def busy(ssm: Any, ec2: Any, event: Event, ended: float) -> str:
    """Why the host is not known to be idle, or nothing. AWS cannot filter by status and instance at once."""
    name = event["InstanceId"]
    pages = ssm.get_paginator("list_command_invocations").paginate(InstanceId=name)
    commands = [i for page in pages for i in page["CommandInvocations"]]
    for command in commands:
        if command["DocumentName"].startswith("AWS-RunPatchBaseline") and command["Status"] in IN_FLIGHT:
            return f"patch command {command['CommandId']} is {command['Status']}"
    own = [command["StatusDetails"] for command in commands if command.get("Comment") == event["InstallComment"]]
    if not own and time.time() < float(event["CommittedAt"]) + NEVER_SENT:
        return "no trace of the Install command yet"
    answer = ec2.describe_instances(Filters=[{"Name": "instance-id", "Values": [name]}])
    state = next((i["State"]["Name"] for r in answer["Reservations"] for i in r["Instances"]), "gone")
    if state != "running":
        return f"the instance is {state}"
    answer = ssm.describe_instance_information(Filters=[{"Key": "InstanceIds", "Values": [name]}])
    agent = next(iter(answer["InstanceInformationList"]), {"PingStatus": "unknown"})
    if agent["PingStatus"] != "Online":
        return f"its agent is {agent['PingStatus']}"
    # An answer by the agent itself proves that it is back; after a time-out only a newer ping does.
    answered = not own or "Success" in own or "Failed" in own
    return "" if answered or agent["LastPingDateTime"].timestamp() > ended else "no ping since the command ended"
