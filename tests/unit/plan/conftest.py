"""The bundled runbooks as Terraform renders them."""

from typing import Any

import pytest

from document.render import PLAIN, rendered


@pytest.fixture(scope="session")
def outputs() -> dict[str, Any]:
    """The texts of both documents, with a bake time."""
    return rendered({**PLAIN, "health": {**PLAIN["health"], "bake_seconds": 60}})


@pytest.fixture(scope="session")
def bundled(outputs: dict[str, Any]) -> str:
    """The text of the patching runbook."""
    return str(outputs["patch_document"])


@pytest.fixture(scope="session")
def restoring(outputs: dict[str, Any]) -> str:
    """The text of the restore runbook."""
    return str(outputs["restore_document"])
