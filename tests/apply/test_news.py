"""examples/complete with a topic, applied by real Terraform: what tells of a roll, and a night that it tells of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from account_snapshot import snapshot
from albpatch.region.authorization import install
from albpatch.region.clock import VirtualClock
from albpatch.region.control_plane import attach
from albpatch.region.core import Region
from albpatch.region.event_bus import EventBus
from albpatch.region.event_patterns import matches
from albpatch.region.services.windows import Windows
from albpatch.rehearsal.from_plan import load
from albpatch.rehearsal.history import until_quiet
from albpatch.terraform import Terraform
from local_account import EXAMPLES, LocalAccount

NAMED = "Maintenance Window Execution State-change Notification"


@pytest.fixture(scope="module")
def applied() -> Iterator[dict[str, Any]]:
    account = LocalAccount()
    try:
        topic = account.region.backend("sns", "CreateTopic", {"Name": "patching"})["TopicArn"]
        before = snapshot(account.region)
        with Terraform(
            EXAMPLES / "complete",
            endpoint_url=account.server.url,
            region=account.region.name,
            variables={"notification_topic_arn": topic},
        ) as terraform:
            terraform.init()
            terraform.plan()
            plan = terraform.show_plan()
            terraform.apply()
            found = {"plan": plan, "changes": terraform.plan(), "seen": snapshot(account.region), "account": account}
            found |= {"deployment": terraform.output()["deployment"], "terraform": terraform, "before": before}
            yield found
    finally:
        account.close()


def test_a_second_plan_is_empty(applied: dict[str, Any]) -> None:
    """The pattern that names the window is known after the apply, and stays."""
    assert applied["changes"] is False
    assert applied["account"].unexpected == []


def test_only_this_window_is_told_of(applied: dict[str, Any]) -> None:
    """The rule matches every beginning and every end of this window, nothing in between, and no other window."""
    pattern = applied["seen"]["rules"][applied["deployment"]["news"]["events"]["rules"]["window"]]["EventPattern"]
    mine, other = applied["deployment"]["window"]["id"], "mw-0123456789abcdef0"
    statuses = ["PENDING", "IN_PROGRESS", "CANCELLING", "SUCCESS", "FAILED", "TIMED_OUT", "CANCELLED"]
    statuses.append("SKIPPED_OVERLAPPING")

    def heard(window: str) -> list[str]:
        details = [{"window-id": window, "status": status} for status in statuses]
        events = [{"source": "aws.ssm", "detail-type": NAMED, "detail": detail} for detail in details]
        return [e["detail"]["status"] for e in events if matches(json.dumps(pattern), e)]

    assert heard(other) == []
    assert heard(mine) == [status for status in statuses if status not in ("PENDING", "CANCELLING")]


def test_a_night_after_the_apply_is_told(applied: dict[str, Any]) -> None:
    """What Terraform left tells the topic at the beginning and at the end of a roll."""
    region = applied["account"].region
    install(region)
    region.part(EventBus).start()
    windows = region.part(Windows)

    def work() -> None:
        windows.wait(windows.fire(applied["deployment"]["window"]["id"]))
        until_quiet(region)

    region.clock.run(region.clock.spawn("night", work))
    titles = [e.detail["title"] for e in region.journal.of("notification")]

    assert titles[0] == "web: patching began" and titles[-1].startswith("web: patching ") and len(titles) == 2


def test_destroy_leaves_nothing_and_the_plan_loads_alike(applied: dict[str, Any]) -> None:
    """A destroy takes all of it away; a region loaded from the first plan has the same, but for the window's id."""
    applied["terraform"].destroy()
    assert snapshot(applied["account"].region) == applied["before"]
    applied["account"].close()  # one region at a time
    region = Region(VirtualClock(), name=applied["account"].region.name)
    try:
        attach(region)
        load(region, applied["plan"])
        seen = snapshot(region)
    finally:
        region.close()
    name = applied["deployment"]["news"]["events"]["rules"]["window"]
    there, here = (s["rules"][name].pop("EventPattern") for s in (applied["seen"], seen))

    assert len(here["detail"].pop("window-id")) == len(there["detail"].pop("window-id")) == 1
    assert here == there and seen == applied["seen"]
