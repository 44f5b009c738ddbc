"""The ways through a document."""

import pytest

from albpatch.document.read import read
from albpatch.lint.flow import END, Edge, Flow
from unit.lint.documents import text_of

SLEEP = {"action": "aws:sleep", "inputs": {"Duration": "PT1S"}}


def flow(*steps):
    document, _ = read(text_of({"steps": [{**SLEEP, **step} for step in steps]}))
    return Flow(document)


def targets(graph, name):
    return {(edge.target, edge.kind) for edge in graph.edges[name]}


def test_a_step_leads_to_the_next():
    """Success goes on, failure and cancellation end the execution."""
    assert targets(flow({"name": "A"}, {"name": "B"}), "A") == {("B", "success"), (END, "failure"), (END, "cancel")}


def test_next_step_is_for_success_only():
    """A failure with Continue goes to the next step of the list, whatever nextStep says."""
    graph = flow({"name": "A", "nextStep": "C", "onFailure": "Continue"}, {"name": "B"}, {"name": "C"})

    assert targets(graph, "A") == {("C", "success"), ("B", "failure"), (END, "cancel")}


@pytest.mark.parametrize(("on_failure", "target"), [("step:B", "B"), ("Continue", END), ("Abort", END)])
def test_the_end_and_a_failure(on_failure, target):
    """With isEnd a failure still goes to the step that onFailure names, as AWS-ResizeInstance needs it."""
    graph = flow({"name": "A", "isEnd": True, "onFailure": on_failure}, {"name": "B"})

    assert targets(graph, "A") == {(END, "success"), (target, "failure"), (END, "cancel")}


@pytest.mark.parametrize(("end", "target"), [(False, "B"), (True, END)])
def test_a_branch_without_default(end, target):
    """Where no choice holds, a branch without Default goes on, or ends where it has isEnd."""
    choices = [{"Variable": "x", "StringEquals": "y", "NextStep": "C"}]
    branch = {"name": "A", "action": "aws:branch", "inputs": {"Choices": choices}, "isEnd": end}

    successes = {t for t, kind in targets(flow(branch, {"name": "B"}, {"name": "C"}), "A") if kind == "success"}
    assert successes == {"C", target}


def loop(*inner, **own):
    inputs = {"Iterators": ["a"], "Steps": [{**SLEEP, **step} for step in inner]}
    return {"name": "L", "action": "aws:loop", "inputs": inputs, **own}


def test_a_loop_turns_and_ends():
    """A loop leads into its steps or past them; its last step leads to its first, or on."""
    graph = flow(loop({"name": "A"}, {"name": "B"}), {"name": "Z"})

    assert {t for t, kind in targets(graph, "L") if kind == "success"} == {"A", "Z"}
    assert {t for t, kind in targets(graph, "B") if kind == "success"} == {"A", "Z"}


def test_a_failure_inside_a_loop_is_the_loops():
    """A step of a loop that fails leads where the loop's failure leads."""
    graph = flow(loop({"name": "A"}, onFailure="step:Y"), {"name": "Z"}, {"name": "Y"})

    assert Edge("A", "Y", "failure") in graph.edges["A"]


def test_only_steps_that_succeed_on_every_way_are_sure():
    """A step is sure before another when no way leads past its success."""
    graph = flow({"name": "A", "onFailure": "step:C"}, {"name": "B"}, {"name": "C"})

    assert graph.sure == {"A": set(), "B": {"A"}, "C": set()}
    assert graph.begun["C"] == {"A", "B"}


def test_nothing_is_said_of_dead_steps():
    """A step that no way leads to is not in the tables."""
    graph = flow({"name": "A", "isEnd": True}, {"name": "B"})

    assert graph.live == {"A"}
    assert set(graph.sure) == {"A"}
