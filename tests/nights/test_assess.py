"""Nights of the assess runbook: alone, as a child that is cancelled or fails, and one that may not be started."""

import json
from typing import Any

import pytest

from albpatch.region.automation.interpreter import Reading
from albpatch.region.automation.service import Automation
from albpatch.region.core import Region
from albpatch.rehearsal.from_plan import Loaded
from albpatch.rehearsal.nights import Night, night
from albpatch.rehearsal.world import World
from night_fleet import scene

MOVES = {"RegisterTargets", "DeregisterTargets"}


def alone(region: Region, world: World, loaded: Loaded, name: str) -> dict[str, Any]:
    """The verdict on one machine, asked by a person."""
    document = next(d for d in loaded.documents.values() if d.endswith("-alb-assess"))
    params = {"DocumentName": document, "Parameters": {"InstanceId": [world.machines[name]]}}
    started = region.call(region.administrator, "ssm", "StartAutomationExecution", params)
    ended = region.part(Automation).wait(started["AutomationExecutionId"])
    assert ended.status == "Success"
    return dict(json.loads(ended.outputs["Conclude.Verdict"][0]))


def untouched(played: Night) -> bool:
    """Whether no target moved and no lease was taken."""
    calls = {call.operation for call in played.evidence.role_calls}
    return not calls & {*MOVES, "TransactWriteItems"} and played.evidence.took_out == []


def test_alone_it_is_a_dry_run(plan: Any) -> None:
    """It says who would be patched and who is compliant, and changes nothing."""
    found: dict[str, Any] = {}

    def start(region: Region, world: World, loaded: Loaded) -> str:
        found.update({name: alone(region, world, loaded, name) for name in "ab"})
        return "SUCCESS"

    played = night(plan, scene({"a": "patches", "b": "compliant"}), start=start)

    assert {name: verdict["Outcome"] for name, verdict in found.items()} == {"a": "continue", "b": "compliant"}
    assert found["b"]["Sentence"].startswith("COMPLIANT: ")
    assert "2 missing" in found["a"]["Sentence"] and "The drain takes at most" in found["a"]["Sentence"]
    assert len(json.loads(found["a"]["Registrations"])) == 1
    assert untouched(played)


@pytest.mark.parametrize("stops", [False, True])
@pytest.mark.parametrize("act", ["cancel", "kill"])
def test_whoever_ends_the_parent_leaves_nothing_behind(plan: Any, act: str, stops: bool) -> None:
    """Whether AWS stops the child with its parent or lets it go on is not known: nothing is out, nothing runs on."""
    faults = {"acts": [{"act": act, "machine": "a", "when": {"step": "Assess", "after": 5}}]}

    def prepare(region: Region, _world: World) -> None:
        region.part(Automation).reading = Reading(child_stops_with_its_step=stops)

    played = night(plan, scene(dict.fromkeys("ab", "patches"), faults=faults), prepare=prepare)
    found = played.region.part(Automation).executions.values()
    [parent] = [e for e in found if e.document_name.endswith("-alb-patching") and "InstanceId" in e.given]
    [child] = [e for e in found if e.document_name.endswith("-alb-assess")]

    assert parent.status == {"cancel": "Cancelled", "kill": "Failed"}[act]
    assert child.over and child.parent_id == parent.id
    assert child.status == ("Cancelled" if act == "cancel" and stops else "Success")
    assert untouched(played)
    if act == "cancel":
        assert "held no lease" in parent.outputs["OnCancel.Sentence"][0]


def test_a_child_that_is_cancelled_alone_fails_its_parent(plan: Any) -> None:
    """Nobody judged the machine: the parent fails with the name of the step, and the roll stops."""
    cancel = {"acts": [{"act": "cancel", "machine": name, "when": {"step": "Scan", "after": 3}} for name in "ab"]}
    played = night(plan, scene(dict.fromkeys("ab", "patches"), faults=cancel))

    assert [x.status for x in played.executions] == ["Failed"]
    assert played.executions[0].outputs["Report.Code"] == ["ASSESS_FAILED"]
    assert untouched(played)


def test_what_it_fails_with_is_what_the_parent_reports(plan: Any) -> None:
    """A call that is refused in the child gives the code and the words of the child's step, and stops the roll."""
    denied = {"calls": [{"call": "ec2.DescribeInstances", "code": "UnauthorizedOperation", "times": "for ever"}]}
    played = night(plan, scene(dict.fromkeys("ab", "patches"), faults=denied))

    assert [x.status for x in played.executions] == ["Failed"]
    assert played.executions[0].outputs["Report.Code"] == ["PREFLIGHT_FAILED"]
    assert "UnauthorizedOperation" in played.executions[0].outputs["Report.Sentence"][0]
    assert untouched(played)
