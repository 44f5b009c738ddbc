"""Which resources a window task runs on, and what its parameters become for each.

https://docs.aws.amazon.com/systems-manager/latest/userguide/maintenance-window-tasks-pseudo-parameters.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from albpatch.region.core import Region
from albpatch.region.operations import AwsError, Caller, NotKnownHere, operation
from albpatch.region.services.answers import page
from albpatch.region.services.window_definitions import PAGE, Window

Order = Callable[[list[str]], list[str]]
GONE = ("terminated", "shutting-down")
UNRESOLVED = "Step fails when it is validating and resolving the step inputs"
_PSEUDO = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


@dataclass(frozen=True)
class Resource:
    """One resource of a window target. `target_id` is what TARGET_ID yields: the instance id, or the group's ARN."""

    id: str
    target_id: str
    target_type: str
    window_target_id: str = ""
    owner_information: str = ""


def resources(region: Region, caller: Caller, window: Window, task: dict[str, Any], order: Order) -> list[Resource]:
    """The resources of a task, in the order in which they get their turn: window target by window target.

    AWS does not document the order inside a target, so it is an input.
    """
    found: dict[str, Resource] = {}
    for target in task.get("Targets", []):
        for value in target["Values"]:
            if target["Key"] == "InstanceIds":
                found.setdefault(value, Resource(value, value, "INSTANCE"))
                continue
            if value not in window.targets:
                raise AwsError(
                    "DoesNotExistException", f"Target {value} does not exist in maintenance window {window.id}"
                )
            for resource in _of_window_target(region, caller, value, window.targets[value], order):
                found.setdefault(resource.id, resource)
    return list(found.values())


def _of_window_target(
    region: Region, caller: Caller, window_target_id: str, target: dict[str, Any], order: Order
) -> Iterator[Resource]:
    owner = target.get("OwnerInformation", "")
    if target["ResourceType"] == "INSTANCE":
        for instance_id in order(_instances(region, target["Targets"])):
            yield Resource(instance_id, instance_id, "INSTANCE", window_target_id, owner)
        return
    for group in _values(target["Targets"], "resource-groups:Name"):
        answer = region.call(caller, "resource-groups", "ListGroupResources", {"Group": group})
        types = _values(target["Targets"], "resource-groups:ResourceTypeFilters") or ["AWS::EC2::Instance"]
        members = [r["Identifier"] for r in answer["Resources"] if r["Identifier"]["ResourceType"] in types]
        ids = [member["ResourceArn"].rpartition("/")[2] for member in members]
        arn = f"arn:{region.partition}:resource-groups:{region.name}:{region.account_id}:group/{group}"
        for instance_id in order(ids):
            yield Resource(instance_id, arn, "RESOURCE_GROUP", window_target_id, owner)


def _values(targets: list[dict[str, Any]], key: str) -> list[str]:
    return [value for target in targets if target["Key"] == key for value in target["Values"]]


def _instances(region: Region, targets: list[dict[str, Any]]) -> list[str]:
    """Ids of the instances that match every key with one of its values, in the order of the ids.

    A stopped instance matches; one that is terminated does not.
    """
    filters, wanted = [], None
    for target in targets:
        key, values = target["Key"], target["Values"]
        if key == "InstanceIds":
            wanted = set(values) if wanted is None else wanted & set(values)
        elif key.startswith("tag:") or key == "tag-key":
            filters.append({"Name": key, "Values": values})
        else:
            raise NotKnownHere(f"window target key {key}")
    if not filters:
        return sorted(wanted or ())
    answer = region.backend("ec2", "DescribeInstances", {"Filters": filters})
    found = [
        instance["InstanceId"]
        for reservation in answer["Reservations"]
        for instance in reservation["Instances"]
        if instance["State"]["Name"] not in GONE
    ]
    return sorted(i for i in found if wanted is None or i in wanted)


def substitute(parameters: Mapping[str, list[str]], values: Mapping[str, str]) -> dict[str, list[str]]:
    """The parameters with every pseudo parameter replaced. Spaces inside the braces are accepted.

    Raises:
        AwsError: an unknown pseudo parameter, or one that has no value for this kind of target.
    """

    def value_of(found: re.Match[str]) -> str:
        name = found[1].strip()
        if name not in values:
            raise AwsError("ValidationException", f"{UNRESOLVED}: {found[0]} is no pseudo parameter of this task.")
        return values[name]

    return {name: [_PSEUDO.sub(value_of, text) for text in texts] for name, texts in parameters.items()}


@operation("resource-groups", "ListGroupResources")
def list_group_resources(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """The EC2 instances of a group that is a query by tags. Other groups and resource types are not known here."""
    name = str(params.get("Group") or params.get("GroupName")).rpartition("/")[2]
    query = region.backend("resource-groups", "GetGroupQuery", {"GroupName": name})["GroupQuery"]["ResourceQuery"]
    if query["Type"] != "TAG_FILTERS_1_0" or params.get("Filters"):
        raise NotKnownHere(f"resource group {name}: query type {query['Type']} or filters of the request")
    asked = json.loads(query["Query"])
    types = set(asked["ResourceTypeFilters"])
    if not types <= {"AWS::EC2::Instance", "AWS::AllSupported"}:
        raise NotKnownHere(f"resource group {name}: resources of type {', '.join(sorted(types))}")
    targets = [{"Key": f"tag:{f['Key']}", "Values": f["Values"]} for f in asked.get("TagFilters", [])]
    prefix = f"arn:{region.partition}:ec2:{region.name}:{region.account_id}:instance/"
    found = [
        {"Identifier": {"ResourceArn": f"{prefix}{instance_id}", "ResourceType": "AWS::EC2::Instance"}}
        for instance_id in _instances(region, targets)
    ]
    return page(found, params, PAGE, "Resources")
