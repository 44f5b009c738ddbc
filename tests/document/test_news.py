"""The runbook that tells: it is there only with a topic, and changes nothing."""

import re
from typing import Any

import pytest
import yaml

from albpatch.document.read import load
from document.graph import END, Steps, reachable
from document.render import FULL


@pytest.fixture(scope="module")
def text(fullest: dict[str, Any]) -> str:
    return str(fullest["news_document"])


@pytest.fixture(scope="module")
def telling(text: str) -> Steps:
    return {step["name"]: step for step in yaml.safe_load(text)["mainSteps"]}


def test_is_there_only_with_a_topic(outputs: dict[str, Any], text: str) -> None:
    """Without a topic there is no document; with one it is accepted, small, and has a role of its own."""
    assert outputs.get("news_document") is None
    assert load(text).assume_role == FULL["news"]["role_arn"]
    assert len(text.encode()) < 32 * 1024 and text.isascii()


def test_every_status_has_a_message(text: str, telling: Steps) -> None:
    """What a rule may pass leads to one step that tells and ends."""
    route = telling["RouteNews"]["inputs"]
    ways = {choice["StringEquals"]: choice["NextStep"] for choice in route["Choices"]}

    assert ways == {"RESTORE": "TellFailure", "IN_PROGRESS": "TellStart"} and route["Default"] == "TellEnd"
    assert {"RouteNews"} | reachable(telling, "RouteNews") == {*telling, END}
    assert set(ways) < set(yaml.safe_load(text)["parameters"]["About"]["allowedValues"])


def test_changes_nothing(telling: Steps) -> None:
    """It reads, notes what it told, and publishes: no call that could move an instance or a lease."""
    scripts = "\n".join(step["inputs"].get("Script", "") for step in telling.values())
    notes = set(re.findall(r'"SET (\w+) = ', scripts))

    assert notes == {"ToldStart", "ToldEnd", "ToldCode"}
    assert not re.search(r"\.(send_|register_|deregister_|start_|put_|delete_|transact_)\w+\(", scripts)


def test_braces_are_references_only(text: str) -> None:
    """What is rendered into it, tags and names of fleets, leaves no pair of braces that Automation would resolve."""
    outside = re.sub(r"(?ms)^   Script: \|\n.*?(?=^  \S|^- |\Z)", "", text)

    assert set(re.findall(r"\{\{.*?\}\}", outside)) == {"{{About}}", "{{ExecutionId}}"}


@pytest.mark.parametrize(
    ("good", "bad"), [("01234567-89ab-cdef-0123-456789abcdef", ["", "0123", "01234567-89ab-cdef-0123-456789abcdef "])]
)
def test_pattern(text: str, good: str, bad: list[str]) -> None:
    """The execution is an id, and must be given."""
    given = yaml.safe_load(text)["parameters"]["ExecutionId"]

    assert re.search(given["allowedPattern"], good) and "default" not in given
    assert [value for value in bad if re.search(given["allowedPattern"], value)] == []
