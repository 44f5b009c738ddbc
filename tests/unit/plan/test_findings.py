"""Every finding of a review: a plan that has it, and the sound plan that has none."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from albpatch.plan.read import parse
from albpatch.plan.review import review
from albpatch.plan.rules import RULES
from unit.plan.plans import ACCOUNT, RUNBOOK, STEPS, Made, arn, fleet, plan, policy, record, statement, trust

NOW = datetime(2026, 1, 14, 12, tzinfo=UTC)
DOCUMENT = "module.web.module.automation_document.aws_ssm_document.this"
RECORD = "module.web.terraform_data.deployment"
ROLE = "module.web.module.automation_role.aws_iam_role.this"
STEPS_POLICY = "module.web.module.automation_role.aws_iam_role_policy.steps"
WINDOW = "module.web.module.maintenance_window.aws_ssm_maintenance_window.this"
WINDOW_ROLE = "module.web.module.maintenance_window.aws_iam_role.this"
WINDOW_POLICY = "module.web.module.maintenance_window.aws_iam_role_policy.this"
TASK = 'module.web.module.maintenance_window.aws_ssm_maintenance_window_task.fleet["web"]'
PARAMETERS = ("task_invocation_parameters", 0, "automation_parameters", 0, "parameter")
VERSION = ("task_invocation_parameters", 0, "automation_parameters", 0, "document_version")


def found(after, before=None, actions=None, base=None):
    """The findings as (id, address)."""
    other = parse(plan(base)) if base else None
    return [(f.id, f.address) for f in review(parse(plan(after, before, actions)), other, NOW).findings]


def made(given=None, text=RUNBOOK):
    return Made().call(given=given, text=text)


def with_group(**values):
    """A call and its target group in one plan, the ARN known."""
    return made().add("aws_lb_target_group.web", arn=arn(), name="web", target_type="instance", **values)


def with_fleets(**fleets):
    return made(record(fleets=fleets))


def two_calls(first, second, **more):
    """Two calls, the second named other; more are members of its window."""
    other = record("other", {"web": second}, **more)
    return Made().call(given=record(fleets={"web": first})).call("module.other", other)


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
    ("concurrency-above-floor", ("max_concurrency",), "2"),
    ("concurrency-above-floor", ("max_concurrency",), "10%"),
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
    """A percentage that can only mean one instance is no concurrency."""
    ids = [f"i-0123456789abcdef{n}" for n in range(4)]
    small = with_fleets(web=fleet(tags={}, instance_ids=ids))

    assert found(small.put(TASK, "max_concurrency", value="25%")) == []
    assert found(small.put(TASK, "max_concurrency", value="50%")) == [("concurrency-above-floor", TASK)]


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


def test_overlapping_windows_on_one_target_group():
    """Two calls meet on a target group when their windows are open together, also across the end of a day."""
    same, apart = fleet(), fleet(tags={"Fleet": ["b"]})
    where = "module.other.module.maintenance_window.aws_ssm_maintenance_window.this"

    assert found(two_calls(same, apart, expression="cron(0 5 ? * SUN *)")) == [("windows-overlap", where)]
    assert found(two_calls(same, apart, expression="cron(30 23 ? * SAT *)")) == [("windows-overlap", where)]
    assert found(two_calls(same, apart, expression="cron(0 8 ? * SUN *)")) == []
    assert found(two_calls(same, apart, enabled=False))[0][0] == "window-disabled"


def test_fleets_of_one_window_on_one_target_group():
    """Fleets of a window are patched side by side: one target group for two of them is one too few."""
    first, second = fleet(tags={"Fleet": ["a"]}), fleet(tags={"Fleet": ["b"]})
    apart = fleet(tags={"Fleet": ["b"]}, target_group_arns=[arn("b")])

    assert [f[0] for f in found(with_fleets(a=first, b=second))] == ["fleets-share-target-group"]
    assert found(with_fleets(a=first, b=apart)) == []


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"Fleet": ["web"]}, True),
        ({"Fleet": ["web", "api"]}, True),
        ({"Fleet": ["web"], "Stage": ["live"]}, True),
        ({"Fleet": ["api"]}, False),
        ({"Stage": ["live"]}, False),
    ],
)
def test_an_instance_of_two_fleets_by_its_tags(tags, expected):
    """Tags of which one set implies the other make every instance one of both."""
    other = fleet(tags=tags, target_group_arns=[arn("b")])

    assert (found(with_fleets(a=fleet(), b=other)) == [("instance-in-two-fleets", RECORD)]) is expected


def test_an_instance_of_two_fleets_by_its_id():
    """An instance that is named by its id in one fleet and found by its tags in another belongs to both."""
    ids = ["i-0123456789abcdef0", "i-0123456789abcdef1"]
    named = fleet(tags={}, instance_ids=ids, target_group_arns=[arn("b")])
    both = with_fleets(a=fleet(), b=named)
    web = both.copy().add("aws_instance.web", id="i-0123456789abcdef0", tags={"Fleet": "web"})
    api = both.copy().add("aws_instance.web", id="i-0123456789abcdef0", tags={"Fleet": "api"})

    assert found(web) == [("instance-in-two-fleets", RECORD)]
    assert found(api) == []


@pytest.mark.parametrize("kind", ["ip", "lambda", "alb"])
def test_a_target_type_that_the_runbook_does_not_handle(kind):
    """Only instances can be taken out by their id."""
    assert found(with_group().put("aws_lb_target_group.web", "target_type", value=kind)) == [
        ("target-type-unsupported", "aws_lb_target_group.web")
    ]


def test_a_target_group_with_one_target():
    """One target in the plan is too few; where the plan registers none, nobody knows."""
    one = with_group().add("aws_lb_target_group_attachment.a", target_group_arn=arn(), target_id="i-1")

    assert found(one) == [("too-few-targets", "aws_lb_target_group.web")]
    assert found(with_group()) == []


OWNERS = [
    ("registered-by-other", "aws_ecs_service.x", {"load_balancer": [{"target_group_arn": arn()}]}),
    (
        "registered-by-other",
        "aws_codedeploy_deployment_group.x",
        {"load_balancer_info": [{"target_group_info": [{"name": "web"}]}]},
    ),
    ("registered-by-other", "kubernetes_manifest.x", {"manifest": {"spec": {"targetGroupARN": arn()}}}),
    ("auto-scaling-group", "aws_autoscaling_group.x", {"target_group_arns": [arn()]}),
    ("auto-scaling-group", "aws_autoscaling_attachment.x", {"lb_target_group_arn": arn()}),
]


@pytest.mark.parametrize(("rule", "address", "values"), OWNERS, ids=lambda v: v if isinstance(v, str) else "")
def test_a_target_group_that_somebody_else_fills(rule, address, values):
    """ECS, CodeDeploy, Kubernetes and Auto Scaling are found by the target group that they name."""
    other = {key: str(value).replace("targetgroup/web", "targetgroup/b") for key, value in values.items()}

    assert found(with_group().add(address, **values)) == [(rule, "aws_lb_target_group.web")]
    assert found(with_group().add(address, **other)) == []


def test_a_target_group_of_kubernetes_by_its_tag():
    """The AWS Load Balancer Controller marks its target groups."""
    marked = with_group(tags={"elbv2.k8s.aws/cluster": "main"})

    assert found(marked) == [("registered-by-other", "aws_lb_target_group.web")]


def test_floors_that_are_none_or_too_much():
    """No floor at all, a runbook that knows none, all of the targets, and as many as there are."""
    budget = {"min_healthy": 0, "min_healthy_percent": 0}
    clone = made().put(RECORD, "input", "document", "source", value="aws-owned")
    everything = {"min_healthy": 1, "min_healthy_percent": 100}
    two = {"min_healthy": 2, "min_healthy_percent": 0}
    ids = ["i-0123456789abcdef0", "i-0123456789abcdef1"]

    assert found(with_fleets(web=fleet(disruption_budget=budget))) == [("no-floor", RECORD)]
    assert found(clone) == [("no-floor", RECORD)]
    assert found(with_fleets(web=fleet(disruption_budget=everything))) == [("floor-blocks", RECORD)]
    assert found(with_fleets(web=fleet(tags={}, instance_ids=ids, disruption_budget=two))) == [("floor-blocks", RECORD)]


OTHER_GROUP = statement(list(STEPS[1]["Action"]), [arn("b")])
PASS = statement(["iam:PassRole"], [f"arn:aws:iam::{ACCOUNT}:role/x"])
ROLES = [
    ("permission-missing", ROLE, STEPS_POLICY, policy(*STEPS[:2])),
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
    name = "assume_role_policy" if address == ROLE else "policy"
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


SETTINGS = [
    (("fleets", "web", "disruption_budget", "min_healthy"), 2, 1),
    (("fleets", "web", "disruption_budget", "min_healthy_percent"), 75, 50),
    (("settings", "drain", "propagation_seconds"), 60, 30),
    (("settings", "health", "consecutive_looks"), 5, 3),
    (("settings", "health", "bake_seconds"), 60, 0),
    (("settings", "patching", "skip_when_compliant"), True, False),
    (("settings", "patching", "scan_max_age_minutes"), 0, 60),
]


@pytest.mark.parametrize(("path", "more", "less"), SETTINGS, ids=lambda v: v[-1] if isinstance(v, tuple) else "")
def test_a_setting_that_protects_less(path, more, less):
    """Less is a finding, more is none; the same between two plans."""
    strong, weak = (made().put(RECORD, "input", *path, value=value) for value in (more, less))

    assert found(weak, strong) == [("settings-weakened", RECORD)]
    assert found(strong, weak) == []
    assert found(weak, base=strong) == [("settings-weakened", RECORD)]


def test_a_fleet_that_goes():
    """A fleet that is not there any more is a finding, one that is added is none."""
    one, two = (
        with_fleets(web=fleet()),
        with_fleets(web=fleet(), api=fleet(tags={"Fleet": ["api"]}, target_group_arns=[arn("b")])),
    )

    assert found(one, two) == [("fleet-removed", RECORD)]
    assert found(two, one) == []


@pytest.mark.parametrize("address", [DOCUMENT, ROLE, STEPS_POLICY, WINDOW, WINDOW_ROLE, WINDOW_POLICY])
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
    assert {address for _, address in gone} == {DOCUMENT, ROLE, STEPS_POLICY, WINDOW, WINDOW_ROLE, WINDOW_POLICY}


def test_an_attachment_that_this_apply_creates():
    """In a group that is patched already it may belong to a machine that is out; in a new group or call it may not."""
    attachment = "aws_lb_target_group_attachment.a[1]"
    before = with_group().add("aws_lb_target_group_attachment.a[0]", target_group_arn=arn(), target_id="i-1")
    after = before.copy().add(attachment, target_group_arn=arn(), target_id="i-2")

    assert found(after, before) == [("attachment-created", attachment)]
    assert found(after) == []
    assert found(after, made()) == []


UNKNOWN = [
    (DOCUMENT, {"content": True}, DOCUMENT),
    (DOCUMENT, {"permissions": True}, DOCUMENT),
    (STEPS_POLICY, {"policy": True}, ROLE),
    (WINDOW_POLICY, {"policy": True}, WINDOW_ROLE),
    (ROLE, {"assume_role_policy": True}, ROLE),
    (RECORD, {"input": {"window": {"expression": True}}}, WINDOW),
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
    """Each finding that a review can make stands in a table or a test of this file, or in the tests of the runbook."""
    text = Path(__file__).read_text() + Path(__file__).with_name("test_runbook.py").read_text()

    assert [rule for rule in RULES if f'"{rule}"' not in text] == []
