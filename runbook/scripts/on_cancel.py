"""Runs on cancellation, within two minutes: puts the instance back unless a patch command may still reboot it."""

import json
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})


def handler(event: dict[str, Any], _context: Any) -> dict[str, str]:
    db = boto3.client("dynamodb", config=RETRIES)
    code, sentence, rotation = settle(db, event)
    if rotation != "untouched":
        sentence += recover(event)
    key = typed(Id=f"ROLL#{event['WindowExecutionId'] or event['ExecutionId']}")
    change = {"UpdateExpression": "SET Halted = if_not_exists(Halted, :why)"}
    db.update_item(TableName=event["Table"], Key=key, ExpressionAttributeValues={":why": text(code)}, **change)
    known = {name: value for name, value in event.items() if name not in ("Table", "RestoreDocument")}
    result = {"Outcome": "failed", "Code": code, "Sentence": f"Cancelled. {sentence}", "Rotation": rotation}
    entry = {"Source": "alb-patching", "DetailType": "ALB Patching Instance Outcome"}
    detail = json.dumps({**known, **result})
    boto3.client("events", config=RETRIES).put_events(Entries=[{**entry, "Detail": detail}])
    return result


def settle(db: Any, event: dict[str, Any]) -> tuple[str, str, str]:
    key = typed(Id=f"INSTANCE#{event['InstanceId']}")
    item = db.get_item(TableName=event["Table"], Key=key, ConsistentRead=True).get("Item", {})
    record = {name: value.get("S", "") for name, value in item.items()}
    if record.get("LeaseOwner") != event["ExecutionId"]:
        return "CANCELLED_UNTOUCHED", "It held no lease.", "untouched"
    groups, state = [g for g in json.loads(record["Record"]) if g["Targets"]], record["LeaseState"]
    where = ", ".join(group["Arn"] for group in groups)
    if state == "LEASED":
        release(db, event, groups)
        return "CANCELLED_UNTOUCHED", "Nothing was deregistered.", "untouched"
    if state == "HEALING":
        return "CANCELLED_RETURNED", "It is registered again; watch its health.", "registered"
    if state not in ("DETACHING", "DRAINED"):
        return "CANCELLED_LEFT_OUT", f"A patch command may still reboot it: it stays out of {where}.", "out"
    mark(db, event, "RESTORING")
    elb, problems = boto3.client("elbv2", config=RETRIES), []
    for group in groups:
        try:  # one that refuses must not keep the others waiting
            put_back(elb, group)
        except ClientError as error:
            problems.append(f"{group['Arn']}: {error}")
    if problems:
        return "CANCELLED_LEFT_OUT", f"It was not registered again: {'; '.join(problems)}", "out"
    mark(db, event, "HEALING")
    return "CANCELLED_RETURNED", "It is registered again; watch its health.", "registered"


def recover(event: dict[str, Any]) -> str:
    """The restore runbook has hours: it waits for the host, for health, and closes the record."""
    ended = event["ExecutionId"]
    try:
        answer = boto3.client("ssm", config=RETRIES).start_automation_execution(
            DocumentName=event["RestoreDocument"], ClientToken=ended, Parameters={"ExecutionId": [ended]}
        )
    except ClientError as error:
        return f" The restore runbook did not start: {error}"
    return f" Execution {answer['AutomationExecutionId']} of {event['RestoreDocument']} goes on."


def text(value: str) -> dict[str, str]:
    return {"S": value}


def typed(**values: str) -> dict[str, Any]:
    return {name: text(value) for name, value in values.items()}


def mark(db: Any, event: dict[str, Any], state: str) -> None:
    """Written before the act that it names; refused once another execution owns the record."""
    db.update_item(
        TableName=event["Table"],
        Key=typed(Id=f"INSTANCE#{event['InstanceId']}"),
        UpdateExpression="SET LeaseState = :new",
        ConditionExpression="LeaseOwner = :me",
        ExpressionAttributeValues={":me": text(event["ExecutionId"]), ":new": text(state)},
    )


def release(db: Any, event: dict[str, Any], groups: list[Any]) -> None:
    table, name, me = {"TableName": event["Table"]}, event["InstanceId"], {":me": text(event["ExecutionId"])}
    delete = {**table, "Key": typed(Id=f"INSTANCE#{name}"), "ConditionExpression": "LeaseOwner = :me"}
    delete["ExpressionAttributeValues"] = me
    items: list[Any] = [{"Delete": delete}]
    for group in groups:
        update = {**table, "Key": typed(Id=f"TG#{group['Arn']}"), "UpdateExpression": "DELETE Holders :mine"}
        mine = {"SS": [f"{name} {len(group['Targets'])}"]}
        update["ExpressionAttributeValues"] = {":mine": mine}
        items.append({"Update": update})
    db.transact_write_items(TransactItems=items)


def put_back(elb: Any, group: dict[str, Any]) -> None:
    arn = group["Arn"]
    health = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    there = [d["Target"] for d in health if d["TargetHealth"]["State"] != "draining"]
    if missing := [target for target in group["Targets"] if target not in there]:
        elb.register_targets(TargetGroupArn=arn, Targets=missing)
