"""Findings about documents, tasks, windows and roles: a plan that has each, and the sound plan that has none."""

from pathlib import Path

import pytest

from albpatch.plan.rules import RULES
from unit.plan.bent import (
    DOCUMENT,
    EVENTS_POLICY,
    EVENTS_ROLE,
    EVENTS_RULE,
    EVENTS_TARGET,
    LEASES,
    PARAMETERS,
    RECORD,
    RESTORE_DOCUMENT,
    RESTORE_POLICY,
    RESTORE_ROLE,
    ROLE,
    STEPS_POLICY,
    TASK,
    VERSION,
    WINDOW,
    WINDOW_POLICY,
    WINDOW_ROLE,
    found,
    made,
    two_calls,
    with_fleets,
    with_group,
    without_leases,
)
from unit.plan.plans import ACCOUNT, RUNBOOK, STEPS, arn, fleet, policy, record, statement, trust


def test_a_sound_plan_has_no_finding():
    """The plan that the other tests bend has none, new, unchanged, and with its target group."""
    targets = with_group(deregistration_delay="60")
    for n in (1, 2):
        targets.add(f"aws_lb_target_group_attachment.web[{n}]", target_group_arn=arn(), target_id=f"i-{n}")

    assert found(made()) == []
    assert found(made(), made()) == []
    assert found(targets) == []
    assert found(two_calls(fleet(), fleet(target_group_arns=[arn("other")], tags={"Fleet": ["b"]}))) == []


TASKS = [
    ("document-unpinned", VERSION, "$LATEST"),
    ("document-unpinned", VERSION, "$DEFAULT"),
    ("document-unpinned", VERSION, None),
    ("leases-contended", ("max_concurrency",), "2"),
    ("errors-tolerated", ("max_errors",), "1"),
    ("errors-tolerated", ("max_errors",), "5%"),
    ("cutoff-continues", ("cutoff_behavior",), "CONTINUE_TASK"),
    ("cutoff-continues", ("cutoff_behavior",), None),
    ("parameter-undeclared", (*PARAMETERS, 0, "name"), "instanceId"),
    ("parameter-missing", (*PARAMETERS, 1, "name"), "MinHealthyCount"),
    ("parameter-refused", (*PARAMETERS, 0, "values"), ["mi-0123456789abcdef0"]),
    ("parameter-refused", (*PARAMETERS, 0, "values"), ["i-0123456789abcdef0", "i-0123456789abcdef1"]),
    ("instance-not-passed", (*PARAMETERS, 0, "values"), ["i-0123456789abcdef0"]),
]


@pytest.mark.parametrize(("rule", "path", "value"), TASKS, ids=lambda v: v if isinstance(v, str) else "")
def test_a_task_that_would_not_do(rule, path, value):
    """Version, rate control, cutoff and parameters of a window task are judged one by one, at the task."""
    assert (rule, TASK) in found(made().put(TASK, *path, value=value))


def test_a_share_of_a_known_fleet_is_counted():
    """A percentage that means one instance is no concurrency; what it means for a tag only the account knows."""
    ids = [f"i-0123456789abcdef{n}" for n in range(4)]
    small = with_fleets(web=fleet(tags={}, instance_ids=ids))

    assert found(small.put(TASK, "max_concurrency", value="25%")) == []
    assert found(small.put(TASK, "max_concurrency", value="50%")) == [("leases-contended", TASK)]
    assert found(made().put(TASK, "max_concurrency", value="50%")) == []


@pytest.mark.parametrize(("concurrency", "wrong"), [("1", False), ("2", True), ("10%", True)])
def test_concurrency_without_leases(concurrency, wrong):
    """Executions of a runbook that takes no leases do not count each other: more than one at once is wrong."""
    clone = made(without_leases(record())).put(TASK, "max_concurrency", value=concurrency)

    assert (("concurrency-above-floor", TASK) in found(clone)) is wrong


