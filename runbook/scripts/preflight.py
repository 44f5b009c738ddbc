"""Can this instance be patched, and where is it registered? Changes nothing."""

import json
import time
from typing import Any, TypedDict

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
CLOCK_TOLERANCE = 60  # seconds; patch states carry the instance's own clock


class Event(TypedDict):
    InstanceId: str
    TargetGroupArns: list[str]
    SkipWhenCompliant: str
    ScanMaxAgeMinutes: int


def verdict(outcome: str, code: str, sentence: str, **more: str) -> dict[str, str]:
    found = {"Registrations": "[]", "Scan": "none", "ScanNotBefore": "0", **more}
    return {"Outcome": outcome, "Code": code, "Sentence": sentence, **found}


def handler(event: Event, _context: Any) -> dict[str, str]:
    name = event["InstanceId"]
    answer = boto3.client("ec2", config=RETRIES).describe_instances(Filters=[{"Name": "instance-id", "Values": [name]}])
    instance = next((i for r in answer["Reservations"] for i in r["Instances"]), {"State": {"Name": "terminated"}})
    state, tags = instance["State"]["Name"], {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}
    if state in ("terminated", "shutting-down"):
        return verdict("skipped", "INSTANCE_GONE", f"{name} does not exist any more.")
    if state != "running":
        return verdict("skipped", "INSTANCE_NOT_RUNNING", f"{name} is {state}.")
    ssm = boto3.client("ssm", config=RETRIES)
    answer = ssm.describe_instance_information(Filters=[{"Key": "InstanceIds", "Values": [name]}])
    ping = next((i["PingStatus"] for i in answer["InstanceInformationList"]), "unknown")
    if ping != "Online":
        return verdict("skipped", "NOT_MANAGED", f"{name} is not managed by Systems Manager: its agent is {ping}.")
    if group := tags.get("aws:autoscaling:groupName"):
        return verdict("deferred", "AUTO_SCALING_GROUP", f"{name} belongs to Auto Scaling group {group}.")
    own = locate(boto3.client("elbv2", config=RETRIES), event["TargetGroupArns"], instance)
    if any("draining" in entry["States"] for entry in own):
        return verdict("deferred", "ALREADY_DRAINING", f"Somebody else is deregistering {name} already.")
    scan, not_before = plan_scan(ssm, event)
    return verdict(
        "continue",
        "OK",
        f"{name} is running and managed; {sum(len(g['Targets']) for g in own)} targets in {len(own)} target groups.",
        Registrations=json.dumps(own, separators=(",", ":")),
        Scan=scan,
        ScanNotBefore=str(int(not_before)),
    )


def locate(elb: Any, arns: list[str], instance: dict[str, Any]) -> list[dict[str, Any]]:
    name, own = instance["InstanceId"], []
    if arns:
        parts = [arns[at : at + 20] for at in range(0, len(arns), 20)]
        groups = [g for part in parts for g in elb.describe_target_groups(TargetGroupArns=part)["TargetGroups"]]
        refuse_types([g for g in groups if g["TargetType"] != "instance"])
        own = registered(elb, groups, {name})
    if own:
        return own
    pages = elb.get_paginator("describe_target_groups").paginate()
    groups = [g for page in pages for g in page["TargetGroups"] if g.get("VpcId") == instance["VpcId"]]
    cards = [card for card in instance.get("NetworkInterfaces", []) if "PrivateIpAddresses" in card]
    addresses = {address["PrivateIpAddress"] for card in cards for address in card["PrivateIpAddresses"]}
    refuse_types(registered(elb, [g for g in groups if g["TargetType"] == "ip"], addresses))
    own = registered(elb, [g for g in groups if g["TargetType"] == "instance"], {name})
    if arns and own:
        where = f"{name} is registered in {own[0]['TargetGroupArn']}"
        raise RuntimeError(f"TARGET_GROUP_NOT_CONFIGURED: {where} and would be rebooted under its traffic.")
    return own


def refuse_types(groups: list[dict[str, Any]]) -> None:
    for group in groups:
        raise RuntimeError(f"TARGET_TYPE_NOT_SUPPORTED: {group['TargetGroupArn']} has targets of another type.")


def registered(elb: Any, groups: list[dict[str, Any]], ids: set[str]) -> list[dict[str, Any]]:
    """A group is always read as a whole: asked for by id alone, targets on other ports are missed."""
    found = []
    for group in groups:
        arn = group["TargetGroupArn"]
        health = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        if own := [d for d in health if d["Target"]["Id"] in ids]:
            states = sorted({d["TargetHealth"]["State"] for d in own})
            entry = {"TargetGroupArn": arn, "Protocol": group["Protocol"], "States": states}
            found.append({**entry, "Targets": [d["Target"] for d in own]})
    return found


def plan_scan(ssm: Any, event: Event) -> tuple[str, float]:
    now, age = time.time(), 60 * int(event["ScanMaxAgeMinutes"])
    if event["SkipWhenCompliant"] == "false":
        return "reuse", now
    states = ssm.describe_instance_patch_states(InstanceIds=[event["InstanceId"]])["InstancePatchStates"] if age else []
    for state in states:
        # An Install report lists nothing missing, so only a Scan can be reused.
        if state["Operation"] == "Scan" and state["OperationStartTime"].timestamp() >= now - age:
            return "reuse", now - age
    return "run", now - CLOCK_TOLERANCE
