"""Small plans as `terraform show -json` prints them, to be bent by the tests."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

ACCOUNT, REGION = "123456789012", "eu-central-1"
SSM = f"arn:aws:ssm:{REGION}:{ACCOUNT}"
RUNBOOK = """\
schemaVersion: "0.3"
assumeRole: arn:aws:iam::123456789012:role/web-runbook
parameters:
  InstanceId: {type: String, allowedPattern: "^i-[0-9a-f]{17}$"}
  TargetGroupArns: {type: StringList}
  MinHealthyCount: {type: String, default: "1", allowedPattern: "^[0-9]{1,4}$"}
mainSteps:
- name: Check
  action: aws:executeScript
  timeoutSeconds: 300
  onFailure: step:Tell
  nextStep: Choose
  inputs:
    Runtime: python3.11
    Handler: handler
    InputPayload: {Least: "{{MinHealthyCount}}", PropagationSeconds: 30}
    Script: |
      import boto3
      def handler(event, _):
          elb = boto3.client("elbv2")
          found = elb.describe_target_health(TargetGroupArn="x")["TargetHealthDescriptions"]
          if len(found) < int(event["Least"]):
              raise RuntimeError("FLOOR: too few")
          return {"Outcome": "continue"}
  outputs: [{Name: Outcome, Selector: $.Payload.Outcome, Type: String}]
- name: Choose
  action: aws:branch
  onFailure: step:Tell
  inputs:
    Choices: [{Variable: "{{Check.Outcome}}", StringEquals: continue, NextStep: TakeOut}]
    Default: Tell
- name: TakeOut
  action: aws:executeAwsApi
  timeoutSeconds: 60
  onFailure: step:PutBack
  onCancel: step:PutBack
  nextStep: Drain
  inputs: {Service: elbv2, Api: DeregisterTargets, TargetGroupArn: x, Targets: []}
- name: Drain
  action: aws:sleep
  onFailure: step:PutBack
  onCancel: step:PutBack
  nextStep: Install
  inputs: {Duration: PT5M}
- name: Install
  action: aws:runCommand
  timeoutSeconds: 1800
  onFailure: step:PutBack
  onCancel: step:PutBack
  nextStep: PutBack
  inputs:
    DocumentName: AWS-RunPatchBaseline
    InstanceIds: ["{{InstanceId}}"]
    Parameters: {Operation: [Install]}
- name: PutBack
  action: aws:executeAwsApi
  timeoutSeconds: 60
  maxAttempts: 3
  isCritical: true
  onFailure: step:Tell
  nextStep: Tell
  inputs: {Service: elbv2, Api: RegisterTargets, TargetGroupArn: x, Targets: []}
- name: Tell
  action: aws:sleep
  isEnd: true
  inputs: {Duration: PT1S}
"""


RESTORE = """\
schemaVersion: "0.3"
assumeRole: arn:aws:iam::123456789012:role/web-restore
parameters:
  InstanceId: {type: String, default: "", allowedPattern: "^(i-[0-9a-f]{17})?$"}
mainSteps:
- name: Claim
  action: aws:executeScript
  timeoutSeconds: 300
  isCritical: true
  onFailure: Abort
  nextStep: PutBack
  inputs:
    Runtime: python3.11
    Handler: handler
    InputPayload: {InstanceId: "{{InstanceId}}", Table: web-leases}
    Script: |
      import boto3
      def handler(event, _):
          key = {"Id": {"S": "INSTANCE#" + event["InstanceId"]}}
          record = boto3.client("dynamodb").get_item(TableName=event["Table"], Key=key).get("Item")
          if not record:
              raise RuntimeError("NO_RECORD: nothing to do")
- name: PutBack
  action: aws:executeAwsApi
  timeoutSeconds: 60
  onFailure: Abort
  isEnd: true
  inputs: {Service: elbv2, Api: RegisterTargets, TargetGroupArn: x, Targets: []}
