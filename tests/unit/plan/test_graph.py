"""The routes of a document, as the review follows them."""

from __future__ import annotations

import json

import pytest

from albpatch.document.read import load
from albpatch.plan.graph import END, Graph


def failure_of_a(**properties: object) -> str:
    """Where a failure of step A leads; B stands next, C is named by nextStep."""
    steps = [
        {"name": name, "action": "aws:sleep", "inputs": {"Duration": "PT1S"}, **(properties if name == "A" else {})}
        for name in ("A", "B", "C")
    ]
    edges = Graph(load(json.dumps({"schemaVersion": "0.3", "mainSteps": steps}))).edges["A"]
    (target,) = [edge.target for edge in edges if edge.label == "failure"]
    return target


@pytest.mark.parametrize(
    ("properties", "target"),
    [
        ({}, END),
        ({"onFailure": "step:C"}, "C"),
        ({"onFailure": "step:C", "isEnd": True}, "C"),
        ({"onFailure": "Continue"}, "B"),
        ({"onFailure": "Continue", "nextStep": "C"}, "B"),
        ({"onFailure": "Continue", "isEnd": True}, END),
    ],
)
def test_a_failure_leads_where_the_interpreter_goes(properties: dict[str, object], target: str) -> None:
    """The review sees the same way out of a failed step as the local region takes."""
    assert failure_of_a(**properties) == target
