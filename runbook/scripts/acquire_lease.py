"""Can every target group spare this instance? Then one transaction takes the leases and writes the record."""

import json
import math
import time
from typing import Any

import boto3
from botocore.config import Config

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
WAIT_SECONDS = 300
LOOK_SECONDS = 15


def verdict(outcome: str, sentence: str, record: Any, wait: int = 0) -> dict[str, str]:
  found = {"Registrations": json.dumps(record), "WaitSeconds": str(wait)}
  return {"Outcome": outcome, "Sentence": sentence, **found}


def handler(event: Any, _context: Any) -> dict[str, str]:
  given = event["Assessment"]  # the only output of the child
  found = json.loads(given if isinstance(given, str) else given[0])
  passed = {"Roll": found["Roll"], "CommitBefore": found["CommitBefore"], "Look": found["Look"]}
  if found["Outcome"] == "continue":
    return {**acquire({**event, **passed}, json.loads(found["Registrations"])), **passed}
  return {**verdict(found["Outcome"], found["Sentence"], []), **passed}


def acquire(event: Any, groups: Any) -> dict[str, str]:
  elb, db = boto3.client("elbv2", config=RETRIES), boto3.client("dynamodb", config=RETRIES)
  end = time.time() + WAIT_SECONDS
  wait = max((group["Wait"] for group in groups), default=0)
  while True:
    if why := stopped(db, event, wait):
      return verdict("deferred", why, [])
    record, short = [], ""
    for group in groups:
      # The leases before the health: who takes one in between breaks the transaction's condition.
      holders = sorted(read(db, event, f"TG#{group['Arn']}").get("Holders", {}).get("SS", []))
      health = elb.describe_target_health(TargetGroupArn=group["Arn"])["TargetHealthDescriptions"]
      own = [d for d in health if d["Target"]["Id"] == event["InstanceId"]]
      ports = sorted(d["Target"]["Port"] for d in own if d["TargetHealth"]["State"] != "draining")
      if ports != sorted(target["Port"] for target in group["Targets"]):
        return verdict("deferred", f"REGISTRATION_CHANGED: Somebody else changes it in {group['Arn']}.", [])
      entry = entry_of(event, group, health, holders)
      if group["Targets"] and len(holders) >= int(event["MaxUnavailable"]):
        short = short or f"NO_LEASE: {', '.join(holders)} hold the leases of {group['Arn']}."
      short = short or below(entry, health, event["InstanceId"])
      record.append(entry)
    if not (short := short or lease(db, event, record)):
      return verdict("continue", "All leases are taken.", record, wait)
    if time.time() >= end:
      return verdict("deferred", short, [])
    time.sleep(LOOK_SECONDS)


def typed(**values: str) -> dict[str, Any]:
  return {name: {"S": value} for name, value in values.items()}


def read(db: Any, event: Any, key: str) -> dict[str, Any]:
  return dict(db.get_item(TableName=event["Table"], Key=typed(Id=key), ConsistentRead=True).get("Item", {}))


def stopped(db: Any, event: Any, wait: int = 0) -> str:
  """Why nobody of this roll may go on now; nothing if all may."""
  if halted := read(db, event, f"ROLL#{event['Roll']}").get("Halted"):
    return f"ROLL_HALTED: This roll was stopped: {halted['S']}."
  if read(db, event, "PAUSE"):
    return "PAUSED: Somebody paused all rolls."
  late = 0 < int(event["CommitBefore"]) < time.time() + wait
  return "WINDOW_CLOSING: It might not be back before the window ends." if late else ""