WINDOWS = [
    ("window-too-short", {"duration_hours": 1, "cutoff_hours": 0}, RUNBOOK.replace("1800", "36000")),
    ("cutoff-short", {"cutoff_hours": 0}, RUNBOOK),
    ("window-disabled", {"enabled": False}, RUNBOOK),
    ("window-never-opens", {"expression": "cron(0 3 ? * SUN 2025)"}, RUNBOOK),
    ("window-never-opens", {"end_date": "2026-01-15T00:00:00Z"}, RUNBOOK),
    ("schedule-refused", {"expression": "cron(0 3 ? * SUNDAY *)"}, RUNBOOK),
    ("schedule-refused", {"timezone": "Mars/Olympus"}, RUNBOOK),
    ("clock-change", {"expression": "cron(30 2 29 3 ? *)", "timezone": "Europe/Berlin"}, RUNBOOK),
    ("duration-unbounded", {}, RUNBOOK.replace("  timeoutSeconds: 1800\n", "")),
]


@pytest.mark.parametrize(
    ("rule", "window", "text"), WINDOWS, ids=lambda v: v if isinstance(v, str) and "\n" not in v else ""
)
def test_a_window_that_would_not_do(rule, window, text):
    """A window that does not open, is too short, or opens in an hour that does not exist."""
    assert (rule, WINDOW) in found(made(record(**window), text))


def test_a_fleet_that_is_too_large_for_its_window():
    """Twenty instances that each drain for ten minutes do not fit into three hours; ten do."""

    def of(count):
        ids = [f"i-0123456789abcd{n:03}" for n in range(count)]
        slow = with_fleets(web=fleet(tags={}, instance_ids=ids))
        return found(slow.add("aws_lb_target_group.web", arn=arn(), target_type="instance", deregistration_delay="600"))

    assert ("roll-too-long", WINDOW) in of(20)
    assert of(10) == []


OTHER_WINDOW = "module.other.module.maintenance_window.aws_ssm_maintenance_window.this"
OTHER_RECORD = "module.other.terraform_data.deployment"


def test_overlapping_windows_on_one_target_group():
    """Two calls with different tables meet when their windows are open together, also across the end of a day."""
    same, apart = fleet(), fleet(tags={"Fleet": ["b"]})
    tables, overlap = ("lease-tables-differ", OTHER_RECORD), ("windows-overlap", OTHER_WINDOW)

    assert found(two_calls(same, apart, expression="cron(0 5 ? * SUN *)")) == [tables, overlap]
    assert found(two_calls(same, apart, expression="cron(30 23 ? * SAT *)")) == [tables, overlap]
    assert found(two_calls(same, apart, expression="cron(0 8 ? * SUN *)")) == [tables]
    assert found(two_calls(same, apart, enabled=False)) == [tables, ("window-disabled", OTHER_WINDOW)]


def test_overlapping_windows_with_one_table():
    """With one table nobody goes below the floor; who finds no lease is deferred, unless the group spares enough."""
    same, apart, both = fleet(), fleet(tags={"Fleet": ["b"]}), "cron(0 5 ? * SUN *)"
    two = {"max_unavailable": 2, "min_healthy": 1, "min_healthy_percent": 0}

    assert found(two_calls(same, apart, "web-leases", expression=both)) == [("leases-contended", OTHER_WINDOW)]
    assert found(two_calls(same, apart, "web-leases", expression="cron(0 8 ? * SUN *)")) == []
    generous = [fleet(disruption_budget=two), fleet(disruption_budget=two, tags={"Fleet": ["b"]})]
    assert found(two_calls(*generous, "web-leases", expression=both)) == []


def test_a_call_without_leases_beside_one_with():
    """The clone of AWS's runbook counts nobody: beside it, leases protect nothing. Two clones only must not meet."""
    same, apart = fleet(), fleet(tags={"Fleet": ["b"]})
    mixed = made().call(
        "module.other", without_leases(record("other", {"web": apart}, expression="cron(0 8 ? * SUN *)"))
    )
    clones = two_calls(same, apart, None, expression="cron(0 8 ? * SUN *)")

    assert ("lease-tables-differ", OTHER_RECORD) in found(mixed)
    assert not {"lease-tables-differ", "windows-overlap"} & {rule for rule, _ in found(clones)}
    assert ("windows-overlap", OTHER_WINDOW) in found(two_calls(same, apart, None))


