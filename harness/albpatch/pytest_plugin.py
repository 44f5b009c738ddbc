"""Options of the two suites a user runs: --plan-json and --deployment."""

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("albpatch", "patching behind an AWS load balancer")
    group.addoption(
        "--plan-json",
        type=Path,
        metavar="FILE",
        help="run tests/plan on this plan, as `terraform show -json PLAN` printed it, instead of on the examples",
    )
    group.addoption(
        "--deployment",
        type=Path,
        metavar="FILE",
        help="run tests/live on the deployment in this file: `terraform output -json`, or `terraform show -json`",
    )


def pytest_configure(config: pytest.Config) -> None:
    for option in ("--plan-json", "--deployment"):
        file = config.getoption(option)
        if file is not None and not file.is_file():
            raise pytest.UsageError(f"{option}: there is no file {file}")
