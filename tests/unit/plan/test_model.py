"""Calls of the module in a plan, wherever they stand, and what a review says about them."""

import copy
from datetime import UTC, datetime

import pytest

from albpatch.plan.groups import Groups, Named, found_resources
from albpatch.plan.model import calls
from albpatch.plan.read import UNKNOWN, PlanError, parse
from albpatch.plan.review import NO_CALL, calls_the_module, review
from unit.plan.plans import RUNBOOK, Made, arn, fleet, plan, record

NOW = datetime(2026, 1, 14, 12, tzinfo=UTC)
RECORD = "module.web.terraform_data.deployment"
FLOOR = "and 50 % of the registered ones, in every target group; at most 1 out at a time"


def reviewed(after, before=None, base=None):
    return review(parse(plan(after, before)), parse(plan(base)) if base else None, NOW)


def words(found):
    """Every label and text of the words, in order."""
    return [text for s in found.sections for b in s.blocks for text in (*(f"{k}: {v}" for k, v in b.facts), *b.lines)]


@pytest.mark.parametrize(
    "module",
    ["module.web", 'module.web["a.b"]', "module.team[0].module.inner", 'module.x["é"].module.y["a\\"b"].module.z'],
)
def test_a_call_is_found_at_any_path(module):
    """A call is recognised by its record, below any modules, with count and for_each."""
    found = calls(parse(plan(Made().call(module))).after)

    assert list(found) == [module]
    assert found[module].document is not None
    assert found[module].role("automation").address == f"{module}.module.automation_role.aws_iam_role.this"
    assert found[module].role("window").address == f"{module}.module.maintenance_window.aws_iam_role.this"


def test_the_module_itself_as_root():
    """The module planned by itself, as its own root, is a call too."""
    root = Made()
    for address, values in Made().call("module.m").values.items():
        root.add(address.removeprefix("module.m."), **values)
    [call] = calls(parse(plan(root)).after).values()

    assert (call.address, call.shown) == ("", "the root module")
    assert call.role("window") is not None
    assert [f.id for f in reviewed(root).findings] == []


def test_two_calls_do_not_share_resources():
    """Calls whose names begin alike, and other resources around them, stay apart."""
    made = Made().call("module.a").call("module.ab", record("other")).add("module.a_b.aws_iam_role.this", name="x")
    found = calls(parse(plan(made.add("aws_ssm_document.mine", content="x"))).after)

    assert {a: c.name for a, c in found.items()} == {"module.a": "web", "module.ab": "other"}
    assert all(address.startswith("module.ab.") for address in found["module.ab"].resources)
    assert len(found["module.a"].resources) == len(found["module.ab"].resources)


def test_a_root_without_a_call():
    """A plan of something else is nothing to review, also if it has a terraform_data of that name."""
    other = Made().add("aws_instance.web", id="i-1").add("terraform_data.deployment", input={"schema": "other/1"})

    for made in (other, Made(), Made().add("terraform_data.deployment", input=None)):
        found = reviewed(made)
        assert (found.headline, found.findings, calls_the_module(found)) == (NO_CALL, (), False)


def test_another_schema_is_bad_input():
    """A record of a later version is not guessed at."""
    later = Made().call().put(RECORD, "input", "schema", value="alb-patching/deployment/2")

    with pytest.raises(PlanError, match="install the albpatch that came with the module"):
        reviewed(later)


def test_a_record_that_is_not_shown_at_all():
    """A call whose whole record is unknown or sensitive is found by what stands beside it, and says so."""
    for mark in ("unknown", "sensitive"):
        hidden = Made().call()
        getattr(hidden, mark)[RECORD] = {"input": True}
        found = reviewed(hidden)

        assert len(found.sections) == 1
        assert {f.id for f in found.findings} == {"not-shown"}


def test_the_words_of_patch_night():
    """Window, openings, instances, groups, floor and times are said for a plain call."""
    made = record(timezone="Europe/Berlin", expression="cron(0 3 ? * TUE#2 *)", offset_days=5)
    said = words(reviewed(Made().call(given=made)))

    assert "opens: cron(0 3 ? * TUE#2 *) in Europe/Berlin, and 5 days later" in said
    assert "next openings: Sun 2026-02-15 03:00 CET (UTC+01:00)" in said
    assert ": Sun 2026-04-19 03:00 CEST (UTC+02:00)" in said
    assert "instances: tag Fleet = web" in said
    assert "at once: 1; the first failure stops the roll; document version 3" in said
    assert "target groups: web" in said
    assert (
        "floor: 1 healthy target and 50 % of the registered ones, in every target group; at most 1 out at a time"
        in said
    )
    assert any(line.startswith("one instance: at most 45 min, out of rotation for at most 40 min") for line in said)
    assert any("how many instances there are is not in the plan" in line for line in said)


