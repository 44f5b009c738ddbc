"""AWS's rules as data: every case in cases/*.yaml is a small document, what is given to it and what must come out.

A case has
    rule        one sentence, the truth that it holds
    source      where it comes from: UG is the Systems Manager User Guide (UG23: of April 2023), API the reference
    open        what the sources leave open or contradict, where they do
    document    the Automation document, a map or a text
    parameters, responses, cancel   as `albpatch simulate` takes them
    expect      any of status, steps (name: status), outputs, variables, calls, elapsed_seconds, message (a part of the
                failure message), log (what scripts printed); or refused (a part of the reason); or unknown
"""

import json
from pathlib import Path

import pytest

from albpatch.canned import Canned
from albpatch.document.text import parse
from albpatch.errors import Failure, InputError
from albpatch.simulate import simulate

FILES = sorted(Path(__file__).with_name("cases").glob("*.yaml"))
FIELDS = {"rule", "source", "open", "document", "parameters", "responses", "cancel", "expect"}
EXPECTED = {
    "status",
    "steps",
    "outputs",
    "variables",
    "calls",
    "elapsed_seconds",
    "message",
    "log",
    "refused",
    "unknown",
}
CASES = [(file.stem, number, case) for file in FILES for number, case in enumerate(parse(file.read_text()), start=1)]


@pytest.mark.parametrize("case", [pytest.param(c, id=f"{stem}-{n:02}") for stem, n, c in CASES])
def test_case(case):
    """The document does what AWS's documentation says."""
    expect = case["expect"]
    if "refused" in expect:
        with pytest.raises(InputError) as refusal:
            play(case)
        assert expect["refused"] in str(refusal.value), case["rule"]
        return
    if "unknown" in expect:
        with pytest.raises(Failure, match=expect["unknown"]):
            play(case)
        return
    compare(play(case), expect, case["rule"])


@pytest.mark.parametrize("case", [pytest.param(c, id=f"{stem}-{n:02}") for stem, n, c in CASES])
def test_case_is_well_written(case):
    """A case says its rule and where the rule comes from, and expects something."""
    assert set(case) <= FIELDS
    assert case["rule"].endswith(".")
    assert case["source"]
    assert case["expect"]
    assert set(case["expect"]) <= EXPECTED


def test_no_rule_stands_twice():
    """A rule has one case."""
    rules = [case["rule"] for _, _, case in CASES]
    assert len(rules) == len(set(rules))


def play(case):
    document = case["document"]
    text = document if isinstance(document, str) else json.dumps(document)
    cancel = case.get("cancel")
    return simulate(
        text,
        case.get("parameters", {}),
        Canned(case.get("responses", {})),
        (cancel.split(":")[0], float(cancel.split(":")[1])) if cancel else None,
    )


def compare(result, expect, rule):
    steps = [(step["name"], step["status"]) for step in result["steps"]]
    found = {
        "status": result["status"],
        "steps": dict(steps),
        "outputs": result["outputs"],
        "variables": result["variables"],
        "calls": [f"{call['service']}.{call['operation']}" for call in result["calls"]],
        "elapsed_seconds": result["elapsed_seconds"],
        "log": "".join(step.get("log", "") for step in result["steps"]),
    }
    for key, value in expect.items():
        if key == "message":
            assert value in (result["failure_message"] or ""), rule
        elif key == "steps":
            assert {name: found["steps"].get(name) for name in value} == value, rule
        else:
            assert found[key] == value, rule
