"""One plan of each runbook for all tested nights."""

import os
from pathlib import Path

import pytest

from albpatch.region.clock import VirtualClock
from albpatch.region.control_plane import attach
from albpatch.region.core import Region
from albpatch.region.services.documents import Documents
from albpatch.region.transport.http import serve
from albpatch.rehearsal.nights import night
from albpatch.terraform import Terraform
from made_once import made_once
from operating import Operator, Tools

STAND_IN = Path(__file__).parents[1] / "fixtures/aws-documents/AWSEC2-PatchLoadBalancerInstance.json"
DOCUMENT_VARIABLE = "AWS_OWNED_DOCUMENT"


@pytest.fixture(scope="session")
def plan(tmp_path_factory):
    """The plan of tests/nights/root as `terraform show -json` gives it, made once."""
    return made_once(tmp_path_factory, "night", lambda: planned("bundled", STAND_IN))


@pytest.fixture(scope="session")
def aws_owned_document():
    """The document that the clone's nights play: the project's stand-in, or the file that AWS_OWNED_DOCUMENT names."""
    return Path(os.environ.get(DOCUMENT_VARIABLE) or STAND_IN)


@pytest.fixture(scope="session")
def clone_plan(tmp_path_factory, aws_owned_document):
    """The same configuration with the clone of AWS's runbook."""
    return made_once(tmp_path_factory, "clone-night", lambda: planned("aws-owned", aws_owned_document))


@pytest.fixture(scope="session")
def gated_plan(tmp_path_factory):
    """The same configuration with two alarms and a change calendar."""
    return made_once(tmp_path_factory, "gated-night", lambda: planned("bundled", STAND_IN, gates=True))


def planned(source, document, **more):
    region = Region(VirtualClock())
    try:
        attach(region)
        region.part(Documents).add_aws_owned(STAND_IN.stem, document.read_text(encoding="utf-8"), version="5")
        url, variables = serve(region).url, {"runbook_source": source, **more}
        root = Path(__file__).parent / "root"
        with Terraform(root, endpoint_url=url, region=region.name, variables=variables) as terraform:
            terraform.init()
            terraform.plan()
            return terraform.show_plan()
    finally:
        region.close()


@pytest.fixture
def play(plan, tmp_path, monkeypatch, capsys):
    """Play a night in which an operator acts: play(scenario, act, *fleets), act gets the operator."""

    def played(scenario, act, *fleets):
        def start(region, world, loaded):
            act(Operator(plan, region, world, loaded, Tools(tmp_path, monkeypatch, capsys, fleets or ("web",))))
            return "SUCCESS"

        return night(plan, scenario, start=start)

    return played
