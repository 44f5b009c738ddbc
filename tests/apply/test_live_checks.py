"""Each check of a deployment finds what it is there for: the account is changed by hand and put back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from account_changes import (
    ALL_OF_SSM,
    ANY_DOCUMENT,
    ANY_ROLE,
    ELSEWHERE,
    SENDS,
    Deployed,
    Undo,
    add_target,
    add_task,
    attach,
    change_policy,
    deregister,
    move_version,
    rewrite,
    share,
    sicken,
    trust,
    update_parameters,
    update_task,
    update_window,
    widen_target,
)
from albpatch import settings
from albpatch.live.checks import NOW
from albpatch.live.rules import AFTER_WINDOW, BEFORE_DESTROY, CALLS, RULES
from albpatch.live.verdicts import Verdict
from albpatch.plan.changes import GATES, HIGHER_IS_WEAKER, LOWER_IS_WEAKER, STRICTER
from albpatch.region.services.alarms import Alarms
from local_account import ROOT

CHANGES: list[tuple[str, Callable[[Deployed], Undo], str]] = [
    ("instances-registered", deregister, "not registered: i-"),
    ("nothing-draining", deregister, "is draining, no execution is at work on it"),
    ("targets-healthy", sicken(["web-1"]), "is unhealthy"),
    ("floor-held", sicken(["web-1", "web-2", "web-3"]), "1 healthy targets of 4; should be: at least 2"),
    ("document-not-shared", share, "shared with 111122223333"),
    ("companions-as-recorded", rewrite, "web-await-quiet: sha256 is"),
    ("window-as-recorded", update_window(Enabled=False), "Enabled is False"),
    ("window-as-recorded", update_window(Schedule="cron(0 4 ? * TUE#2 *)"), "Schedule is 'cron(0 4"),
    ("window-as-recorded", update_window(ScheduleTimezone="UTC"), "ScheduleTimezone"),
    ("window-as-recorded", update_window(Duration=5), "Duration is 5"),
    ("window-as-recorded", update_window(Cutoff=0), "Cutoff is 0"),
    ("window-targets-as-recorded", widen_target, "window target: tag-key"),
    ("window-targets-as-recorded", add_target, "is not of this deployment"),
    ("tasks-as-recorded", update_task(MaxConcurrency="2"), "MaxConcurrency is '2'"),
    ("tasks-as-recorded", update_task(MaxErrors="10%"), "MaxErrors is '10%'"),
    ("tasks-as-recorded", update_task(CutoffBehavior="CONTINUE_TASK"), "CutoffBehavior is 'CONTINUE_TASK'"),
    ("tasks-as-recorded", update_task(ServiceRoleArn="arn:aws:iam::123456789012:role/x"), "ServiceRoleArn is"),
    ("tasks-as-recorded", update_task(TaskArn="other"), "TaskArn is 'other'"),
    ("tasks-as-recorded", move_version, "DocumentVersion is '$LATEST'"),
    ("tasks-as-recorded", update_parameters(InstanceId=["i-1"]), "no parameter receives {{RESOURCE_ID}}"),
    ("tasks-as-recorded", update_parameters(MinHealthyCount=["0"]), "MinHealthyCount is ['0']"),
    ("tasks-as-recorded", update_parameters(TargetGroupArns=["arn:other"]), "TargetGroupArns is ['arn:other']"),
    ("tasks-as-recorded", update_parameters(WindowExecutionId=["x"]), "WindowExecutionId is ['x']"),
    ("tasks-as-recorded", add_task, "is not of this deployment"),
    ("automation-role-as-recorded", attach("automation_role"), "managed policies is ['arn"),
    ("automation-role-as-recorded", change_policy("automation_role", "extra", ELSEWHERE), "inline policies"),
    ("automation-role-as-recorded", change_policy("automation_role", "steps", ELSEWHERE), "on other resources"),
    ("automation-role-as-recorded", change_policy("automation_role", "steps", ALL_OF_SSM), "allows ssm:*"),
    ("automation-role-as-recorded", trust("automation_role"), "trust is"),
    ("restore-role-as-recorded", attach("restore.role"), "managed policies is ['arn"),
    ("restore-role-as-recorded", change_policy("restore.role", "steps", ELSEWHERE), "on other resources"),
    ("restore-role-as-recorded", change_policy("restore.role", "steps", SENDS), "allows ssm:SendCommand"),
    ("restore-role-as-recorded", change_policy("restore.role", "steps", ALL_OF_SSM), "allows ssm:*"),
    ("restore-role-as-recorded", trust("restore.role"), "trust is"),
    ("window-role-as-recorded", attach("window_role"), "managed policies is ['arn"),
    (
        "window-role-as-recorded",
        change_policy("window_role", "start-runbook", ANY_ROLE),
        "PassRole is allowed on *",
    ),
    ("window-role-as-recorded", change_policy("window_role", "start-runbook", ANY_DOCUMENT), "is allowed on *"),
    ("window-role-as-recorded", trust("window_role", Condition={"Bool": {"a:b": "true"}}), "trust is"),
]


RULE_OF = {
    "instances-registered": "instance-not-registered",
    "nothing-draining": "left-draining",
    "targets-healthy": "target-not-healthy",
    "floor-held": "below-floor",
    "fleets-have-instances": "fleet-empty",
    "target-groups-attached": "target-group-gone",
    "document-as-recorded": "document-changed",
    "document-default": "document-not-default",
    "document-not-shared": "document-shared",
    "child-documents-as-recorded": "document-changed",
    "companions-as-recorded": "document-changed",
    "restore-role-as-recorded": "role-changed",
    "window-as-recorded": "window-changed",
    "window-targets-as-recorded": "window-target-changed",
    "tasks-as-recorded": "task-changed",
    "automation-role-as-recorded": "role-changed",
    "window-role-as-recorded": "role-changed",
}


def said(verdict: Verdict) -> list[str]:
    """What is wrong, as it is reported."""
    return [f"{item.subject}: {item.found}; should be: {item.wanted}" for item in verdict.wrong]


@pytest.mark.parametrize("check", NOW, ids=lambda check: check.id)
def test_nothing_is_found_when_all_is_as_recorded(deployed, check):
    """A deployment that nobody touched has no finding above a note, and every check has looked at something."""
    verdict = deployed.verdict(check.id)

    assert verdict.state in ("as it should be", "noted"), said(verdict)
    assert verdict.items
    assert {RULES[item.rule].severity for item in verdict.wrong} <= {"note"}


@pytest.mark.parametrize(("check", "change", "text"), CHANGES, ids=[f"{c}-{t}" for c, _, t in CHANGES])
def test_a_change_by_hand_is_found(deployed, check, change, text):
    """The check names what was changed, and is content again when it is put back."""
    undo = change(deployed)
    try:
        verdict = deployed.verdict(check)
    finally:
        undo()

    assert {item.rule for item in verdict.wrong} == {RULE_OF[check]}
    assert [line for line in said(verdict) if text in line], said(verdict)
    assert deployed.verdict(check).state == "as it should be"


@pytest.mark.parametrize(
    ("change", "check", "text"),
    [
        ({"document": {"version": "9"}}, "document-as-recorded", "has no version 9"),
        ({"document": {"version": "9"}}, "document-default", "the default version is 1; should be: 9"),
        ({"document": {"content_sha256": "0" * 64}}, "document-as-recorded", "sha256 is"),
        ({"document": {"parameter_names": ("Other",)}}, "document-as-recorded", "parameters is"),
        ({"window": {"id": "mw-00000000000000000"}}, "window-as-recorded", "does not exist"),
        ({"window": {"id": "mw-00000000000000000"}}, "tasks-as-recorded", "does not exist"),
        ({"window": {"id": "mw-00000000000000000"}}, "window-targets-as-recorded", "does not exist"),
        ({"restore": {"document": "nothing"}}, "child-documents-as-recorded", "does not exist"),
        ({"restore": {"role": settings.Role("nobody", "arn")}}, "restore-role-as-recorded", "does not exist"),
        ({"restore": {"role": settings.Role("x", "arn")}}, "child-documents-as-recorded", "role is 'arn:aws:iam"),
        ({"automation_role": {"name": "nobody"}}, "automation-role-as-recorded", "does not exist"),
        ({"window_role": {"name": "nobody"}}, "window-role-as-recorded", "does not exist"),
    ],
)
def test_what_is_gone_is_found(deployed, change, check, text):
    """A record that names what is not there is a finding and not an error."""
    ((part, members),) = change.items()
    deployment = replace(deployed.deployment, **{part: replace(getattr(deployed.deployment, part), **members)})

    verdict = deployed.verdict(check, deployment)
    assert text in " ".join(said(verdict))
    assert {item.rule for item in verdict.wrong} == {RULE_OF[check]}


def test_every_other_document_is_compared(deployed):
    """Assess runbook, restore runbook and the document that looks on the host are recorded by their texts; one that is
    gone, or has another text, is a finding."""
    recorded = deployed.deployment.companions
    assert set(recorded) == {"web-alb-assess", "web-alb-restore", "web-await-quiet"}

    for name in recorded:
        other = replace(deployed.deployment, companions={**recorded, name: "0" * 64})
        (line,) = said(deployed.verdict("companions-as-recorded", other))
        assert line.startswith(f"document {name}: sha256 is ")
    gone = replace(deployed.deployment, companions={"nobody": "0" * 64})
    assert "document nobody: does not exist" in said(deployed.verdict("companions-as-recorded", gone))[0]


def test_what_the_runbook_names_is_looked_for(deployed):
    """Alarms of both kinds, change calendars and the topic: each that does not exist is a finding of its own."""
    region = deployed.local.region
    region.part(Alarms).set("both", "OK", "CompositeAlarm")
    topic = region.backend("sns", "CreateTopic", {"Name": "news"})["TopicArn"]

    def verdict(alarms: list[str], calendars: list[str], arn: str | None) -> Verdict:
        wanted = {"alarms": settings.Alarms(tuple(alarms), "allow"), "change_calendars": tuple(calendars)}
        changed = replace(deployed.deployment.settings, **wanted, notification_topic_arn=arn)
        return deployed.verdict("what-is-named-exists", replace(deployed.deployment, settings=changed))

    there = verdict(["web-5xx", "both"], ["holidays"], topic)
    assert (there.state, len(there.items)) == ("as it should be", 4)
    many = [f"alarm-{n}" for n in range(150)]
    gone = verdict([*many, "web-5xx"], ["holidays", "nowhere"], f"{topic}-x")
    assert {(item.rule, item.subject) for item in gone.wrong} == {
        *(("alarm-gone", f"alarm {name}") for name in many),
        ("calendar-gone", "change calendar nowhere"),
        ("topic-gone", f"topic {topic}-x"),
    }
    assert verdict([], [], None).state == "nothing to look at"


def test_an_older_record_is_still_read(deployed):
    """What a record of an earlier version does not say is not looked at, and is no finding."""
    record = {key: value for key, value in deployed.record.items() if key != "companions"}
    later = ("alarms", "change_calendars", "notification_topic_arn")
    record["settings"] = {key: value for key, value in record["settings"].items() if key not in later}

    for check in ("companions-as-recorded", "what-is-named-exists"):
        assert deployed.verdict(check, settings.parse(record)).state == "nothing to look at"


def test_the_record_has_what_a_review_compares(deployed):
    """Every member whose change a review calls weaker stands in the record that the module makes."""

    def paths(value: object, path: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
        inner = value.items() if isinstance(value, dict) else ()
        return {path}.union(*(paths(one, (*path, key)) for key, one in inner))

    found = paths(deployed.record)
    assert found >= GATES
    assert {name for path in found for name in path} >= LOWER_IS_WEAKER | HIGHER_IS_WEAKER | set(STRICTER)


NO_GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/x/0123456789abcdef"


@pytest.mark.parametrize(
    ("members", "check", "text"),
    [
        ({"tags": {"ALB": ("nobody",)}}, "fleets-have-instances", "no running instance"),
        ({"target_group_arns": (NO_GROUP,)}, "target-groups-attached", "does not exist"),
    ],
)
def test_a_fleet_without_instances_or_group_is_found(deployed, members, check, text):
    """A fleet that reaches nobody, or whose target group is gone, is a finding."""
    deployment = replace(deployed.deployment, fleets={"web": replace(deployed.fleet, **members)})

    verdict = deployed.verdict(check, deployment)
    assert text in " ".join(said(verdict))
    assert {item.rule for item in verdict.wrong} == {RULE_OF[check]}


@pytest.mark.parametrize("check", ["instances-registered", "targets-healthy", "floor-held", "everybody-patched"])
def test_what_cannot_be_looked_at_is_not_called_fine(deployed, check):
    """Without its target group a check says that it had nothing to look at."""
    deployment = replace(deployed.deployment, fleets={"web": replace(deployed.fleet, target_group_arns=(NO_GROUP,))})

    assert deployed.verdict(check, deployment).state == "nothing to look at"


def test_missing_patches_are_noted(deployed):
    """Who was never scanned is named; after a scan, what is missing. Neither is a failure before the window."""
    scanned = [deployed.local.world.machines[name] for name in ("web-1", "web-3")]
    scan = {"DocumentName": "AWS-RunPatchBaseline", "Parameters": {"Operation": ["Scan"]}}
    deployed.ssm("SendCommand", InstanceIds=scanned, **scan)
    deployed.let_pass(300.0)
    verdict = deployed.verdict("patch-compliance")

    assert verdict.state == "noted"
    assert any(f"{scanned[0]}: 3 missing" in line for line in said(verdict))
    assert {item.rule for item in verdict.wrong} == {"patches-missing", "patches-unknown"}


def suite(deployed: Deployed, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the user's suite on a file as `terraform output -json` writes it, with the environment as it is."""
    file = folder / "deployment.json"
    file.write_text(json.dumps({"deployment": {"sensitive": False, "value": deployed.record}}))
    command = [sys.executable, "-m", "pytest", "tests/live", "--deployment", str(file), "-p", "no:cacheprovider"]
    return subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False)


def test_the_users_suite_fails_exactly_where_something_is_wrong(deployed, tmp_path):
    """`pytest tests/live --deployment FILE` reaches the account through the environment. A document that is shared
    fails the test that says so, and the region's calendar, which is not today's, the one about missed openings."""
    undo = share(deployed)
    try:
        ran = suite(deployed, tmp_path)
    finally:
        undo()

    failed = {line.partition("[")[2].partition("]")[0] for line in ran.stdout.splitlines() if "FAILED" in line}
    assert (ran.returncode, ran.stderr) == (1, "")
    assert failed - {"window-did-not-open"} == {"document-shared"}
    assert "is shared with 111122223333" in ran.stdout
    assert f"{len(RULES) - len(AFTER_WINDOW | BEFORE_DESTROY | CALLS) - len(failed)} passed" in ran.stdout