def lease(db: Any, event: Any, record: Any) -> str:
  """Takes all or nothing. Why it was refused, or nothing."""
  table, name = {"TableName": event["Table"]}, event["InstanceId"]
  item = typed(Id=f"INSTANCE#{name}", LeaseOwner=event["ExecutionId"], LeaseState="LEASED", LeaseToken="1")
  item |= typed(Roll=event["Roll"], Since=str(int(time.time())), Record=json.dumps(record), RecordSchema="1")
  item |= typed(PatchedBy=event["ExecutionId"])
  running = {**table, "Key": typed(Id=f"ROLL#{event['Roll']}"), "ConditionExpression": "attribute_not_exists(Halted)"}
  new = {**table, "ConditionExpression": "attribute_not_exists(Id)"}
  put, pause = {**new, "Item": item}, {**new, "Key": typed(Id="PAUSE")}
  items: list[Any] = [{"ConditionCheck": running}, {"ConditionCheck": pause}, {"Put": put}]
  for group in record:
    if group["Targets"]:
      seen, mine = {"SS": group["Holders"]}, {"SS": [f"{name} {len(group['Targets'])}"]}
      condition = "Holders = :seen" if group["Holders"] else "attribute_not_exists(Holders)"
      values = {":mine": mine, ":seen": seen} if group["Holders"] else {":mine": mine}
      update = {**table, "Key": typed(Id=f"TG#{group['Arn']}"), "ConditionExpression": condition}
      update |= {"UpdateExpression": "ADD Holders :mine", "ExpressionAttributeValues": values}
      items.append({"Update": update})
  try:
    db.transact_write_items(TransactItems=items)
  except db.exceptions.TransactionCanceledException:
    if read(db, event, f"INSTANCE#{name}"):
      return f"OPEN_RECORD: Another execution works on {name}, or left it."
    return "NO_LEASE: Another execution took a lease at the same moment."
  return ""


def entry_of(event: Any, group: Any, health: Any, holders: list[str]) -> dict[str, Any]:
  """What the record says of a group. A holder that is out is a member still."""
  members = [d["Target"]["Id"] for d in health]
  for holder, count in (entry.split() for entry in holders):
    members += [holder] * (int(count) - members.count(holder))
  own = [d for d in health if d["Target"]["Id"] == event["InstanceId"]]
  healthy = [d["Target"] for d in own if d["TargetHealth"]["State"] == "healthy"]
  zones = zones_of(members) if group["PerZone"] else {}
  entry = {"Arn": group["Arn"], "Targets": group["Targets"], "Healthy": healthy, "Zones": zones, "Holders": holders}
  return {**entry, "Floor": floors(event, group, own, members, zones)}


def floors(event: Any, group: Any, own: Any, members: list[str], zones: dict[str, str]) -> dict[str, int]:
  """The floor by scope: "*" is the whole group, the others are zones."""
  if not any(serves(d) for d in own):
    # It costs no capacity, but a group in use without a healthy target sends to all of them.
    return {"*": 1} if any(d["TargetHealth"]["State"] != "unused" for d in own) else {}
  count = max(int(event["MinHealthyCount"]), group["Count"])
  percent = max(int(event["MinHealthyPercent"]), group["Percentage"])
  scopes = ["*"] * len(members) + [zones.get(member, "unknown") for member in members if zones]
  return {s: max(count, math.ceil(percent * scopes.count(s) / 100)) for s in dict.fromkeys(scopes)}


def zones_of(members: list[str]) -> dict[str, str]:
  """From EC2: DescribeTargetHealth does not name the zones of instances."""
  ec2, ids, found = boto3.client("ec2", config=RETRIES), sorted(set(members)), {}
  for at in range(0, len(ids), 200):
    wanted = [{"Name": "instance-id", "Values": ids[at : at + 200]}]
    for page in ec2.get_paginator("describe_instances").paginate(Filters=wanted):
      for instance in (i for r in page["Reservations"] for i in r["Instances"]):
        found[instance["InstanceId"]] = instance["Placement"]["AvailabilityZone"]
  return found


def serves(d: Any) -> bool:
  shifted = d.get("AdministrativeOverride", {}).get("State") == "zonal_shift_active"
  return d["TargetHealth"]["State"] == "healthy" and not shifted


def below(entry: Any, health: Any, name: str) -> str:
  """The first scope below its floor without this instance and the others with a lease."""
  out = {name, *(holder.split()[0] for holder in entry["Holders"])}
  left = [d["Target"]["Id"] for d in health if d["Target"]["Id"] not in out and serves(d)]
  for scope, floor in entry["Floor"].items():
    count = sum(scope in ("*", entry["Zones"].get(target, "unknown")) for target in left)
    if count < floor:
      return f"FLOOR: {count} healthy targets left in {entry['Arn']} (scope {scope}), floor {floor}."
  return ""