def test_the_offset_of_a_window_that_is_made_now():
    """Of a new window the period whose cron day is over is left out; of one that exists already it is not."""
    made = record(expression="cron(0 3 ? * TUE#2 *)", offset_days=5)  # the second Tuesday was yesterday
    new, old = reviewed(Made().call(given=made)), reviewed(Made().call(given=made), Made().call(given=made))

    assert "next openings: Sun 2026-02-15 03:00 UTC (UTC+00:00)" in words(new)
    assert "next openings: Sun 2026-01-18 03:00 UTC (UTC+00:00)" in words(old)


def test_unknown_values_are_called_unknown():
    """Nothing that is not known until the apply is shown as zero, as none or as fine."""
    made = Made().call()
    made.unknown[RECORD] = {
        "input": {
            "window": {"duration_hours": True, "timezone": True},
            "fleets": {"web": {"tags": True, "disruption_budget": {"min_healthy": True}, "target_group_arns": [True]}},
        }
    }
    said = words(reviewed(made))

    assert f"opens: cron(0 3 ? * SUN *) in {UNKNOWN}" in said
    assert f"for: {UNKNOWN} h, in the last 1 h of which no instance is started" in said
    assert f"next openings: {UNKNOWN}" in said
    assert f"instances: {UNKNOWN}" in said
    assert f"target groups: {UNKNOWN}" in said
    assert f"floor: {UNKNOWN} healthy targets {FLOOR}" in said
    assert f"the roll: the window's hours are {UNKNOWN}" in said


@pytest.mark.parametrize(
    ("count", "verdict"),
    [(2, ": at most 1 h 29 min; instances are started for 3 h: fits"), (9, "does not fit: in the worst case 5 get")],
)
def test_a_roll_of_a_known_number(count, verdict):
    """Where the plan names the instances, the roll is compared with duration minus cutoff."""
    ids = [f"i-0123456789abcdef{n}" for n in range(count)]
    said = words(reviewed(Made().call(given=record(fleets={"web": fleet(tags={}, instance_ids=ids)}))))

    assert [line for line in said if line.startswith(f"the roll: {count} instances") and verdict in line]


def test_a_rate_says_from_when_it_counts():
    """A rate without a start is not given dates that nobody knows."""
    said = words(reviewed(Made().call(given=record(expression="rate(7 days)"))))

    assert any(line.startswith("next openings: rate(7 days), counted from the moment") for line in said)


def test_what_changes_is_said():
    """Runbook, settings, permissions and resources, each in a block of its own; nothing for a new call."""
    role = "module.web.module.automation_role.aws_iam_role_policy.steps"
    before = Made().call()
    after = before.put(RECORD, "input", "window", "timezone", value="Asia/Tokyo")
    after = after.put(RECORD, "input", "companions", value={"web-await-quiet": "1"})
    after = after.put(RECORD, "input", "fleets", "web", "disruption_budget", "min_healthy", value=0)
    after.values[role]["policy"] = before.values[role]["policy"].replace("ssm:ListCommands", "ssm:DescribeDocument", 1)
    document = "module.web.module.automation_document.aws_ssm_document.this"
    after.values[document]["content"] = RUNBOOK.replace("PT5M", "PT1M")
    found = reviewed(after, before)
    blocks = {b.title: b.lines for b in found.sections[0].blocks}

    assert found.sections[0].status == "changed"
    assert blocks["Runbook changes"] == ("weaker: Drain: waits 1 min instead of 5 min",)
    assert blocks["Setting changes"] == (
        "window.timezone: UTC became Asia/Tokyo",
        "weaker: fleets.web.disruption_budget.min_healthy: 1 became 0",
    )
    assert blocks["Permission changes"] == (
        "automation role gains ssm:DescribeDocument on *",
        "automation role loses ssm:ListCommands on *",
    )
    assert f"{role}: changed in place" in blocks["Resources"]
    assert "Runbook changes" not in {b.title for b in reviewed(after).sections[0].blocks}


def test_a_base_is_compared_instead_of_what_exists():
    """With a base, what the plan changes in the account is not what it changes against the base."""
    weak = Made().call().put(RECORD, "input", "window", "timezone", value="Asia/Tokyo")
    found = reviewed(Made().call(), weak, base=Made().call())

    assert "Setting changes" not in {b.title for b in found.sections[0].blocks}


def test_the_status_of_every_call():
    """New, changed, unchanged and destroyed calls are counted in the first line."""
    before = Made().call("module.a").call("module.b", record("b")).call("module.c", record("c"))
    after = Made().call("module.a").call("module.b", record("b")).call("module.d", record("d"))
    after = after.put("module.b.terraform_data.deployment", "input", "window", "enabled", value=False)
    found = reviewed(after, before)

    assert found.headline == "4 calls of the module: 1 new, 1 changed, 1 unchanged, 1 destroyed"
    assert {s.title: s.status for s in found.sections}["module.c (c)"] == "destroyed"