"""


def arn(name: str = "web") -> str:
    """The ARN of a target group."""
    return f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/{name}/0123456789abcdef"


def fleet(**more: Any) -> dict[str, Any]:
    """A fleet of the record: instances with the tag Fleet = web behind target group web."""
    return {
        "name": "web-web",
        "tags": {"Fleet": ["web"]},
        "instance_ids": [],
        "resource_group": None,
        "target_group_arns": [arn()],
        "disruption_budget": {"max_unavailable": 1, "min_healthy": 1, "min_healthy_percent": 50},
        **more,
    }


def record(name: str = "web", fleets: dict[str, Any] | None = None, **window: Any) -> dict[str, Any]:
    """A deployment record. window: members of the window that differ from Sunday 03:00 UTC, 4 h, cutoff 1 h."""
    return {
        "schema": "alb-patching/deployment/1",
        "name": name,
        "partition": "aws",
        "region": REGION,
        "account_id": ACCOUNT,
        "document": {
            "name": f"{name}-alb-patching",
            "content_sha256": "0",
            "source": "bundled",
            "source_version": None,
            "source_sha256": None,
        },
        "automation_role": {"name": f"{name}-runbook", "arn": f"arn:aws:iam::{ACCOUNT}:role/{name}-runbook"},
        "window_role": {"name": f"{name}-window", "arn": f"arn:aws:iam::{ACCOUNT}:role/{name}-window"},
        "lease_table": f"{name}-leases",
        "restore": {
            "document": f"{name}-alb-restore",
            "role": {"name": f"{name}-restore", "arn": f"arn:aws:iam::{ACCOUNT}:role/{name}-restore"},
            "events": {
                "rule": f"{name}-ended",
                "sweep_rule": None,
                "queue": f"{name}-not-started",
                "role": {"name": f"{name}-events", "arn": f"arn:aws:iam::{ACCOUNT}:role/{name}-events"},
            },
        },
        "window": {
            "name": f"{name}-alb-patching",
            "expression": "cron(0 3 ? * SUN *)",
            "timezone": "UTC",
            "duration_hours": 4,
            "cutoff_hours": 1,
            "offset_days": None,
            "start_date": None,
            "end_date": None,
            "enabled": True,
            **window,
        },
        "fleets": fleets if fleets is not None else {"web": fleet()},
        "settings": {
            "patching": {"skip_when_compliant": True, "timeout_seconds": 1800, "scan_max_age_minutes": 0},
            "drain": {"wait_for": "quiet_or_delay", "propagation_seconds": 30, "quiet_seconds": 20},
            "health": {"consecutive_looks": 3, "interval_seconds": 15, "timeout_seconds": 900, "bake_seconds": 0},
            "alarms": {"names": [], "insufficient_data": "allow"},
            "logs": {},
            "drain_minutes": None,
        },
    }


def statement(actions: list[str], resources: list[str], **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


MOVES = ["elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets"]
READS = ["elasticloadbalancing:DescribeTargetHealth", "ssm:ListCommands", "ssm:ListCommandInvocations"]
PASSES = {"StringEquals": {"iam:PassedToService": "ssm.amazonaws.com"}}
MACHINES = f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/*"
SEND = statement(["ssm:SendCommand"], [f"{SSM.replace(ACCOUNT, '')}:document/AWS-RunPatchBaseline", MACHINES])
STEPS = (statement(READS, ["*"]), statement(MOVES, [arn()]), SEND)


def trust(**condition: Any) -> str:
    found = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ssm.amazonaws.com"}}
    return policy({**found, **({"Condition": condition} if condition else {})})


class Made:
    """The resources of a configuration, by address, as values after an apply. Tests change them before planning."""

    def __init__(self) -> None:
        self.values: dict[str, dict[str, Any]] = {}
        self.unknown: dict[str, Any] = {}
        self.sensitive: dict[str, Any] = {}
        self.data: list[dict[str, Any]] = []
        self.configuration: dict[str, Any] = {}

    def add(self, address: str, **values: Any) -> Made:
        """A resource, its type and name as the address says them."""
        self.values[address] = values
        return self

    def call(self, module: str = "module.web", given: dict[str, Any] | None = None, text: str = RUNBOOK) -> Made:
        """A call of the module with everything it makes."""
        made = given or record()
        roles = made["automation_role"], made["window_role"]
        text = text.replace(f"arn:aws:iam::{ACCOUNT}:role/web-runbook", roles[0]["arn"])
        arns = [one for each in made["fleets"].values() for one in each["target_group_arns"]]
        role, window = f"{module}.module.automation_role", f"{module}.module.maintenance_window"
        self.add(f"{module}.terraform_data.deployment", input=made)
        named = made["document"]["name"]
        self.add(
            f"{module}.module.automation_document.aws_ssm_document.this", name=named, content=text, permissions=None
        )
        source = {"aws:SourceAccount": ACCOUNT}
        self.add(f"{role}.aws_iam_role.this", name=roles[0]["name"], assume_role_policy=trust(StringEquals=source))
        steps = policy(statement(READS, ["*"]), statement(MOVES, sorted(set(arns))), SEND)
        self.add(f"{role}.aws_iam_role_policy.steps", role=roles[0]["name"], policy=steps)
        self.add(f"{window}.aws_iam_role.this", name=roles[1]["name"], assume_role_policy=trust())
        starts = policy(
            statement(
                ["ssm:StartAutomationExecution"],
                [f"{SSM}:document/{made['document']['name']}", f"{SSM}:automation-execution/*"],
            ),
            statement(["iam:PassRole"], [roles[0]["arn"]], Condition=PASSES),
        )
        self.add(f"{window}.aws_iam_role_policy.this", role=roles[1]["name"], policy=starts)
        self._leases(module, made, sorted(set(arns)))
        schedule = {key: made["window"][key] for key in ("start_date",)}
        self.add(
            f"{window}.aws_ssm_maintenance_window.this",
            schedule=made["window"]["expression"],
            schedule_timezone=made["window"]["timezone"],
            schedule_offset=made["window"]["offset_days"],
            **schedule,
        )
        for name, each in made["fleets"].items():
            self.add(f'{window}.aws_ssm_maintenance_window_target.fleet["{name}"]')
            self.add(f'{window}.aws_ssm_maintenance_window_task.fleet["{name}"]', **task(each))
        return self

    def _leases(self, module: str, made: dict[str, Any], arns: list[str]) -> None:
        """The lease table and the restore runbook with its role; a clone of AWS's runbook has neither."""
        if made["lease_table"] is None:
            return
        recovery, role, table = f"{module}.module.recovery[0]", made["restore"]["role"], made["lease_table"]
        self.add(
            f"{module}.module.leases[0].aws_dynamodb_table.this[0]",
            name=table,
            hash_key="Id",
            attribute=[{"name": "Id", "type": "S"}],
            point_in_time_recovery=[{"enabled": True}],
            ttl=[],
        )
        text = RESTORE.replace("role/web-restore", f"role/{role['name']}").replace("web-leases", table)
        self.add(
            f"{recovery}.module.document.aws_ssm_document.this",
            name=made["restore"]["document"],
            content=text,
            permissions=None,
        )
        source = {"aws:SourceAccount": ACCOUNT}
        self.add(f"{recovery}.aws_iam_role.restore", name=role["name"], assume_role_policy=trust(StringEquals=source))
        steps = policy(
            statement(["elasticloadbalancing:RegisterTargets"], arns),
            statement(["dynamodb:GetItem"], [f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}"]),
        )
        self.add(f"{recovery}.aws_iam_role_policy.restore", role=role["name"], policy=steps)
        self._events(recovery, made["restore"])

    def _events(self, recovery: str, restore: dict[str, Any]) -> None:
        """The rule that starts the restore runbook, with its target and its role."""
        events, source = restore["events"], {"aws:SourceAccount": ACCOUNT}
        role = f"{recovery}.aws_iam_role.events"
        self.add(role, name=events["role"]["name"], assume_role_policy=trust(StringEquals=source))
        starts = policy(
            statement(
                ["ssm:StartAutomationExecution"],
                [f"{SSM}:document/{restore['document']}", f"{SSM}:automation-execution/*"],
            ),
            statement(["iam:PassRole"], [restore["role"]["arn"]], Condition=PASSES),
        )
        self.add(f"{recovery}.aws_iam_role_policy.events", role=events["role"]["name"], policy=starts)
        self.add(f"{recovery}.aws_cloudwatch_event_rule.ended", name=events["rule"], state="ENABLED")
        self.add(
            f"{recovery}.aws_cloudwatch_event_target.ended",
            rule=events["rule"],
            arn=f"{SSM}:automation-definition/{restore['document']}:$DEFAULT",
            dead_letter_config=[{"arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{events['queue']}"}],
        )

    def copy(self) -> Made:
        return copy.deepcopy(self)

    def put(self, address: str, *path: Any, value: Any) -> Made:
        """The same with another value at a path of a resource's values."""
        other = self.copy()
        node: Any = other.values[address]
        for step in path[:-1]:
            node = node[step]
        node[path[-1]] = value
        return other


def task(given: dict[str, Any]) -> dict[str, Any]:
    """A window task as the module makes it."""
    parameters = {"InstanceId": ["{{RESOURCE_ID}}"], "TargetGroupArns": given["target_group_arns"]}
    listed = [{"name": name, "values": values} for name, values in parameters.items()]
    return {
        "max_concurrency": "1",
        "max_errors": "0",
        "cutoff_behavior": "CANCEL_TASK",
        "task_invocation_parameters": [{"automation_parameters": [{"document_version": "3", "parameter": listed}]}],
    }


def plan(after: Made, before: Made | None = None, actions: dict[str, list[str]] | None = None) -> dict[str, Any]:
    """The plan that leads from one to the other. actions: end of an address -> what Terraform does instead."""
    old = before.values if before else {}
    entries = []
    for address in dict.fromkeys([*after.values, *old]):
        was, will = old.get(address), after.values.get(address)
        done = ["create"] if was is None else ["delete"] if will is None else ["no-op"] if was == will else ["update"]
        done = next((said for end, said in (actions or {}).items() if address.endswith(end)), done)
        change = {
            "actions": done,
            "before": was,
            "after": will,
            "after_unknown": after.unknown.get(address, {}),
            "before_sensitive": before.sensitive.get(address, {}) if before else {},
            "after_sensitive": after.sensitive.get(address, {}),
        }
        entries.append({**_named(address), "change": change})
    prior = {"values": {"root_module": {"resources": after.data}}}
    return {
        "format_version": "1.2",
        "planned_values": {},
        "resource_changes": entries,
        "prior_state": prior,
        "configuration": {"root_module": after.configuration},
    }


def _named(address: str) -> dict[str, Any]:
    """Address, module, type, name and index as a plan's entry has them."""
    match = re.fullmatch(r"(?:(?P<module>.+)\.)?(?P<type>\w+)\.(?P<name>\w+)(?:\[(?P<index>[^\]]+)\])?", address)
    assert match, address
    named: dict[str, Any] = {"address": address, "mode": "managed", "type": match["type"], "name": match["name"]}
    if match["module"]:
        named["module_address"] = match["module"]
    if match["index"]:
        named["index"] = json.loads(match["index"])
    return named
