"""Can this instance be patched, and where is it registered? Changes nothing."""

import json
import time
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

RETRIES = Config(retries={"mode": "standard", "max_attempts": 8})
CLOCK_TOLERANCE = 60  # seconds; patch states carry the instance's own clock
NETWORK_PROPAGATION = 120  # a Network Load Balancer goes on sending for two minutes


def verdict(outcome: str, sentence: str, own: Any = (), scan: str = "none", not_before: float = 0) -> dict[str, str]:
  plan = {"Scan": scan, "ScanNotBefore": str(int(not_before))}
  return {"Outcome": outcome, "Sentence": sentence, "Registrations": json.dumps(list(own)), "Look": "none", **plan}


def handler(event: Any, _context: Any) -> dict[str, str]:
  execution, _, window = event["StartedBy"].partition("/")
  roll = window or execution or event["ExecutionId"]
  before = commit_before(event, roll)
  found = classify(event, roll, bool(before))
  return {**found, "Roll": roll, "SnapshotId": window, "CommitBefore": str(before)}


def commit_before(event: Any, roll: str) -> int:
  """0 where a person started it: then no window has the roll's id."""
  try:
    found = boto3.client("ssm", config=RETRIES).get_maintenance_window_execution(WindowExecutionId=roll)
  except ClientError as error:
    if error.response["Error"]["Code"] != "DoesNotExistException":
      raise
    return 0
  return int(found["StartTime"].timestamp()) + int(event["CommitSeconds"])


def classify(event: Any, roll: str, in_window: bool) -> dict[str, str]:
  name = event["InstanceId"]
  answer = boto3.client("ec2", config=RETRIES).describe_instances(Filters=[{"Name": "instance-id", "Values": [name]}])
  instance: Any = next((i for r in answer["Reservations"] for i in r["Instances"]), {})
  state, tags = instance.get("State", {}).get("Name", "terminated"), instance.get("Tags", [])
  if state in ("terminated", "shutting-down"):
    return verdict("skipped", f"INSTANCE_GONE: {name} does not exist any more.")
  if state != "running":
    return verdict("skipped", f"INSTANCE_NOT_RUNNING: {name} is {state}.")
  ssm = boto3.client("ssm", config=RETRIES)
  answer = ssm.describe_instance_information(Filters=[{"Key": "InstanceIds", "Values": [name]}])
  node: Any = next(iter(answer["InstanceInformationList"]), {})
  ping = node.get("PingStatus", "unknown")
  if ping != "Online":
    return verdict("skipped", f"NOT_MANAGED: For Systems Manager the agent of {name} is {ping}.")
  if any(tag["Key"] == "aws:autoscaling:groupName" for tag in tags):
    return verdict("deferred", f"AUTO_SCALING_GROUP: {name} belongs to an Auto Scaling group.")
  if halted := read(event, f"ROLL#{roll}").get("Halted"):
    return verdict("deferred", f"ROLL_HALTED: This roll was stopped: {halted['S']}.")
  if record := read(event, f"INSTANCE#{name}"):
    owner, state = record["LeaseOwner"]["S"], record["LeaseState"]["S"]
    return verdict("deferred", f"OPEN_RECORD: {owner} works on {name}, or left it ({state}).")
  if in_window and (failed := read(event, f"FAILED#{name}").get("Failure")):
    return verdict("deferred", f"FAILED_LAST_TIME: {failed['S']}. Once it is mended, start it by hand.")
  elb = boto3.client("elbv2", config=RETRIES)
  own = locate(elb, event["TargetGroupArns"], instance)
  if any("draining" in entry["States"] for entry in own):
    return verdict("deferred", f"ALREADY_DRAINING: Somebody else is deregistering {name}.")
  scan, not_before = plan_scan(ssm, event)
  count = sum(len(entry["Targets"]) for entry in own)
  found = verdict("continue", f"{name} is managed and registered {count} times.", own, scan, not_before)
  if event["WaitFor"] != "delay" and node["PlatformType"] == "Linux":
    found["Look"] = look(elb, own, int(event["PropagationSeconds"]))
  return found


def read(event: Any, key: str) -> dict[str, Any]:
  db, text = boto3.client("dynamodb", config=RETRIES), {"S": key}
  return dict(db.get_item(TableName=event["Table"], Key={"Id": text}, ConsistentRead=True).get("Item", {}))


