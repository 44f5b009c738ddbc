"""One execution for each target, a few at a time. UG "Running automations at scale", "About targets and rate controls".

The first target alone, then more and more up to MaxConcurrency; after more errors than MaxErrors no further one starts.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from albpatch.region.automation.actions import Stopped
from albpatch.region.automation.executions import Execution
from albpatch.region.core import Region
from albpatch.region.operations import AwsError, Caller, NotKnownHere

if TYPE_CHECKING:
    from albpatch.region.automation.service import Automation

DEFAULT_CONCURRENCY, DEFAULT_ERRORS = "10", "0"


class RateControl:
    """Runs the children of one parent execution."""

    def __init__(self, region: Region, automation: Automation, parent: Execution, content: str | None) -> None:
        self._region, self._automation, self._parent, self._content = region, automation, parent, content
        parent.resolved_targets = resolve_targets(region, parent.caller, parent.targets)
        count = len(parent.resolved_targets)
        self._concurrency = max(1, amount(parent.max_concurrency or DEFAULT_CONCURRENCY, count))
        self._errors = amount(parent.max_errors or DEFAULT_ERRORS, count)

    def run(self) -> None:
        """Start the children in order; the parent is over when all that were started are over."""
        waiting, failed, allowed = list(self._parent.resolved_targets), 0, 1
        running: list[Execution] = []
        while running or (waiting and failed <= self._errors and self._parent.stop is None):
            while waiting and len(running) < allowed and failed <= self._errors and self._parent.stop is None:
                running.append(self._start(waiting.pop(0)))
            over = [child for child in running if child.over]
            if not over:
                self._wait_for_one(running)
                continue
            failed += sum(child.status != "Success" for child in over)
            running = [child for child in running if child not in over]
            allowed = min(self._concurrency, allowed * 2)
        self._parent.ended = self._region.clock.time()
        if self._parent.stop == "Cancel":
            self._parent.status = "Cancelled"
        else:
            self._parent.status = "Failed" if failed > self._errors else "Success"

    def _start(self, target: str) -> Execution:
        parent = self._parent
        assert parent.target_parameter is not None
        child_id = self._automation.start(
            parent.caller,
            parent.document_name,
            parent.version,
            {**parent.given, parent.target_parameter: [target]},
            content=self._content,
            parent_id=parent.id,
            target=target,
        )
        return self._automation.executions[child_id]

    def _wait_for_one(self, running: list[Execution]) -> None:
        with suppress(Stopped):  # the children were stopped too: wait until they are over
            self._wait(running)

    def _wait(self, running: list[Execution]) -> None:
        if len(running) == 1:
            running[0].finished.wait()
            return
        any_over = self._region.clock.event()
        for child in running:
            self._region.clock.spawn(f"wait for {child.id}", _relay, child, any_over, daemon=True)
        any_over.wait()


def _relay(child: Execution, event: Any) -> None:
    child.finished.wait()
    event.set()


def amount(text: str, count: int) -> int:
    """A number or a percentage of `count` (rounded down, as AWS counts errors). Raises AwsError."""
    if not re.fullmatch(r"[0-9]+%?", text):
        raise AwsError("ValidationException", f"{text!r} is neither a number nor a percentage.")
    return count * int(text[:-1]) // 100 if text.endswith("%") else int(text)


def resolve_targets(region: Region, caller: Caller, targets: list[dict[str, Any]]) -> list[str]:
    """The values of the target parameter: given ones, the members of a resource group, which the caller must be
    allowed to list, or the instances with the tags (keys ANDed, values ORed)."""
    if len(targets) == 1 and targets[0]["Key"] in ("ParameterValues", "InstanceIds"):
        return list(targets[0]["Values"])
    if len(targets) == 1 and targets[0]["Key"] == "ResourceGroup":
        found = _members(region, caller, *targets[0]["Values"])
    else:
        found = _tagged(region, targets)
    if not found:
        raise AwsError("InvalidTarget", "The target isn't valid or doesn't exist.")
    return sorted(found)


def _tagged(region: Region, targets: list[dict[str, Any]]) -> list[str]:
    filters = []
    for target in targets:
        if not target["Key"].startswith("tag:"):
            raise NotKnownHere(f"a target of an automation with the key {target['Key']}")
        filters.append({"Name": target["Key"], "Values": list(target["Values"])})
    answer = region.backend("ec2", "DescribeInstances", {"Filters": filters})
    found = [instance for one in answer["Reservations"] for instance in one["Instances"]]
    return [i["InstanceId"] for i in found if i["State"]["Name"] not in ("terminated", "shutting-down")]


def _members(region: Region, caller: Caller, group: str) -> list[str]:
    """The instances of a resource group, page by page."""
    found, params = list[str](), {"Group": group}
    while True:
        answer = region.call(caller, "resource-groups", "ListGroupResources", params)
        members = [resource["Identifier"] for resource in answer["Resources"]]
        found += [m["ResourceArn"].rpartition("/")[2] for m in members if m["ResourceType"] == "AWS::EC2::Instance"]
        if not answer.get("NextToken"):
            return found
        params["NextToken"] = answer["NextToken"]
