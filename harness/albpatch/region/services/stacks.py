"""CloudFormation's operations. Only what documents of AWS's send is known."""

from __future__ import annotations

from typing import Any

from albpatch.region.core import Region
from albpatch.region.operations import AwsError, Caller, NotKnownHere, operation
from albpatch.region.services.answers import moment
from albpatch.region.stacks import Stack, Stacks


def _only(params: dict[str, Any], name: str, *known: str) -> None:
    strange = sorted(set(params) - set(known))
    if strange:
        raise NotKnownHere(f"cloudformation:{name} {strange[0]}")


@operation("cloudformation", "CreateStack")
def create_stack(region: Region, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """Begin to build a stack of a known template."""
    _only(params, "CreateStack", "StackName", "TemplateURL", "Parameters", "Capabilities")
    if "TemplateURL" not in params:
        raise AwsError("ValidationError", "Either Template URL or Template Body must be specified.")
    given = {p["ParameterKey"]: p["ParameterValue"] for p in params.get("Parameters", [])}
    stacks = region.part(Stacks)
    stack = stacks.create(caller, params["StackName"], params["TemplateURL"], given, params.get("Capabilities", []))
    return {"StackId": stack.id}


@operation("cloudformation", "DescribeStacks")
def describe_stacks(region: Region, _caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """One stack by name or id; a deleted one is found by its id only."""
    _only(params, "DescribeStacks", "StackName")
    if "StackName" not in params:
        raise NotKnownHere("cloudformation:DescribeStacks without StackName")
    stack = region.part(Stacks).find(params["StackName"])
    if stack is None:
        raise AwsError("ValidationError", f"Stack with id {params['StackName']} does not exist")
    return {"Stacks": [_description(stack)]}


@operation("cloudformation", "DeleteStack")
def delete_stack(region: Region, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """Begin to remove a stack; one that does not exist is no error."""
    _only(params, "DeleteStack", "StackName")
    region.part(Stacks).delete(caller, params["StackName"])
    return {}


def _description(stack: Stack) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "StackId": stack.id,
        "StackName": stack.name,
        "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in stack.parameters.items()],
        "CreationTime": moment(stack.created),
        "StackStatus": stack.status,
        "Capabilities": stack.capabilities,
    }
    if stack.reason:
        shown["StackStatusReason"] = stack.reason
    if stack.deleted is not None:
        shown["DeletionTime"] = moment(stack.deleted)
    return shown
