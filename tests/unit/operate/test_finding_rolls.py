"""Which roll is the last one, and whose executions are its: an account with windows and hand starts, canned."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from albpatch.errors import InputError
from albpatch.leases import Contents
from albpatch.operate.rolls import Roll, Rolls, Source
from unit.operate.accounts import I, error, session

OTHER = "i-0fedcba9876543210"
OPENING = "0a000000-0000-4000-8000-000000000000"
ROLL = "0b000000-0000-4000-8000-000000000000"
EMPTY = Contents({}, {}, None, {}, {})


def at(minute: int) -> datetime:
    return datetime(2026, 1, 4, 3, minute, tzinfo=UTC)


def ran(name: str, minute: int, status: str = "Success", instance: str = I, **members: Any) -> dict[str, Any]:
    """An execution of the patching runbook."""
    return {
        "AutomationExecutionId": name,
        "DocumentName": "web-alb-patching",
        "AutomationExecutionStatus": status,
        "ExecutionStartTime": at(minute),
        "Parameters": {"InstanceId": [instance], "WindowExecutionId": [OPENING]},
        "Outputs": {"Report.Outcome": ["patched"]},
        **members,
    }


def parent(name: str, minute: int, *instances: str, roll: str = ROLL, status: str = "Success") -> dict[str, Any]:
    """A rate control that a person has started."""
    resolved = {"ParameterValues": list(instances), "Truncated": False}
    given = {"WindowExecutionId": [roll]}
    targets = [{"Key": "ParameterValues", "Values": list(instances)}]
    return ran(name, minute, status, Parameters=given, Targets=targets, ResolvedTargets=resolved, Outputs={})


class Account:
    """Openings with what they invoked, and executions. asked: ids of executions that were asked for one by one."""

    def __init__(self, openings: dict[str, tuple[int, str]], invoked: list[Any], executions: list[Any]) -> None:
        self.asked: list[str] = []
        self._openings, self._invoked, self._executions = openings, invoked, executions
        instances = [
            {"InstanceId": name, "State": {"Name": "running"}, "Placement": {"AvailabilityZone": "us-east-1a"}}
            for name in (I, OTHER)
        ]
        self.session = session(
            describe_maintenance_window_executions={"WindowExecutions": [*map(self._opening, openings)]},
            describe_maintenance_window_execution_tasks={"WindowExecutionTaskIdentities": [{"TaskExecutionId": "t"}]},
            describe_maintenance_window_execution_task_invocations={"WindowExecutionTaskInvocationIdentities": invoked},
            describe_automation_executions=self._listed,
            get_automation_execution=self._get,
            describe_instances={"Reservations": [{"Instances": instances}]},
        )
        self.rolls = Rolls(self.session)

    def read(self, contents: Contents = EMPTY) -> Roll:
        source = self.rolls.latest()
        assert source is not None
        return self.rolls.read(source, contents)

    def _opening(self, name: str) -> dict[str, Any]:
        minute, status = self._openings[name]
        return {"WindowExecutionId": name, "Status": status, "StartTime": at(minute)}

    def _listed(self, params: dict[str, Any]) -> dict[str, Any]:
        wanted, *status = params["Filters"]
        key, values = wanted["Key"], wanted["Values"]
        assert [one["Key"] for one in status] in ([], ["ExecutionStatus"])
        found = [e for e in self._executions if all(e["AutomationExecutionStatus"] in one["Values"] for one in status)]
        if key == "ParentExecutionId":
            found = [e for e in found if e.get("ParentAutomationExecutionId") in values]
        else:
            found = [e for e in found if e["DocumentName"].startswith(values[0])]
        return {"AutomationExecutionMetadataList": [{k: v for k, v in e.items() if k != "Parameters"} for e in found]}

    def _get(self, params: dict[str, Any]) -> Any:
        self.asked.append(params["AutomationExecutionId"])
        for found in self._executions:
            if found["AutomationExecutionId"] == params["AutomationExecutionId"]:
                return {"AutomationExecution": found}
        return error("AutomationExecutionNotFoundException")


def invocation(execution: str, instance: str = I, **members: str) -> dict[str, Any]:
    parameters = {"Parameters": json.dumps({"parameters": {"InstanceId": [instance]}})} if instance else {}
    return {"ExecutionId": execution, "Status": "SUCCESS", **parameters, **members}


def test_the_windows_roll():
    """Its invocations, without the sweep at its head; whoever was not invoked was not reached. What is over is not
    asked for one by one."""
    sweep = ran("sweep", 0, "InProgress", DocumentName="web-alb-restore", Parameters={}, Outputs={})
    account = Account(
        {OPENING: (0, "SUCCESS")}, [invocation("sweep", ""), invocation("e1")], [sweep, ran("e1", 1, Parameters={})]
    )
    roll = account.read()

    assert (roll.id, roll.kind, roll.outcome) == (OPENING, "window", "incomplete")
    assert {t.instance: t.word for t in roll.turns} == {I: "patched", OTHER: "not reached"}
    assert "e1" not in account.asked


def test_what_the_window_could_not_start():
    """An invocation without an execution failed, with the reason that AWS gives."""
    refused = invocation("", StatusDetails="The role cannot be assumed.")
    turn = next(t for t in Account({OPENING: (0, "FAILED")}, [refused], []).read().turns if t.instance == I)

    assert (turn.word, turn.why) == ("failed", "no execution was started: The role cannot be assumed.")


def test_the_last_roll_began_last():
    """A start by hand after the opening, or before it; an opening that was skipped is none."""
    hand = [parent("p", 30, I), ran("c", 31, ParentAutomationExecutionId="p")]
    window = [ran("e1", 1)]

    assert Account({OPENING: (0, "SUCCESS")}, [invocation("e1")], hand + window).read().id == ROLL
    assert Account({OPENING: (40, "SUCCESS")}, [invocation("e1")], [*hand, ran("e1", 41)]).read().id == OPENING
    skipped = {OPENING: (0, "SUCCESS"), "later": (50, "SKIPPED_OVERLAPPING")}
    assert Account(skipped, [invocation("e1")], window).read().id == OPENING
    assert Account({}, [], []).rolls.latest() is None


def test_an_execution_that_the_window_does_not_list_yet():
    """Its parameter says that it is the window's: it is no roll of its own."""
    assert Account({OPENING: (0, "IN_PROGRESS")}, [], [ran("e1", 1)]).rolls.latest() == Source(OPENING, "window")


