"""examples/complete as Terraform would leave it, loaded from its plan: an apply for every test would cost minutes."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from account_changes import Deployed
from albpatch.live.account import Account
from albpatch.rehearsal.deployment import retarget
from albpatch.rehearsal.from_plan import Loaded, load
from local_account import EXAMPLES, LocalAccount
from made_once import made_once


@pytest.fixture(scope="session")
def complete_plan(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The plan of examples/complete as `terraform show -json` prints it."""
    return json.dumps(made_once(tmp_path_factory, "complete", planned))


def planned() -> dict[str, Any]:
    local = LocalAccount()
    try:
        with local.terraform(EXAMPLES / "complete") as terraform:
            terraform.init()
            terraform.plan()
            return terraform.show_plan()
    finally:
        local.close()


@pytest.fixture(scope="module")
def deployed(complete_plan: str) -> Iterator[Deployed]:
    """A region in which the plan was applied, reached through AWS_ENDPOINT_URL."""
    local = LocalAccount()
    try:
        with pytest.MonkeyPatch.context() as patch:
            plan = retarget(json.loads(complete_plan), local.world)
            record = recorded(plan, load(local.region, plan))
            for name, value in local.environment().items():
                patch.setenv(name, value)
            yield Deployed(local, Account(local.region.name, boto3.Session()), record)
    finally:
        local.close()


def recorded(plan: dict[str, Any], loaded: Loaded) -> dict[str, Any]:
    """The record that the apply of this plan would leave: what the plan does not know is what was loaded."""
    module = plan["planned_values"]["root_module"]["child_modules"][0]
    (found,) = [r["values"]["input"] for r in module["resources"] if r["type"] == "terraform_data"]
    record: dict[str, Any] = copy.deepcopy(found)
    (record["window"]["id"],) = loaded.window_ids
    ((_, record["fleets"]["web"]["target_id"]),) = loaded.targets.items()
    (record["fleets"]["web"]["task_id"],) = [i for address, i in loaded.tasks.items() if '["web"]' in address]
    record["document"]["version"] = "1"
    return record
