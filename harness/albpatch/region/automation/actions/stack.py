"""aws:createStack and aws:deleteStack: CloudFormation is asked and followed to the end. UG pages of both."""

from __future__ import annotations

from typing import Any

from albpatch.region.automation.actions import POLLING, Result, StepFailed, Work, action, api
from albpatch.region.automation.actions.resource_property import growing_pauses

GONE = "does not exist"  # CloudFormation has one code for everything that it refuses; the text tells


@action("aws:createStack")
def create(work: Work) -> Result:
    stack_id = api.call(work, "cloudformation", "CreateStack", dict(work.inputs))["StackId"]
    work.run.outputs["StackId"] = stack_id
    outputs = _followed(work, stack_id)
    if outputs["StackStatus"] != "CREATE_COMPLETE":
        raise StepFailed(POLLING, _failure(outputs), outputs=outputs)
    return Result(outputs, outputs)


@action("aws:deleteStack")
def delete(work: Work) -> Result:
    name = str(work.inputs["StackName"])
    api.call(work, "cloudformation", "DeleteStack", dict(work.inputs))
    try:
        outputs = _followed(work, name)
    except StepFailed as failure:
        if GONE not in failure.message:
            raise
        return Result()
    if outputs["StackStatus"] != "DELETE_COMPLETE":
        raise StepFailed(POLLING, _failure(outputs))
    return Result()


def _followed(work: Work, name: str) -> dict[str, Any]:
    """The stack's id, status and reason once nothing is in progress."""
    pauses = growing_pauses()
    while True:
        [stack] = api.call_of_action(work, "cloudformation", "DescribeStacks", {"StackName": name})["Stacks"]
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return {
                "StackId": stack.get("StackId", name),
                "StackStatus": stack["StackStatus"],
                "StackStatusReason": stack.get("StackStatusReason", ""),
            }
        work.clock.sleep(next(pauses))


def _failure(outputs: dict[str, Any]) -> str:
    reason = f": {outputs['StackStatusReason']}" if outputs["StackStatusReason"] else ""
    return f"Stack {outputs['StackId']} entered unexpected state {outputs['StackStatus']}{reason}".rstrip(".")
