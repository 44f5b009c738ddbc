"""Whole documents: ours, AWS's, and ours with one guard taken away."""

import json
import re
import time

import pytest

from albpatch.document.read import SIZE_LIMIT
from albpatch.document.text import parse
from albpatch.lint.lint import document_of, lint
from albpatch.lint.permissions import permissions
from albpatch.lint.subject import Subject
from document.render import FULL, PLAIN, ROOT, rendered

AWS_OWNED = sorted((ROOT / "tests/fixtures/aws-documents").glob("*.json"))


@pytest.fixture(scope="module")
def runbooks():
    plain, full = rendered(PLAIN), rendered(FULL)
    assess = {"assess-plain": plain["assess_document"], "assess-full": full["assess_document"]}
    return {"plain": plain["patch_document"], "full": full["patch_document"], **assess}


@pytest.mark.parametrize("name", ["plain", "full", "assess-plain", "assess-full"])
def test_our_runbook_is_clean(runbooks, name):
    """There is nothing to find in it, not even a note."""
    assert [(one.id, one.address, one.what) for one in lint(runbooks[name]).findings] == []


@pytest.mark.parametrize(
    ("pattern", "replacement", "rule"),
    [
        (r"(name: Detach\n(?:.*\n)*?  onFailure: )step:Restore", r"\1step:Report", "left-detached"),
        (r"(name: AwaitDelay\n(?:.*\n)*?  onCancel: )step:OnCancel", r"\1Abort", "left-detached"),
        (r"(name: Install\n(?:.*\n)*?  onFailure: )step:AwaitHostIdle", r"\1step:Report", "left-detached"),
        (r"(name: RouteCommit\n(?:.*\n)*?.*NextStep: )Install", r"\1Restore", "step-unreachable"),
        (r"(name: HaltRoll\n(?:.*\n)*?  nextStep: )Restore", r"\1Report", "left-detached"),
        (r"(name: Restore\n  action: )aws:executeAutomation", r"\1aws:sleep", "left-detached"),
        (r"register_targets\(TargetGroupArn=", "register_targets(GroupArn=", "input-unknown"),
        (r"(name: Detach\n(?:.*\n)*?  onFailure: )step:Restore", r"\1step:AwaitDelay", "output-not-sure"),
        (r"(name: Install\n  action: aws:runCommand\n)  timeoutSeconds: \d+\n", r"\1", "timeout-missing"),
    ],
)
def test_a_guard_that_is_taken_away_is_found(runbooks, pattern, replacement, rule):
    """One change of a route, a call or a time-out in our runbook is enough."""
    changed = re.sub(pattern, replacement, runbooks["plain"], count=1)

    assert changed != runbooks["plain"]
    assert rule in [one.id for one in lint(changed).findings]


@pytest.mark.parametrize("path", AWS_OWNED, ids=lambda path: path.stem)
def test_no_error_in_what_aws_runs(path):
    """The stand-in for AWS's runbook has no error; that it sleeps and waits without a limit is said."""
    found = lint(path.read_text(encoding="utf-8"))

    assert found.count("error") == 0
    assert {one.id for one in found.findings} == {"timeout-missing", "sleep-for-look"}


def test_the_permissions_of_our_runbook(runbooks):
    """Nothing of what its own calls need is untold; what commands do on the host and who restores is."""
    document, defects = document_of(runbooks["plain"])
    found = permissions(Subject(document, defects))
    actions = {action for statement in found.policy["Statement"] for action in statement["Action"]}

    assert {
        "elasticloadbalancing:DeregisterTargets",
        "ssm:SendCommand",
        "ssm:StartAutomationExecution",
    } <= actions
    assert "elasticloadbalancing:RegisterTargets" not in actions
    assert {what for _, what in found.not_told} == {
        "what the command does on the host",
        "what the other document does",
        "the role that the other document assumes must be passed to it (iam:PassRole)",
    }


def test_a_large_document_takes_less_than_a_second(runbooks):
    """A document of almost 64 KB, scripts and all, is judged in less than a second of this processor."""
    document = parse(runbooks["plain"])
    extra = {
        "action": "aws:executeAwsApi",
        "inputs": {"Service": "ec2", "Api": "DescribeVpcs"},
        "onCancel": "step:OnCancel",
    }
    text = json.dumps(document)
    while len(text.encode()) < 60_000:
        document["mainSteps"].insert(0, {"name": f"Look{len(document['mainSteps'])}", **extra})
        text = json.dumps(document)
    assert len(text.encode()) < SIZE_LIMIT

    begin = time.process_time()
    found = lint(text)

    assert time.process_time() - begin < 1
    assert found.count("error") == 0
