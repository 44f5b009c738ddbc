"""The deployments that the live suite looks at: --deployment FILE, or examples/complete applied on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from albpatch import settings
from albpatch.live import check


@pytest.fixture(scope="module")
def judged(request: pytest.FixtureRequest) -> Iterator[check.Judged]:
    """The verdicts on the file of the option. Without it on a record of what Terraform just made in a region on this
    machine, which AWS_ENDPOINT_URL then leads to: the checks cannot tell."""
    given = request.config.getoption("--deployment")
    if given is not None:
        yield check.look(check.Session(settings.read_all(given), lambda: datetime.now(UTC)))
        return
    from local_account import EXAMPLES, LocalAccount

    account = LocalAccount()
    try:
        with pytest.MonkeyPatch.context() as patch, account.terraform(EXAMPLES / "complete") as terraform:
            terraform.init()
            terraform.apply()
            output: dict[str, Any] = json.loads(json.dumps(terraform.output()))
            for name, value in account.environment().items():
                patch.setenv(name, value)
            for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
                patch.delenv(name, raising=False)
            yield check.look(check.Session(settings.find(output), account.now))
    finally:
        account.close()
