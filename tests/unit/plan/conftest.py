"""The bundled runbook as Terraform renders it."""

import pytest

from document.render import PLAIN, rendered


@pytest.fixture(scope="session")
def bundled() -> str:
    """The text of the document, with a bake time."""
    return str(rendered({**PLAIN, "health": {**PLAIN["health"], "bake_seconds": 60}})["patch_document"])
