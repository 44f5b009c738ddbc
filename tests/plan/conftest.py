"""The plans that the suite looks at: --plan-json FILE, or every example planned on this machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from made_once import made_once
from plan_json import Call, calls

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
GIVEN = "the given plan"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    given = metafunc.config.getoption("--plan-json")
    names = [GIVEN] if given else sorted(file.parent.name for file in EXAMPLES.glob("*/main.tf"))
    if "planned" in metafunc.fixturenames:
        metafunc.parametrize("planned", names, indirect=True, scope="session")
    if "plan_name" in metafunc.fixturenames:
        metafunc.parametrize("plan_name", names, scope="session")


@pytest.fixture(scope="session")
def plan_of(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], dict[str, Any]]:
    """Name of an example => its plan. All are made at once, and once for all workers of a run."""
    given = request.config.getoption("--plan-json")
    if given is not None:
        try:
            return {GIVEN: json.loads(given.read_text())}.__getitem__
        except ValueError as error:
            pytest.exit(f"--plan-json: {given} is not JSON: {error}", returncode=2)
    plans: dict[str, dict[str, Any]] = made_once(tmp_path_factory, "plans", plans_of_the_examples)
    return plans.__getitem__


def plans_of_the_examples() -> dict[str, dict[str, Any]]:
    """Every example, planned against a region on this machine."""
    from local_account import LocalAccount

    plans = {}
    account = LocalAccount()
    try:
        account.add_aws_owned_document()
        for example in sorted(file.parent for file in EXAMPLES.glob("*/main.tf")):
            with account.terraform(example) as terraform:
                terraform.init()
                terraform.plan()
                plans[example.name] = terraform.show_plan()
    finally:
        account.close()
    return plans


@pytest.fixture(scope="session")
def planned(request: pytest.FixtureRequest, plan_of: Callable[[str], dict[str, Any]]) -> list[Call]:
    """The calls of the module in one plan."""
    found = calls(plan_of(request.param))
    if not found:
        pytest.fail(f"{request.param} holds no call of the module: no terraform_data.deployment with its schema")
    return found
