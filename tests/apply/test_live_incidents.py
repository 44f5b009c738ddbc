"""`albpatch check` finds what happens to a fleet: each bad state is made by hand, found, undone."""

from __future__ import annotations

from dataclasses import replace

import pytest

import account_incidents as incidents
from account_changes import deregister, sicken, update_window

HELD = {"Id": {"S": "TG#GROUP"}, "Holders": {"SS": ["i-0000000000000000a 1"]}}
PAUSED = {"Id": {"S": "PAUSE"}, "Reason": {"S": "freeze"}}
STRANGER = {"Id": {"S": "INSTANCE#i-0000000000000000b"}, "LeaseOwner": {"S": "x"}, "Record": {"S": "[]"}}
INCIDENTS = [
    ("instance-offline", "instances-are-managed", incidents.lose_agent, "is ConnectionLost; should be: Online"),
    ("instance-not-managed", "instances-are-managed", incidents.unmanage, "is not managed; should be: managed"),
    ("instance-not-running", "fleets-have-instances", incidents.stop, "is stopped; should be: running"),
    ("auto-scaling-group", "no-auto-scaling", incidents.join_scaling_group(False), "belongs to group"),
    ("instance-standby", "no-auto-scaling", incidents.join_scaling_group(True), "is Standby in group"),
    ("never-patched", "everybody-patched", incidents.untag, "belongs to no fleet"),
    ("other-target-group", "nobody-elsewhere", incidents.serve_elsewhere, "serves in target group other as well"),
    ("classic-load-balancer", "no-classic-load-balancer", incidents.serve_classic, "behind it"),
    ("instance-not-registered", "instances-registered", deregister, "should be: all instances of the fleet"),
    ("target-not-healthy", "targets-healthy", sicken(["web-1"]), "(Target.ResponseCodeMismatch); should be: healthy"),
    ("below-floor", "floor-held", sicken(["web-1", "web-2", "web-3"]), "should be: at least 2"),
    (
        "below-floor",
        "floor-held",
        incidents.both(
            incidents.set_attributes(load_balancing__cross_zone__enabled="false"), sicken(["web-1", "web-3"])
        ),
        "in ap-northeast-1a: 0 healthy targets of 2; should be: at least 2",
    ),
    (
        "below-floor",
        "floor-held",
        incidents.both(
            incidents.set_attributes(
                target_group_health__unhealthy_state_routing__minimum_healthy_targets__count="4",
                target_group_health__dns_failover__minimum_healthy_targets__percentage="60",
            ),
            sicken(["web-1"]),
        ),
        "3 healthy targets of 4; should be: at least 4",
    ),
    ("left-draining", "nothing-draining", deregister, "gone within the delay of 30 s"),
    ("document-not-default", "document-default", incidents.new_default, "the default version is 2; should be: 1"),
    ("permission-missing", "role-suffices", incidents.forbid, "may not ssm:SendCommand"),
    ("permission-missing", "role-suffices", incidents.bound, "may not elasticloadbalancing:DeregisterTargets"),
    ("permission-missing", "role-suffices", incidents.forbid_restore, "may not dynamodb:GetItem on arn:aws:dynamodb:"),
    ("recovery-off", "recovery-on", incidents.disable_rule, "state is 'DISABLED'; should be: 'ENABLED'"),
    ("recovery-off", "recovery-on", incidents.retarget_rule, "automation-definition/web-alb-other:$DEFAULT"),
    ("recovery-not-started", "recovery-started", incidents.bury, "1 events lie in it; should be: none"),
    ("permission-missing", "recovery-role", incidents.forbid_start, "may not iam:PassRole on arn:aws:iam::"),
    ("open-record", "nobody-out", incidents.left_out("INSTALLING"), "in state INSTALLING since 2026-01-01 00:00 UTC"),
    ("kept-out", "nobody-out", incidents.left_out("DRAINED", KeptOut="1"), "in state DRAINED"),
    ("roll-under-way", "nobody-out", incidents.working, "in state "),
    ("lease-without-record", "no-lease-left-over", incidents.put_item(HELD), "leases of i-0000000000000000a"),
    ("paused", "not-paused", incidents.put_item(PAUSED), "rolls are paused: freeze"),
    ("lease-table-expires", "lease-table-remembers", incidents.expire, "its items expire; should be: no time to live"),
    ("lease-table-unprotected", "lease-table-remembers", incidents.unprotect, "has no point-in-time recovery"),
    ("destroy-under-way", "nothing-under-way", incidents.under_way, "is InProgress; should be: over"),
    ("destroy-under-way", "nothing-under-way", incidents.overlap, "is IN_PROGRESS; should be: over"),
    ("destroy-forgets", "nobody-forgotten", incidents.left_out("LEASED"), "in state LEASED"),
    ("destroy-forgets", "nobody-forgotten", incidents.put_item(STRANGER), "holds 1 open records of others"),
    ("window-disabled", "window-opens", update_window(Enabled=False), "is disabled; should be: enabled"),
    ("window-never-opens", "window-opens", update_window(EndDate="2026-01-02T00:00:00Z"), "has no next execution"),
    ("roll-under-way", "no-execution-left-over", incidents.under_way, "is InProgress; should be: over"),
    ("execution-not-successful", "no-execution-left-over", incidents.failed, "ended as Failed: "),
    ("window-did-not-open", "window-opened", incidents.overlap, "was skipped: an earlier one was not over"),
    ("roll-under-way", "window-opened", incidents.overlap, "is IN_PROGRESS; should be: over"),
]


