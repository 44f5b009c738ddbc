"""CloudFormation, as far as documents of AWS's need it: stacks of the templates that stack_templates.yaml lists.

A stack is built and removed in time, resource after resource, with the permissions of whoever asked for it
(CloudFormation User Guide, "Controlling access": without a service role the caller's credentials are used).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from albpatch.region.automation.executions import identifier
from albpatch.region.core import Region
from albpatch.region.operations import AwsError, Caller, NotKnownHere
from albpatch.region.stack_resources import Resource, resource

_NAME = re.compile(r"[A-Za-z][-A-Za-z0-9]{0,127}")


@dataclass
class Stack:
    """One stack. Times are seconds since the epoch."""

    name: str
    id: str
    caller: Caller
    parameters: dict[str, str]
    capabilities: list[str]
    created: float
    resources: list[Resource]
    status: str = "CREATE_IN_PROGRESS"
    reason: str = ""
    deleted: float | None = None
    built: list[Resource] = field(default_factory=list)


@cache
def templates() -> dict[str, dict[str, Any]]:
    """The known templates by URL."""
    text = files("albpatch.region.services").joinpath("stack_templates.yaml").read_text(encoding="utf-8")
    return {template["url"]: template for template in yaml.safe_load(text)}


class Stacks:
    """The stacks of a region (a region's part)."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self.all: list[Stack] = []

    def create(self, caller: Caller, name: str, url: str, parameters: dict[str, str], capabilities: list[str]) -> Stack:
        """Begin to build a stack.

        Raises:
            AwsError: as CreateStack answers.
            NotKnownHere: nobody knows what the template builds.
        """
        template = templates().get(url)
        if template is None:
            raise NotKnownHere(f"the template {url}")
        if not _NAME.fullmatch(name):
            raise AwsError("ValidationError", f"Value '{name}' at 'stackName' failed to satisfy constraint")
        if self.find(name) is not None:
            raise AwsError("AlreadyExistsException", f"Stack [{name}] already exists")
        _check_parameters(template["parameters"], parameters)
        if template["capability"] not in capabilities and "CAPABILITY_NAMED_IAM" not in capabilities:
            raise AwsError("InsufficientCapabilitiesException", f"Requires capabilities : [{template['capability']}]")
        number = identifier("stack", name, len(self.all))
        arn = f"arn:{self._region.partition}:cloudformation:{self._region.name}:{self._region.account_id}:stack"
        resources = [resource(self._region, content, name, parameters) for content in template["resources"]]
        now = self._region.clock.time()
        stack = Stack(name, f"{arn}/{name}/{number}", caller, parameters, capabilities, now, resources)
        self.all.append(stack)
        self._region.clock.spawn(f"stack {name}", self._build, stack)
        return stack

    def delete(self, caller: Caller, name: str) -> None:
        """Begin to remove a stack. One that does not exist, or is being removed, is no error."""
        stack = self.find(name)
        if stack is None or stack.status == "DELETE_IN_PROGRESS":
            return
        stack.status, stack.caller = "DELETE_IN_PROGRESS", caller
        self._region.clock.spawn(f"stack {name}", self._remove, stack, "DELETE")

    def find(self, name: str) -> Stack | None:
        """The stack of this name that is not deleted, or the one of this id whatever became of it."""
        for stack in reversed(self.all):
            if stack.id == name or (stack.name == name and stack.deleted is None):
                return stack
        return None

    def _build(self, stack: Stack) -> None:
        for each in stack.resources:
            self._region.clock.sleep(each.seconds)
            try:
                each.create(stack.caller, stack.built)
            except AwsError as error:
                stack.reason = f"The following resource(s) failed to create: [{each.name}]. {error.message}"
                stack.status = "ROLLBACK_IN_PROGRESS"
                self._remove(stack, "ROLLBACK")
                return
            stack.built.append(each)
        stack.status = "CREATE_COMPLETE"

    def _remove(self, stack: Stack, why: str) -> None:
        for each in reversed(list(stack.built)):
            self._region.clock.sleep(each.seconds)
            try:
                each.delete(stack.caller)
            except AwsError as error:
                stack.status = f"{why}_FAILED"
                stack.reason = f"The following resource(s) failed to delete: [{each.name}]. {error.message}"
                return
            stack.built.remove(each)
        stack.status = f"{why}_COMPLETE"
        if why == "DELETE":
            stack.deleted = self._region.clock.time()


def _check_parameters(wanted: list[str], given: dict[str, str]) -> None:
    missing = [name for name in wanted if name not in given]
    if missing:
        raise AwsError("ValidationError", f"Parameters: [{', '.join(missing)}] must have values")
    strange = [name for name in given if name not in wanted]
    if strange:
        raise AwsError("ValidationError", f"Parameters: [{', '.join(strange)}] do not exist in the template")
