"""The document's text and steps, rendered once for each of two settings."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from document.render import FULL, PLAIN, rendered


@pytest.fixture(scope="session")
def outputs() -> dict[str, Any]:
    return rendered(PLAIN)


@pytest.fixture(scope="session")
def plain(outputs: dict[str, Any]) -> str:
    return str(outputs["patch_document"])


@pytest.fixture(scope="session")
def fullest() -> dict[str, Any]:
    return rendered(FULL)


@pytest.fixture(scope="session")
def full(fullest: dict[str, Any]) -> str:
    return str(fullest["patch_document"])


@pytest.fixture(scope="session", params=["outputs", "fullest"], ids=["plain", "full"])
def settled(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The documents under both settings."""
    return dict(request.getfixturevalue(request.param))


@pytest.fixture(scope="session")
def text(settled: dict[str, Any]) -> str:
    """The patching runbook's text."""
    return str(settled["patch_document"])


@pytest.fixture(scope="session")
def assess(settled: dict[str, Any]) -> dict[str, Any]:
    """The assess runbook."""
    return dict(yaml.safe_load(settled["assess_document"]))


@pytest.fixture(scope="session")
def assess_steps(assess: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {step["name"]: step for step in assess["mainSteps"]}


@pytest.fixture(scope="session")
def document(text: str) -> dict[str, Any]:
    return dict(yaml.safe_load(text))


@pytest.fixture(scope="session")
def steps(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {step["name"]: step for step in document["mainSteps"]}


@pytest.fixture(scope="session", params=["patch_document", "assess_document", "restore_document", "news_document"])
def any_steps(
    request: pytest.FixtureRequest, outputs: dict[str, Any], fullest: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """The steps of each runbook; news there are only with a topic."""
    rendered_with = fullest if request.param == "news_document" else outputs
    return {step["name"]: step for step in yaml.safe_load(rendered_with[request.param])["mainSteps"]}
