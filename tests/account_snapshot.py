"""What Terraform leaves in a region, without ids and dates, so that two regions can be compared."""

from __future__ import annotations

import json
from typing import Any

from albpatch.region.core import Region
from albpatch.region.services.window_definitions import WindowDefinitions

_DATES = ("CreatedDate", "ModifiedDate")
_OF_A_TABLE = (
    "AttributeDefinitions",
    "BillingModeSummary",
    "DeletionProtectionEnabled",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "LocalSecondaryIndexes",
    "ProvisionedThroughput",
    "SSEDescription",
    "StreamSpecification",
    "TableClassSummary",
    "TableStatus",
)


def snapshot(region: Region) -> dict[str, Any]:
    """Everything that the module makes, and others of these kinds; names for ids."""
    found = {"documents": _documents(region), "roles": _roles(region), "windows": _windows(region)}
    found |= {"rules": _rules(region), "queues": _queues(region), "alarms": _alarms(region)}
    return {**found, "tables": _tables(region)}


def _ask(region: Region, service: str, operation: str, **params: Any) -> dict[str, Any]:
    return region.call(region.administrator, service, operation, params)


def _documents(region: Region) -> dict[str, Any]:
    found = {}
    for listed in _ask(region, "ssm", "ListDocuments")["DocumentIdentifiers"]:
        name = listed["Name"]
        described = _ask(region, "ssm", "DescribeDocument", Name=name)["Document"]
        shown = {key: value for key, value in described.items() if key not in _DATES}
        text = _ask(region, "ssm", "GetDocument", Name=name, DocumentFormat=described["DocumentFormat"])["Content"]
        found[name] = {**shown, "Content": text, "AllTags": _tags(region, "Document", name)}
    return found


def _roles(region: Region) -> dict[str, Any]:
    found = {}
    for listed in region.backend("iam", "ListRoles", {})["Roles"]:
        name = {"RoleName": listed["RoleName"]}
        role = region.backend("iam", "GetRole", name)["Role"]
        policies = region.backend("iam", "ListRolePolicies", name)["PolicyNames"]
        attached = region.backend("iam", "ListAttachedRolePolicies", name)["AttachedPolicies"]
        found[role["RoleName"]] = {
            "arn": role["Arn"],
            "description": role.get("Description"),
            "trust": role["AssumeRolePolicyDocument"],
            "session": role["MaxSessionDuration"],
            "boundary": role.get("PermissionsBoundary"),
            "tags": sorted((tag["Key"], tag["Value"]) for tag in role.get("Tags", [])),
            "policies": {p: _policy(region, {**name, "PolicyName": p}) for p in policies},
            "attached": sorted(policy["PolicyArn"] for policy in attached),
        }
    return found


def _policy(region: Region, which: dict[str, str]) -> Any:
    document = region.backend("iam", "GetRolePolicy", which)["PolicyDocument"]
    return json.loads(document) if isinstance(document, str) else document


def _windows(region: Region) -> dict[str, Any]:
    found = {}
    for window in region.part(WindowDefinitions).windows.values():
        names = {target_id: target["Name"] for target_id, target in window.targets.items()}
        tasks = {}
        for task in window.tasks.values():
            targets = [{**t, "Values": [names.get(v, v) for v in t["Values"]]} for t in task.get("Targets", [])]
            tasks[task["Name"]] = {**task, "Targets": targets}
        found[window.members["Name"]] = {
            "members": {key: value for key, value in window.members.items() if key not in _DATES},
            "tags": window.tags,
            "targets": {target["Name"]: target for target in window.targets.values()},
            "tasks": tasks,
        }
    return found


def _rules(region: Region) -> dict[str, Any]:
    found = {}
    for rule in region.backend("events", "ListRules", {})["Rules"]:
        targets = region.backend("events", "ListTargetsByRule", {"Rule": rule["Name"]})["Targets"]
        tags = region.backend("events", "ListTagsForResource", {"ResourceARN": rule["Arn"]})["Tags"]
        pattern = json.loads(rule.get("EventPattern") or "null")
        found[rule["Name"]] = {**rule, "EventPattern": pattern, "targets": targets, "tags": tags}
    return found


def _queues(region: Region) -> dict[str, Any]:
    found = {}
    for url in region.backend("sqs", "ListQueues", {}).get("QueueUrls", []):
        asked = {"QueueUrl": url, "AttributeNames": ["All"]}
        attributes = region.backend("sqs", "GetQueueAttributes", asked)["Attributes"]
        shown = {key: value for key, value in attributes.items() if "Timestamp" not in key}
        shown["Policy"] = json.loads(shown.get("Policy") or "null")
        tags = region.backend("sqs", "ListQueueTags", {"QueueUrl": url}).get("Tags", {})
        found[url.rpartition("/")[2]] = {"attributes": shown, "tags": tags}
    return found


def _alarms(region: Region) -> dict[str, Any]:
    alarms = region.backend("cloudwatch", "DescribeAlarms", {})["MetricAlarms"]
    return {a["AlarmName"]: {k: v for k, v in a.items() if not k.endswith("Timestamp")} for a in alarms}


def _tables(region: Region) -> dict[str, Any]:
    found = {}
    for name in region.backend("dynamodb", "ListTables", {})["TableNames"]:
        which = {"TableName": name}
        table = region.backend("dynamodb", "DescribeTable", which)["Table"]
        tags = region.backend("dynamodb", "ListTagsOfResource", {"ResourceArn": table["TableArn"]})["Tags"]
        backups = region.backend("dynamodb", "DescribeContinuousBackups", which)["ContinuousBackupsDescription"]
        found[name] = {
            **{key: table.get(key) for key in _OF_A_TABLE},
            "recovery": backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"],
            "expires": region.backend("dynamodb", "DescribeTimeToLive", which)["TimeToLiveDescription"],
            "tags": sorted((tag["Key"], tag["Value"]) for tag in tags),
        }
    return found


def _tags(region: Region, kind: str, name: str) -> list[tuple[str, str]]:
    listed = _ask(region, "ssm", "ListTagsForResource", ResourceType=kind, ResourceId=name)["TagList"]
    return sorted((tag["Key"], tag["Value"]) for tag in listed)