def test_the_same_table_in_another_region_is_another_table():
    """Two calls in two regions have nothing in common, whatever their tables are called."""
    both = two_calls(fleet(), fleet(tags={"Fleet": ["b"]}), "web-leases", expression="cron(0 8 ? * SUN *)")

    assert found(both) == []
    elsewhere = both.put(OTHER_RECORD, "input", "region", value="us-east-1")
    assert ("lease-tables-differ", OTHER_RECORD) in found(elsewhere)


RECOVERY = [
    ("recovery-off", EVENTS_RULE, "state", "DISABLED", EVENTS_RULE),
    ("recovery-off", EVENTS_RULE, "is_enabled", False, EVENTS_RULE),
    ("recovery-off", EVENTS_RULE, "name", "other", RECORD),
    ("recovery-off", EVENTS_TARGET, "rule", "other", EVENTS_RULE),
    ("recovery-off", EVENTS_TARGET, "arn", "arn:aws:ssm:x:1:automation-definition/other:$DEFAULT", EVENTS_TARGET),
    ("recovery-unheard", EVENTS_TARGET, "dead_letter_config", [], EVENTS_TARGET),
    ("permission-missing", EVENTS_POLICY, "policy", policy(), EVENTS_ROLE),
]


@pytest.mark.parametrize(("rule", "address", "attribute", "value", "where"), RECOVERY)
def test_a_restore_runbook_that_would_not_start_by_itself(rule, address, attribute, value, where):
    """The rule is there, enabled, starts the restore runbook, may do so, and what it could not start is kept."""
    bent = made()
    bent.values[address][attribute] = value

    assert set(found(bent)) == {(rule, where)}


def test_what_is_not_shown_of_a_rule_is_not_wrong():
    """A target whose rule or queue is known after the apply only is neither missing nor unheard."""
    hidden = made()
    hidden.unknown[EVENTS_TARGET] = {"rule": True, "dead_letter_config": True}

    assert found(hidden) == []


def test_a_window_that_sweeps_may_start_the_restore_runbook():
    """The task that each window begins with needs the start of the restore runbook, and its role handed over."""
    sweep = "module.web.module.maintenance_window.aws_ssm_maintenance_window_task.sweep[0]"
    swept = made().add(sweep, task_arn="web-alb-restore")

    assert found(swept) == [("permission-missing", WINDOW_ROLE)] * 2


TABLES = [
    ("lease-table-expires", "ttl", [{"enabled": True, "attribute_name": "Until"}]),
    ("lease-table-unprotected", "point_in_time_recovery", []),
    ("lease-table-unprotected", "point_in_time_recovery", [{"enabled": False}]),
    ("lease-table-unfit", "hash_key", "Name"),
    ("lease-table-unfit", "range_key", "Since"),
    ("lease-table-unfit", "attribute", [{"name": "Id", "type": "N"}]),
]


@pytest.mark.parametrize(("rule", "attribute", "value"), TABLES)
def test_a_table_that_would_not_remember(rule, attribute, value):
    """A table of the call, and one beside it that the call names, must keep what is written under the runbook's key."""
    own = made().put(LEASES, attribute, value=value)
    beside = made()
    beside.values["aws_dynamodb_table.leases"] = {**beside.values.pop(LEASES), attribute: value}

    assert found(own) == [(rule, LEASES)]
    assert found(beside) == [(rule, "aws_dynamodb_table.leases")]


