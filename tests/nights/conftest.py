"""One plan for all tested nights."""

from pathlib import Path

import pytest

from albpatch.region.clock import VirtualClock
from albpatch.region.control_plane import attach
from albpatch.region.core import Region
from albpatch.region.transport.http import serve
from albpatch.terraform import Terraform


@pytest.fixture(scope="session")
def plan():
    """The plan of tests/nights/root as `terraform show -json` gives it, made once."""
    region = Region(VirtualClock())
    try:
        attach(region)
        url = serve(region).url
        with Terraform(Path(__file__).parent / "root", endpoint_url=url, region=region.name) as terraform:
            terraform.init()
            terraform.plan()
            return terraform.show_plan()
    finally:
        region.close()
