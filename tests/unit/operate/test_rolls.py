"""How a roll ended, from what its instances say. A week in which everybody is deferred is never green."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from albpatch.operate.executions import execution
from albpatch.operate.rolls import Roll, Turn
from unit.operate import accounts


def roll(*words: str, under_way: bool = False, halted: str = "") -> Roll:
    turns = tuple(Turn(f"i-{number}", "web", None, word, "") for number, word in enumerate(words))
    return Roll("1", "window", datetime(2026, 1, 4, tzinfo=UTC), (), turns, under_way, halted)


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        (("patched",), "done"),
        (("patched", "compliant"), "done"),
        (("compliant", "compliant"), "nothing to do"),
        (("patched", "deferred"), "incomplete"),
        (("compliant", "skipped"), "incomplete"),
        (("patched", "not reached"), "incomplete"),
        ((), "incomplete"),
        (("deferred", "deferred"), "incomplete"),
        (("patched", "failed"), "halted"),
        (("failed", "not reached"), "halted"),
        (("restored",), "done"),
        (("kept-out",), "done"),
        (("forgotten",), "done"),
        (("nothing to put back",), "nothing to do"),
    ],
)
def test_the_outcome_of_a_roll(words, outcome):
    """The worst word decides."""
    assert roll(*words).outcome == outcome


def test_a_halted_roll_is_never_done():
    """Stopped by a person it is halted, whoever was patched before; while something runs it is under way."""
    assert roll("patched", "deferred", halted="STOPPED").outcome == "halted"
    assert roll("patched", "patched", halted="STOPPED").outcome == "halted"
    assert roll("patched", "at work", under_way=True, halted="STOPPED").outcome == "under way"


def found(status: str = "Failed", **members: Any) -> Any:
    return execution(accounts.execution(status, **members)["AutomationExecution"])


def test_the_instances_of_an_execution():
    """A parameter, the target of a rate control's child, or what a rate control has resolved."""
    assert found().instances == (accounts.I,)
    assert found(Parameters={}, Target="i-1").instances == ("i-1",)
    assert found(Parameters={}, Target="{{RESOURCE_ID}}").instances == ()
    resolved = {"ParameterValues": ["i-1", "i-2"], "Truncated": False}
    assert found(Targets=[{"Key": "x"}], ResolvedTargets=resolved).instances == ("i-1", "i-2")
    cut = {**resolved, "Truncated": True}
    assert found(Targets=[{"Key": "x"}], ResolvedTargets=cut).instances == ()


def test_what_an_execution_says():
    """Its report, else AWS's message, else how it ended; placeholders of steps that did not run are no words."""
    outputs = {"Report.Code": ["FLOOR"], "Report.Sentence": ["It is low."], "OnCancel.Sentence": ["{{ x }}"]}
    assert found(Outputs=outputs).why == "FLOOR: It is low."
    assert found(FailureMessage="Internal\n Server Error.").why == "Internal Server Error."
    assert found("TimedOut").why == "it ended as TimedOut"