def locate(elb: Any, arns: list[str], instance: Any) -> list[Any]:
  """An entry for each given group, even without targets: somebody may register it. Otherwise for each found."""
  name, given = instance["InstanceId"], []
  if arns:
    groups = elb.describe_target_groups(TargetGroupArns=arns)["TargetGroups"]
    refuse([g["TargetGroupArn"] for g in groups if g["TargetType"] != "instance"])
    given = registered(elb, groups, name)
  if any(entry["Targets"] for entry in given):
    return given
  pages = elb.get_paginator("describe_target_groups").paginate()
  groups = [g for page in pages for g in page["TargetGroups"] if g.get("VpcId") == instance["VpcId"]]
  by_address = registered(elb, [g for g in groups if g["TargetType"] == "ip"], instance["PrivateIpAddress"])
  refuse([entry["Arn"] for entry in by_address if entry["Targets"]])
  found = registered(elb, [g for g in groups if g["TargetType"] == "instance"], name)
  own = [entry for entry in found if entry["Targets"]]
  if arns and own:
    raise RuntimeError(f"TARGET_GROUP_NOT_CONFIGURED: It would be rebooted under the traffic of {own[0]['Arn']}.")
  return own or given


def refuse(arns: list[str]) -> None:
  if arns:
    raise RuntimeError(f"TARGET_TYPE_NOT_SUPPORTED: The targets of {arns[0]} are not instances.")


def registered(elb: Any, groups: Any, target_id: str) -> list[Any]:
  """A group is always read as a whole: asked for by id alone, targets on other ports are missed."""
  found = []
  for group in groups:
    arn = group["TargetGroupArn"]
    health = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    own = [d for d in health if d["Target"]["Id"] == target_id]
    entry = {"Arn": arn, "Protocol": group["Protocol"], "Targets": [d["Target"] for d in own]}
    entry |= {"Balancers": group["LoadBalancerArns"], "Interval": group["HealthCheckIntervalSeconds"]}
    found.append({**entry, "States": [d["TargetHealth"]["State"] for d in own]})
  return found


def look(elb: Any, own: Any, least: int) -> str:
  """Ports, networks of the load balancers, seconds for two health checks, least seconds."""
  used = [entry for entry in own if entry["Targets"] and entry["Balancers"]]
  arns, protocols = sorted({arn for entry in used for arn in entry["Balancers"]}), {e["Protocol"] for e in used}
  if not 1 <= len(arns) <= 20 or protocols - {"HTTP", "HTTPS", "TCP", "TLS"}:
    return "none"  # without connections there is nothing to see
  balancers = elb.describe_load_balancers(LoadBalancerArns=arns)["LoadBalancers"]
  ids = sorted({zone["SubnetId"] for balancer in balancers for zone in balancer["AvailabilityZones"]})
  subnets = boto3.client("ec2", config=RETRIES).describe_subnets(SubnetIds=ids)["Subnets"]
  peers = {s["CidrBlock"] for s in subnets if "CidrBlock" in s}
  peers |= {one["Ipv6CidrBlock"] for s in subnets for one in s.get("Ipv6CidrBlockAssociationSet", [])}
  if protocols & {"TCP", "TLS"}:  # a Network Load Balancer may keep the client's address
    peers, least = {"0.0.0.0/0", "::/0"}, max(least, NETWORK_PROPAGATION)
  ports = sorted({str(target["Port"]) for entry in used for target in entry["Targets"]})
  return f"{','.join(ports)} {','.join(sorted(peers))} {2 * max(e['Interval'] for e in used) + 5} {least}"


def plan_scan(ssm: Any, event: Any) -> tuple[str, float]:
  now, age = time.time(), 60 * int(event["ScanMaxAgeMinutes"])
  if event["SkipWhenCompliant"] == "false":
    return "skip", now
  states = ssm.describe_instance_patch_states(InstanceIds=[event["InstanceId"]])["InstancePatchStates"] if age else []
  for state in states:
    # An Install report lists nothing missing, so only a Scan can be reused.
    if state["Operation"] == "Scan" and state["OperationStartTime"].timestamp() >= now - age:
      return "reuse", now - age
  return "run", now - CLOCK_TOLERANCE