def test_a_start_of_several_fleets():
    """All rate controls with one roll belong together, whichever is found first; an older start is another roll."""
    executions = [
        parent("old", 10, I, roll="0c000000-0000-4000-8000-000000000000"),
        parent("p1", 30, I),
        parent("p2", 31, OTHER, status="InProgress"),
        ran("c1", 32, ParentAutomationExecutionId="p1"),
    ]
    account = Account({}, [], executions)
    roll = account.read()

    assert account.rolls.latest() == account.rolls.named(ROLL) == Source(ROLL, "start", ("p1", "p2"))
    assert account.rolls.named("c1") == Source(ROLL, "start", ("p1", "p2"))
    assert (roll.started, roll.under_way) == (at(30), True)
    assert {t.instance: t.word for t in roll.turns} == {I: "patched", OTHER: "waiting"}


def test_one_execution_started_by_hand():
    """Without a roll of its own its id is the roll."""
    account = Account({}, [], [ran("e1", 1, Parameters={"InstanceId": [I]})])

    assert account.rolls.latest() == Source("e1", "execution", ("e1",))
    assert account.read(Contents({}, {"e1": "NOT_HEALTHY"}, None, {}, {})).outcome == "halted"


@pytest.mark.parametrize("document", ["web-alb-restore", "somebody-elses"])
def test_what_is_no_roll(document):
    """An execution of another runbook cannot be halted; the restore runbook's can be followed."""
    account = Account({}, [], [ran("e1", 1, DocumentName=document)])
    with pytest.raises(InputError, match="there is no roll e1 of web-alb-patching"):
        account.rolls.named("e1")
    if document == "web-alb-restore":
        assert account.rolls.execution("e1") == Source("e1", "execution", ("e1",))
        return
    with pytest.raises(InputError, match="e1 is an execution of somebody-elses, not of web-alb-patching or"):
        account.rolls.execution("e1")


def test_a_restore_that_was_started_with_an_execution():
    """The instance is that of the execution that left it."""
    left = ran("left", 1, "Failed")
    restore = ran("r", 2, DocumentName="web-alb-restore", Parameters={"ExecutionId": ["left"]}, Outputs={})
    account = Account({}, [], [left, restore])
    (turn,) = account.rolls.read(account.rolls.execution("r"), EMPTY).turns

    assert (turn.instance, turn.word) == (I, "nothing to put back")


@pytest.mark.parametrize(("step", "document"), [("Assess", "web-alb-assess"), ("Restore", "web-alb-restore")])
def test_a_step_that_waits_shows_where_its_execution_is(step: str, document: str) -> None:
    """Whoever follows sees the step of the child, not only that the parent waits; of what is over nothing is asked."""
    waits = ran("e1", 1, "InProgress", CurrentStepName=step, Outputs={})
    more = {"DocumentName": document, "ParentAutomationExecutionId": "e1", "Outputs": {}}
    child = ran("c1", 2, "InProgress", CurrentStepName="Scan", **more)
    over = ran("c0", 1, "Success", CurrentStepName="Done", **more)
    account = Account({OPENING: (0, "IN_PROGRESS")}, [invocation("e1")], [child, over, waits])

    assert [(t.word, t.why) for t in account.read().turns if t.instance == I] == [("at work", f"{step}: Scan")]


def test_a_child_that_aws_does_not_list_leaves_the_step_as_it_is() -> None:
    """Whether AWS lists children without being asked for them is not documented: then the parent's step is shown."""
    waits = ran("e1", 1, "InProgress", CurrentStepName="Assess", Outputs={})
    account = Account({OPENING: (0, "IN_PROGRESS")}, [invocation("e1")], [waits])

    assert [(t.word, t.why) for t in account.read().turns if t.instance == I] == [("at work", "Assess")]