def wrong(verdict, rule):
    return [f"{i.subject}: {i.found}; should be: {i.wanted}" for i in verdict.wrong if i.rule == rule]


@pytest.mark.parametrize(("rule", "check", "incident", "text"), INCIDENTS, ids=[f"{r}-{t}" for r, _, _, t in INCIDENTS])
def test_a_bad_state_is_found_and_its_end_too(deployed, rule, check, incident, text):
    """The finding says what is and what should be. When the state is undone it is gone."""
    undo = incident(deployed)
    try:
        found = wrong(deployed.verdict(check), rule)
    finally:
        undo()

    assert [line for line in found if text in line], found
    assert wrong(deployed.verdict(check), rule) == []


def test_a_missed_opening_is_found(deployed):
    """Two months later no opening has come although several were due; on the first day none was due yet."""
    assert wrong(deployed.verdict("window-opened", days=60), "window-did-not-open")
    assert wrong(deployed.verdict("window-opened", days=0), "window-did-not-open") == []


def test_an_instance_of_two_fleets_is_found(deployed):
    """Two fleets with the same tags have the same instances."""
    deployment = replace(deployed.deployment, fleets={"web": deployed.fleet, "again": deployed.fleet})

    found = wrong(deployed.verdict("fleets-have-instances", deployment), "instance-in-two-fleets")
    assert len(found) == 4
    assert "belongs to the fleets again, web; should be: one fleet" in found[0]


def test_what_passes_by_itself_is_told_apart(deployed):
    """A draining target, and an execution under way, are not settled; a sick target is simply wrong."""
    for incident, check in ((deregister, "nothing-draining"), (incidents.under_way, "no-execution-left-over")):
        undo = incident(deployed)
        try:
            assert deployed.verdict(check).state == "not settled yet"
        finally:
            undo()
    undo = sicken(["web-1"])(deployed)
    try:
        assert deployed.verdict("targets-healthy").state == "not as it should be"
    finally:
        undo()


@pytest.mark.parametrize(
    ("members", "rule", "text"),
    [
        ({}, "target-group-unattached", "belongs to no load balancer; should be: a load balancer"),
        ({"TargetType": "ip"}, "target-group-type", "target type ip; should be: instance"),
    ],
)
def test_a_target_group_that_cannot_be_handled_is_found(deployed, members, rule, text):
    """Behind no load balancer nothing is healthy, and only instances can be taken out."""
    arn = incidents.make_group(deployed, rule[:20].rstrip("-"), **members)
    deployment = replace(deployed.deployment, fleets={"web": replace(deployed.fleet, target_group_arns=(arn,))})

    assert text in " ".join(wrong(deployed.verdict("target-groups-attached", deployment), rule))


def test_a_table_that_is_gone_or_another_one_is_found(deployed):
    """Without its table nothing is patched; a table with another key refuses every write."""
    region = deployed.local.region
    gone = replace(deployed.deployment, lease_table="nothing")
    key = {"KeySchema": [{"AttributeName": "Name", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}
    kinds = {"AttributeDefinitions": [{"AttributeName": "Name", "AttributeType": "S"}]}
    region.backend("dynamodb", "CreateTable", {"TableName": "other", **key, **kinds})
    other = replace(deployed.deployment, lease_table="other")

    assert wrong(deployed.verdict("lease-table-remembers", gone), "lease-table-gone")
    assert deployed.verdict("nobody-out", gone).state == "nothing to look at"
    assert wrong(deployed.verdict("lease-table-remembers", other), "lease-table-unfit")


def test_a_clone_has_no_leases_to_look_at(deployed):
    """AWS's runbook keeps no table: there is nothing to be found, and nothing is called fine."""
    clone = replace(deployed.deployment, lease_table=None, restore=None)

    for check in ("lease-table-remembers", "nobody-out", "no-lease-left-over", "restore-role-as-recorded"):
        assert deployed.verdict(check, clone).state == "nothing to look at"
