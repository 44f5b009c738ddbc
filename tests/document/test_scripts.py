"""The scripts inside the document: the files on disk, and nothing that Automation could not run."""

import ast
import re
import sys
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml
from botocore import xform_name

from document.graph import Steps
from document.render import RUNBOOK

FILES = sorted(RUNBOOK.glob("scripts/*.py"))
CLIENTS = {"cloudwatch": "cloudwatch", "elb": "elbv2", "ec2": "ec2", "ssm": "ssm", "db": "dynamodb", "sns": "sns"}
SERVICES = ("cloudwatch", "dynamodb", "ec2", "elbv2", "ssm", "events", "sns")
MODELS = {name: botocore.session.get_session().get_service_model(name) for name in SERVICES}


def file_of(step: str) -> Path:
    """AwaitDelay -> scripts/await_delay.py. A step that runs again has the same script."""
    return RUNBOOK / "scripts" / (re.sub(r"(?<!^)(?=[A-Z])", "_", step.removesuffix("Again")).lower() + ".py")


def scripts(steps: Steps) -> dict[str, dict[str, Any]]:
    return {name: step for name, step in steps.items() if step["action"] == "aws:executeScript"}


def test_scripts_are_embedded_byte_for_byte(any_steps: Steps) -> None:
    """What runs is what lies in scripts/."""
    embedded = {name: step["inputs"]["Script"] for name, step in scripts(any_steps).items()}

    assert embedded
    assert {name: file_of(name).read_text() for name in embedded} == embedded


def test_every_script_runs(fullest: dict[str, Any]) -> None:
    """No file in scripts/ is left over: each is a step of a runbook."""
    documents = [yaml.safe_load(fullest[f"{name}_document"]) for name in ("patch", "assess", "restore", "news")]
    names = {s["name"] for d in documents for s in d["mainSteps"] if s["action"] == "aws:executeScript"}

    assert sorted({file_of(name) for name in names}) == FILES


def test_scripts_run_where_the_tests_run(any_steps: Steps) -> None:
    """Every script runs on one version of Python, no older than the one of these tests, from its own handler."""
    assert {(s["inputs"]["Runtime"], s["inputs"]["Handler"]) for s in scripts(any_steps).values()} == {
        ("python3.11", "handler")
    }
    assert sys.version_info >= (3, 11)


def test_payload_is_what_the_script_reads(any_steps: Steps) -> None:
    """A step passes exactly the fields that its script reads."""
    for name, step in scripts(any_steps).items():
        text = file_of(name).read_text()
        passed_on = set(step["inputs"]["InputPayload"]) if re.search(r"\*\*event|event\.items", text) else set()
        own = set(re.findall(r"\"(\w+)\": found\[", text))  # AcquireLease adds what its assessment says
        read = set(re.findall(r"event\[[\"'](\w+)[\"']\]", text)) - own

        assert set(step["inputs"]["InputPayload"]) == read | passed_on, name


def test_outputs_are_what_the_script_returns(any_steps: Steps) -> None:
    """Every declared output is a key that the script writes, read as text from its payload."""
    for name, step in scripts(any_steps).items():
        for output in step.get("outputs", []):
            assert output == {"Name": output["Name"], "Selector": f"$.Payload.{output['Name']}", "Type": "String"}, name
            assert f'"{output["Name"]}":' in file_of(name).read_text(), (name, output["Name"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
class TestEachScript:
    """What each file keeps to."""

    def test_no_double_braces(self, path: Path) -> None:
        """Automation would take them for a reference."""
        assert not re.search(r"\{\{|\}\}", path.read_text())

    def test_ends_in_one_newline(self, path: Path) -> None:
        """Anything else would not be embedded byte for byte; neither would an indented first line."""
        text = path.read_text()

        assert text.endswith("\n") and not text.endswith("\n\n") and not text[0].isspace()

    def test_stands_alone(self, path: Path) -> None:
        """Only the standard library and boto3 are there when it runs."""
        nodes = ast.walk(ast.parse(path.read_text()))
        names = [a.name for n in nodes if isinstance(n, ast.Import) for a in n.names]
        names += [n.module or "." for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.ImportFrom)]

        assert {name.split(".")[0] for name in names} <= set(sys.stdlib_module_names) | {"boto3", "botocore"}

    def test_has_a_handler_of_two_arguments(self, path: Path) -> None:
        """Automation calls it with the payload and a context."""
        (handler,) = [
            n for n in ast.parse(path.read_text()).body if isinstance(n, ast.FunctionDef) and n.name == "handler"
        ]

        assert len(handler.args.args) == 2

    def test_is_short(self, path: Path) -> None:
        """A script answers one question."""
        assert len(path.read_text().splitlines()) <= 175

    def test_retries_throttled_calls(self, path: Path) -> None:
        """Every client is made with retries of its own: Automation repeats throttled calls for all actions but this."""
        text = path.read_text()

        assert text.count("boto3.client(") == text.count("config=RETRIES)")
        assert "boto3.client(" not in text or '"max_attempts": 8' in text

    def test_calls_exist(self, path: Path) -> None:
        """Every call names an operation of its service and parameters that it takes."""
        calls = list(operations(ast.parse(path.read_text())))

        for service, method, keywords in calls:
            names = {xform_name(name): name for name in MODELS[service].operation_names}
            assert method in names, method
            shape = MODELS[service].operation_model(names[method]).input_shape
            assert keywords <= set(shape.members), method
            assert set(shape.required_members) <= keywords, method
        assert bool(calls) == ("boto3.client(" in path.read_text())


def operations(tree: ast.AST) -> Any:
    """(service, method, keyword names) of every call on a client, pages included."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        keywords = {keyword.arg for keyword in node.keywords if keyword.arg}
        inner = node.func.value
        if node.func.attr == "paginate" and isinstance(inner, ast.Call) and isinstance(inner.args[0], ast.Constant):
            yield service_of(inner.func), inner.args[0].value, keywords
        elif node.func.attr != "get_paginator" and service_of(node.func):
            yield service_of(node.func), node.func.attr, keywords


def service_of(function: ast.AST) -> str:
    """The service of `elb.method` or `boto3.client("elbv2", ...).method`; empty if it is no client."""
    value = function.value if isinstance(function, ast.Attribute) else None
    if isinstance(value, ast.Name):
        return CLIENTS.get(value.id, "")
    if (
        isinstance(value, ast.Call)
        and ast.unparse(value.func) == "boto3.client"
        and isinstance(value.args[0], ast.Constant)
    ):
        return str(value.args[0].value)
    return ""


def test_both_refusals_are_the_same() -> None:
    """What stops a roll is asked with the same words before the lease and before the point of no return."""
    texts = [(RUNBOOK / "scripts" / name).read_text() for name in ("acquire_lease.py", "commit.py")]
    asked = [text.split("\ndef stopped(")[1].split("\n\n\n")[0] for text in texts]

    assert asked[0] == asked[1]
    assert all(word in asked[0] for word in ("Halted", "PAUSE", "CommitBefore"))
