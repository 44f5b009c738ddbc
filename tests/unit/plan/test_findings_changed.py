"""Findings about what a plan takes away: settings, fleets, and what a running roll needs."""

import pytest

from unit.plan.bent import (
    DOCUMENT,
    EVENTS_POLICY,
    EVENTS_ROLE,
    LEASES,
    RECORD,
    RESTORE_DOCUMENT,
    RESTORE_POLICY,
    RESTORE_ROLE,
    ROLE,
    STEPS_POLICY,
    TASK,
    WINDOW,
    WINDOW_POLICY,
    WINDOW_ROLE,
    found,
    made,
    with_fleets,
    with_group,
)
from unit.plan.plans import RUNBOOK, Made, arn, fleet

SETTINGS = [
    (("fleets", "web", "disruption_budget", "max_unavailable"), 1, 2),
    (("fleets", "web", "disruption_budget", "min_healthy"), 2, 1),
    (("fleets", "web", "disruption_budget", "min_healthy_percent"), 75, 50),
    (("settings", "drain", "propagation_seconds"), 60, 30),
    (("settings", "health", "consecutive_looks"), 5, 3),
    (("settings", "health", "bake_seconds"), 60, 0),
    (("settings", "patching", "skip_when_compliant"), True, False),
    (("settings", "patching", "scan_max_age_minutes"), 0, 60),
    (("settings", "drain", "quiet_seconds"), 20, 10),
    (("settings", "alarms", "insufficient_data"), "stop", "allow"),
    (("settings", "alarms", "names"), ["a", "b"], ["b"]),
    (("settings", "change_calendars"), ["freeze"], []),
]


@pytest.mark.parametrize(("path", "more", "less"), SETTINGS, ids=lambda v: v[-1] if isinstance(v, tuple) else "")
def test_a_setting_that_protects_less(path, more, less):
    """Less is a finding, more is none; the same between two plans."""
    strong, weak = (made().put(RECORD, "input", *path, value=value) for value in (more, less))

    assert found(weak, strong) == [("settings-weakened", RECORD)]
    assert found(strong, weak) == []
    assert found(weak, base=strong) == [("settings-weakened", RECORD)]


def test_a_setting_that_the_runbook_carries_is_said_once():
    """propagation_seconds is a setting and an input of a step: the finding is the runbook's, the words name both."""
    text = RUNBOOK.replace("PropagationSeconds: 30", "PropagationSeconds: 5")
    weak = made(text=text).put(RECORD, "input", "settings", "drain", "propagation_seconds", value=5)

    assert found(weak, made()) == [("guard-weakened", DOCUMENT)]


def test_a_fleet_that_goes():
    """A fleet that is not there any more is a finding, one that is added is none."""
    one, two = (
        with_fleets(web=fleet()),
        with_fleets(web=fleet(), api=fleet(tags={"Fleet": ["api"]}, target_group_arns=[arn("b")])),
    )

    assert found(one, two) == [("fleet-removed", RECORD)]
    assert found(two, one) == []


NEEDED = [
    *(DOCUMENT, ROLE, STEPS_POLICY, WINDOW, WINDOW_ROLE, WINDOW_POLICY),
    *(LEASES, RESTORE_DOCUMENT, RESTORE_ROLE, RESTORE_POLICY, EVENTS_ROLE, EVENTS_POLICY),
]


@pytest.mark.parametrize("address", NEEDED)
def test_what_a_roll_needs_is_replaced(address):
    """Replacing document, role, policy or window takes from a running execution what it works with."""
    for actions in (["delete", "create"], ["create", "delete"]):
        assert found(made(), made(), {address: actions}) == [("replaces-what-a-roll-needs", address)]


def test_a_target_or_task_may_be_replaced():
    """Targets and tasks only start executions: replacing them harms none that runs."""
    assert found(made(), made(), {TASK: ["delete", "create"]}) == []


def test_a_call_that_goes_takes_everything_with_it():
    """Destroying a call destroys what a running execution needs; it is compared with what exists, whatever the base."""
    gone = found(Made(), made(), base=made())

    assert {rule for rule, _ in gone} == {"destroys-what-a-roll-needs"}
    assert {address for _, address in gone} == set(NEEDED)


def test_a_table_beside_the_call_goes():
    """The table that a call names belongs to its rolls, wherever the plan manages it."""
    before = made()
    before.values["aws_dynamodb_table.leases"] = before.values.pop(LEASES)
    after = before.copy()
    del after.values["aws_dynamodb_table.leases"]

    assert found(after, before) == [("destroys-what-a-roll-needs", "aws_dynamodb_table.leases")]


def test_another_table_forgets_who_is_out():
    """Leases that a running roll holds in one table are not seen in another."""
    other = made().put(RECORD, "input", "lease_table", value="shared-leases")

    assert found(other, made()) == [("replaces-what-a-roll-needs", RECORD)]
    assert found(other, base=made()) == []


def test_an_attachment_that_this_apply_creates():
    """In a group that is patched already it may belong to a machine that is out; in a new group or call it may not."""
    attachment = "aws_lb_target_group_attachment.a[1]"
    before = with_group().add("aws_lb_target_group_attachment.a[0]", target_group_arn=arn(), target_id="i-1")
    after = before.copy().add(attachment, target_group_arn=arn(), target_id="i-2")

    assert found(after, before) == [("attachment-created", attachment)]
    assert found(after) == []
    assert found(after, made()) == []