CONFIGURATION = {
    "module_calls": {
        "web": {
            "expressions": {"fleets": {"references": ["module.lb.arns", "aws_lb_target_group.web.arn"]}},
            "module": {},
        },
        "lb": {
            "module": {
                "outputs": {
                    "arns": {"expression": {"references": ["aws_lb_target_group.api.arn", "aws_lb_target_group.api"]}}
                }
            }
        },
    },
    "resources": [
        {
            "type": "aws_lb_target_group_attachment",
            "name": "a",
            "expressions": {
                "target_group_arn": {"references": ["aws_lb_target_group.web.arn", "aws_lb_target_group.web"]}
            },
        }
    ],
}


def groups_of(names, *more):
    """The groups of a fleet with one unknown ARN, where these target groups are made in the same apply.

    more: references that stand in the call's expression as well.
    """
    made = Made().call()
    made.unknown[RECORD] = {"input": {"fleets": {"web": {"target_group_arns": [True]}}}}
    for name in names:
        made.add(name, name="web", deregistration_delay="60")
        made.unknown[name] = {"arn": True}
    made.add("aws_lb_target_group_attachment.a", port=80)
    made.unknown["aws_lb_target_group_attachment.a"] = {"target_group_arn": True}
    made.configuration = copy.deepcopy(CONFIGURATION)
    made.configuration["module_calls"]["web"]["expressions"]["fleets"]["references"].extend(more)
    found = parse(plan(made))
    groups = Groups(found, found.after)
    [call] = calls(found.after).values()
    return groups, groups.of(call, call.fleets[0])


def test_a_target_group_of_the_same_apply_is_found_by_its_expression():
    """An unknown ARN is followed to the one target group that it can come from, and so are its attachments."""
    groups, [group] = groups_of(["aws_lb_target_group.web"])

    assert group.identity == "aws_lb_target_group.web"
    assert group.shown == f"aws_lb_target_group.web {UNKNOWN}"
    assert group.delay == 60
    assert [r.address for r in groups.attachments(group)] == ["aws_lb_target_group_attachment.a"]


def test_a_target_group_that_may_be_one_of_several_is_not_guessed():
    """With two candidates, one of them behind an output, none is chosen, and both are named."""
    groups, [group] = groups_of(["aws_lb_target_group.web", "module.lb.aws_lb_target_group.api"])

    assert group.identity is None
    assert group.shown == "one of aws_lb_target_group.web, module.lb.aws_lb_target_group.api"
    assert groups.attachments(group) == []


def test_a_way_through_a_local_ends_there():
    """A plan does not carry locals: what else may stand behind one keeps the group from being taken for known."""
    _, [group] = groups_of(["aws_lb_target_group.web"], "local.others")

    assert (group.identity, group.delay) == (None, None)
    assert group.shown == "perhaps aws_lb_target_group.web"


def test_the_key_in_an_expression_decides():
    """Of several target groups of one resource, the key that the expression gives is the one, or each that it gives."""
    made = Made()
    for key in ("a", "b", "c"):
        made.add(f'aws_lb_target_group.fleet["{key}"]', name=key)
    state = parse(plan(made)).after

    def keys(*given):
        named = {Named("", "aws_lb_target_group.fleet", key) for key in given}
        return [resource.key for resource in found_resources(state, named)]

    assert keys(None) == ["a", "b", "c"]
    assert keys(None, "b") == ["b"]
    assert keys(None, "a", "c") == ["a", "c"]


def test_each_value_leads_to_what_the_call_is_repeated_for():
    """A call that is repeated for target groups finds them behind each.value, through a module around it too."""
    made = Made().call('module.team["a"].module.web[0]')
    made.unknown['module.team["a"].module.web[0].terraform_data.deployment'] = {
        "input": {"fleets": {"web": {"target_group_arns": [True]}}}
    }
    made.add("aws_lb_target_group.web", name="web")
    made.unknown["aws_lb_target_group.web"] = {"arn": True}
    inner = {"module_calls": {"web": {"expressions": {"fleets": {"references": ["var.arn"]}}}}}
    team = {"arn": {"references": ["each.value"]}}
    repeated = {"references": ["aws_lb_target_group.web.arn", "aws_lb_target_group.web"]}
    made.configuration = {
        "module_calls": {"team": {"expressions": team, "for_each_expression": repeated, "module": inner}}
    }
    found = parse(plan(made))
    [call] = calls(found.after).values()
    [group] = Groups(found, found.after).of(call, call.fleets[0])

    assert group.identity == "aws_lb_target_group.web"


def test_two_fleets_with_unknown_groups_share_none():
    """What is unknown in two places is not taken for the same."""
    made = Made().call(given=record(fleets={"a": fleet(), "b": fleet(tags={"Fleet": ["b"]})}))
    made.unknown[RECORD] = {"input": {"fleets": {n: {"target_group_arns": [True]} for n in "ab"}}}

    assert "fleets-share-target-group" not in {f.id for f in reviewed(made).findings}


def test_a_known_group_of_the_plan_is_not_confused_with_another():
    """A group is found by its whole ARN."""
    made = Made().call().add("aws_lb_target_group.b", arn=arn("b"), target_type="ip", name="web")

    assert reviewed(made).findings == ()
