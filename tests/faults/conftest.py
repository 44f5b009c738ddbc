"""One plan of the matrix's fleets, and the faults that a night of it can have."""

from pathlib import Path

import pytest

from albpatch.rehearsal.matrix import fleets, run
from albpatch.rehearsal.sources import plans
from made_once import made_once


@pytest.fixture(scope="session")
def plan(tmp_path_factory):
    """The plan that serves every night, made once."""
    return made_once(tmp_path_factory, "faults", planned)


def planned():
    root = Path(__file__).resolve().parents[2]
    with fleets.configuration(root) as folder:
        return plans(folder, fleets.scenario("one"), ["bundled"], None, lambda _line: None)["bundled"]


@pytest.fixture(scope="session")
def faults(plan):
    """Every fault of the fleet with several target groups and ports."""
    return run.faults_of(plan, "many")
