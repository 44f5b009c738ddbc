"""The deployment that the live suite looks at: --deployment FILE, or examples/complete applied on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from albpatch import settings
from albpatch.live.account import Account


@pytest.fixture(scope="module")
def deployment_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The file of the option. Without it a record of what Terraform just made in a region on this machine, which
    AWS_ENDPOINT_URL then leads to: the checks cannot tell."""
    given = request.config.getoption("--deployment")
    if given is not None:
        yield given
        return
    from local_account import EXAMPLES, LocalAccount

    account = LocalAccount()
    try:
        with pytest.MonkeyPatch.context() as patch, account.terraform(EXAMPLES / "complete") as terraform:
            terraform.init()
            terraform.apply()
            record = tmp_path_factory.mktemp("live") / "deployment.json"
            record.write_text(json.dumps(terraform.output()))
            for name, value in account.environment().items():
                patch.setenv(name, value)
            for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
                patch.delenv(name, raising=False)
            yield record
    finally:
        account.close()


@pytest.fixture(scope="module")
def deployment(deployment_file: Path) -> settings.Deployment:
    return settings.read(deployment_file)


@pytest.fixture(scope="module")
def account(deployment: settings.Deployment) -> Account:
    return Account(deployment.region)