OTHER_GROUP = statement(list(STEPS[1]["Action"]), [arn("b")])
PASS = statement(["iam:PassRole"], [f"arn:aws:iam::{ACCOUNT}:role/x"])
ROLES = [
    ("permission-missing", ROLE, STEPS_POLICY, policy(*STEPS[:2])),
    ("write-on-everything", RESTORE_ROLE, RESTORE_POLICY, policy(statement(["dynamodb:*"], ["*"]))),
    ("trust-without-source", RESTORE_ROLE, RESTORE_ROLE, trust()),
    ("permission-missing", ROLE, STEPS_POLICY, policy(STEPS[0], OTHER_GROUP, STEPS[2])),
    ("permission-unneeded", ROLE, STEPS_POLICY, policy(*STEPS, statement(["ec2:DescribeVpcs"], ["*"]))),
    ("write-on-everything", ROLE, STEPS_POLICY, policy(*STEPS[:2], statement(["ssm:SendCommand"], ["*"]))),
    ("write-on-everything", ROLE, STEPS_POLICY, policy(statement(["*"], ["*"]))),
    ("passrole-to-any-service", ROLE, STEPS_POLICY, policy(*STEPS, PASS)),
    ("policy-unreadable", STEPS_POLICY, STEPS_POLICY, "{"),
    ("trust-without-source", ROLE, ROLE, trust()),
    ("permission-missing", WINDOW_ROLE, WINDOW_POLICY, policy(statement(["ssm:GetAutomationExecution"], ["*"]))),
]


@pytest.mark.parametrize(("rule", "where", "address", "value"), ROLES, ids=lambda v: v if v in RULES else "")
def test_a_role_that_would_not_do(rule, where, address, value):
    """A role with too little, too much, or for anybody."""
    name = "policy" if "policy" in address else "assume_role_policy"
    assert (rule, where) in found(made().put(address, name, value=value))


def test_a_call_whose_permissions_are_not_known():
    """A call that the table does not have makes neither too much nor too little of a finding, but is said."""
    text = RUNBOOK.replace("elb.describe_target_health", "elb.describe_ssl_policies")
    ids = [one[0] for one in found(made(text=text))]

    assert "permission-not-known" in ids
    assert "permission-unneeded" not in ids


@pytest.mark.parametrize(
    ("rule", "accounts"),
    [("document-public", "all"), ("document-public", "1,All"), ("document-shared", "210987654321")],
)
def test_a_shared_document(rule, accounts):
    """Sharing with everybody is wrong, sharing with somebody is worth a look."""
    shared = made().put(DOCUMENT, "permissions", value={"type": "Share", "account_ids": accounts})

    assert found(shared) == [(rule, DOCUMENT)]


def test_a_document_that_systems_manager_refuses():
    """What CreateDocument would refuse is found before it does."""
    assert ("document-refused", DOCUMENT) in found(made(text=RUNBOOK.replace("nextStep: Choose", "nextStep: Chose")))


UNKNOWN = [
    (DOCUMENT, {"content": True}, DOCUMENT),
    (DOCUMENT, {"permissions": True}, DOCUMENT),
    (STEPS_POLICY, {"policy": True}, ROLE),
    (WINDOW_POLICY, {"policy": True}, WINDOW_ROLE),
    (ROLE, {"assume_role_policy": True}, ROLE),
    (RECORD, {"input": {"window": {"expression": True}}}, WINDOW),
    (RECORD, {"input": {"lease_table": True}}, RECORD),
    (RESTORE_DOCUMENT, {"content": True}, RESTORE_DOCUMENT),
    (TASK, {"max_concurrency": True}, TASK),
]


@pytest.mark.parametrize(
    ("address", "unknown", "where"), UNKNOWN, ids=lambda v: next(iter(v)) if isinstance(v, dict) else ""
)
def test_what_is_not_known_is_said(address, unknown, where):
    """A value that is not known until the apply is a note of its own, neither fine nor wrong."""
    hidden = made()
    hidden.unknown[address] = unknown

    assert found(hidden) == [("not-shown", where)]


def test_every_rule_is_tested():
    """Each finding that a review can make stands in a table or a test of this folder."""
    text = "".join(file.read_text() for file in Path(__file__).parent.glob("test_*.py"))

    assert [rule for rule in RULES if f'"{rule}"' not in text] == []
