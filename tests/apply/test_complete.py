"""examples/complete applied, changed and destroyed by real Terraform."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from account_snapshot import snapshot
from albpatch import settings
from albpatch.region.clock import VirtualClock
from albpatch.region.control_plane import attach
from albpatch.region.core import Region
from albpatch.rehearsal.from_plan import load
from albpatch.terraform import Terraform
from local_account import EXAMPLES, ROOT, LocalAccount


@dataclass
class Life:
    """What was seen of one configuration, from before its first apply to after its destroy. `plan` is the first one."""

    terraform: Terraform
    account: LocalAccount
    seen: dict[str, dict[str, Any]] = field(default_factory=dict)
    changes: dict[str, bool] = field(default_factory=dict)
    deployments: dict[str, settings.Deployment] = field(default_factory=dict)
    plan: dict[str, Any] = field(default_factory=dict)

    def apply(self, when: str) -> None:
        """Plan, apply, look at what is there, and plan again."""
        self.terraform.plan()
        self.plan = self.plan or self.terraform.show_plan()
        self.terraform.apply()
        self.seen[when] = snapshot(self.account.region)
        self.deployments[when] = settings.parse(self.terraform.output()["deployment"])
        self.changes[when] = self.terraform.plan()

    def edit(self, **texts: str) -> None:
        """Change the text of an attribute in the copy of the example."""
        main = self.terraform.folder / "main.tf"
        for name, value in texts.items():
            lines = main.read_text().splitlines()
            edited = [
                f"{line.split('=')[0]}= {value}" if line.split("=")[0].strip() == name else line for line in lines
            ]
            assert edited != lines
            main.write_text("\n".join(edited) + "\n")


@pytest.fixture(scope="module")
def applied() -> Iterator[Life]:
    account = LocalAccount()
    try:
        with account.terraform(EXAMPLES / "complete") as terraform:
            life = Life(terraform, account, {"before": snapshot(account.region)})
            terraform.init()
            life.apply("applied")
            yield life
    finally:
        account.close()


@pytest.fixture(scope="module")
def updated(applied: Life) -> Life:
    """The same after a change of the schedule and of a setting that is part of the runbook's text."""
    applied.edit(expression='"cron(30 4 ? * * *)"', offset_days="null", propagation_seconds="45")
    applied.apply("updated")
    return applied


@pytest.fixture(scope="module")
def destroyed(updated: Life) -> Life:
    updated.terraform.destroy()
    updated.seen["destroyed"] = snapshot(updated.account.region)
    return updated


def test_a_second_plan_is_empty(applied):
    """Right after an apply Terraform finds nothing to change, and the region was asked nothing it does not know."""
    assert applied.changes["applied"] is False
    assert applied.account.unexpected == []


def test_everything_of_the_module_is_there(applied):
    """Four documents, four roles with policies, a window with a target and a task per fleet, what starts recovery."""
    seen, deployment = applied.seen["applied"], applied.deployments["applied"]
    roles = set(seen["roles"]) - set(applied.seen["before"]["roles"])
    window = seen["windows"][deployment.window.name]

    restore = deployment.restore
    assert restore is not None
    children = {deployment.assess_document, restore.document, f"{deployment.name}-await-quiet"}
    assert set(seen["documents"]) == {deployment.document.name, *children}
    kept = {deployment.automation_role.name, deployment.window_role.name, restore.role.name, restore.events.role.name}
    assert roles == kept
    assert restore.events.rule in seen["rules"] and list(seen["queues"]) == [restore.events.queue]
    assert list(seen["tables"]) == [deployment.lease_table]
    assert set(seen["roles"][restore.role.name]["policies"]) == {"steps", "target-groups"}
    assert set(seen["roles"][deployment.automation_role.name]["policies"]) == {"steps", "target-groups"}
    assert set(seen["roles"][deployment.window_role.name]["policies"]) == {"start-runbook"}
    fleets = {fleet.name for fleet in deployment.fleets.values()}
    assert set(window["targets"]) == fleets and set(window["tasks"]) == {*fleets, "web-alb-sweep"}
    assert window["tags"] == {"Service": "web"}


def test_a_change_is_made_in_place(updated):
    """A new schedule and a new runbook keep window, target and task; the task pins the new version at once."""
    before, after = updated.deployments["applied"], updated.deployments["updated"]
    fleet, changed = before.fleets["web"], after.fleets["web"]

    assert (after.window.id, changed.target_id, changed.task_id) == (before.window.id, fleet.target_id, fleet.task_id)
    assert (before.document.version, after.document.version) == ("1", "2")
    assert before.document.content_sha256 != after.document.content_sha256
    window = updated.seen["updated"]["windows"][after.window.name]
    assert window["members"]["Schedule"] == "cron(30 4 ? * * *)"
    assert "ScheduleOffset" not in window["members"]
    assert window["tasks"][changed.name]["TaskInvocationParameters"]["Automation"]["DocumentVersion"] == "2"
    document = updated.seen["updated"]["documents"][after.document.name]
    assert (document["DefaultVersion"], document["LatestVersion"]) == ("2", "2")


def test_a_plan_after_the_change_is_empty(updated):
    """The change, too, leaves nothing for the next plan."""
    assert updated.changes["updated"] is False


def test_destroy_leaves_nothing(destroyed):
    """What is there after the destroy is what was there before the first apply."""
    assert destroyed.seen["destroyed"] == destroyed.seen["before"]
    assert destroyed.account.unexpected == []


def test_the_readme_names_what_terraform_called(destroyed):
    """README's table of what the caller of Terraform may do is what was asked for in this life, no more and no less."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table, _, beside = readme.partition("## What the caller of Terraform needs")[2].partition("Never called")
    beside = beside.partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.M)

    # Target groups are read by the data sources of the example.
    asked = {call for call in destroyed.account.server.asked if not call.startswith("elbv2:")}
    assert [f"{service}:{name}" for service, names in rows for name in re.findall(r"\w+", names)] == sorted(asked)
    extra = set(re.findall(r"`(\w+:\w+)`", beside))
    assert len(extra) > 10 and not extra & asked


def test_loading_the_plan_leaves_what_the_apply_leaves(destroyed):
    """A region loaded from the first plan holds the same as after the apply: documents to tables, with their tags."""
    destroyed.account.close()  # one region at a time
    region = Region(VirtualClock(), name=destroyed.account.region.name)
    try:
        attach(region)
        loaded = load(region, destroyed.plan)
        assert snapshot(region) == destroyed.seen["applied"]
        assert loaded.left_out == ["module.alb_patching.terraform_data.deployment"]
    finally:
        region.close()
