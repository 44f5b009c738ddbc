"""The verb `check` from the command line against an account that AWS_ENDPOINT_URL leads to, and what it calls."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from account_changes import deregister, share
from account_incidents import left_out
from account_snapshot import snapshot
from albpatch import check as verb
from albpatch import cli
from albpatch.iam.calls import UnknownCall, actions
from albpatch.live import check
from albpatch.live.rules import RULES

READS = ("Describe", "Get", "List", "Scan")
SOMETIMES = {  # asked only about a boundary, a network load balancer, a resource group, a topic, a failed execution
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "elasticloadbalancing:DescribeLoadBalancerAttributes",
    "resource-groups:ListGroupResources",
    "sns:GetTopicAttributes",
    "ssm:GetAutomationExecution",
    "ssm:DescribeMaintenanceWindowExecutionTaskInvocations",
    "ssm:DescribeMaintenanceWindowExecutionTasks",
}


@pytest.fixture(autouse=True)
def region_time(deployed, monkeypatch):
    """The command takes the time of the region for now."""
    monkeypatch.setattr(verb, "_now", deployed.local.now)


@pytest.fixture
def file(deployed, tmp_path):
    """The deployment as `terraform output -json` prints it."""
    path = tmp_path / "deployment.json"
    path.write_text(json.dumps({"deployment": {"sensitive": False, "value": deployed.record}}))
    return str(path)


def session(before_call: Callable[[str, str], None]) -> boto3.Session:
    """A session that tells (service, operation) before each call."""
    made = boto3.Session()

    def tell(model: Any, **_: Any) -> None:
        before_call(model.service_model.service_name, model.name)

    made.events.register("before-call", tell)
    return made


def found(deployed: Any, boto: boto3.Session) -> Any:
    return check.once(check.Session([deployed.deployment], deployed.local.now, boto=boto, after_window=True))


def test_a_good_deployment_is_clean(file, capsys):
    """Exit status 0, every verdict with what is and what should be, notes only."""
    assert cli.main(["check", "--deployment", file]) == 0
    out = " ".join(capsys.readouterr().out.split())

    assert "1 deployment checked: 34 as it should be, 1 noted" in out
    assert "4 of 4 targets healthy; should be: all" in out
    assert out.endswith("1 note")


def test_a_bad_state_fails_in_every_format(deployed, file, tmp_path, capsys):
    """A shared document is an error in every report, and the exit status is 1."""
    reports = {name: tmp_path / name for name in ("markdown", "junit", "json", "annotations", "sarif")}
    undo = share(deployed)
    try:
        writes = [part for name, path in reports.items() for part in ("--write", f"{name}={path}")]
        status = cli.main(["check", "--deployment", file, *writes])
    finally:
        undo()

    assert status == 1
    assert "is shared with 111122223333; should be: nobody." in capsys.readouterr().out
    assert all("document-shared" in path.read_text() for path in reports.values())
    assert reports["markdown"].read_text().startswith("<!-- albpatch check -->\n## Patching check: 1 error, 1 note")
    assert 'name="albpatch check"' in reports["junit"].read_text()


def test_the_deployment_comes_from_standard_input(file, monkeypatch, capsys):
    """`terraform output -json | albpatch check` needs no file."""
    monkeypatch.setattr("sys.stdin", io.StringIO(Path(file).read_text()))

    assert cli.main(["check", "--wait"]) == 0  # nothing is under way, so that nothing is waited for
    captured = capsys.readouterr()
    assert "web in 123456789012" in captured.out
    assert captured.err == ""


def test_a_snapshot_is_written_and_compared(deployed, file, tmp_path, capsys):
    """What is registered before is compared with what is registered after, target by target."""
    before = tmp_path / "before.json"
    assert cli.main(["check", "--deployment", file, "--snapshot", str(before)]) == 0
    arguments = ["check", "--deployment", file, "--after-window", "--snapshot", str(before), "--format", "json"]
    capsys.readouterr()
    undo = deregister(deployed)
    try:
        assert cli.main(arguments) == 1
    finally:
        undo()
    told = [f for f in json.loads(capsys.readouterr().out)["findings"] if f["id"] == "registration-changed"]

    assert len(json.loads(before.read_text())["target_groups"][deployed.group]) == 4
    assert [deployed.local.world.machines["web-2"] in f["what"] for f in told] == [True]
    assert cli.main(arguments) == 1
    now = {f["id"] for f in json.loads(capsys.readouterr().out)["findings"]}
    assert ("registration-changed" in now, "no-roll" in now) == (False, True)  # no window has opened yet


def test_only_reads_are_made_and_all_are_in_the_policy(deployed, pytestconfig):
    """Every call reads, by its name; the documented policy allows them and little else; nothing is changed."""
    made = set()
    before = snapshot(deployed.local.region)
    found(deployed, session(lambda service, operation: made.add((service, operation))))
    text = (pytestconfig.rootpath / "docs/check.md").read_text()
    policy = json.loads(re.findall(r"<!-- policy -->\n```json\n(.*?)```", text, re.S)[0])

    assert {operation for _, operation in made if not operation.startswith(READS)} == set()
    allowed = set(policy["Statement"][0]["Action"])
    needed = {action for call in made for action in needs(*call)}
    assert needed <= allowed
    assert allowed - needed <= SOMETIMES
    assert snapshot(deployed.local.region) == before


def needs(service: str, operation: str) -> list[str]:
    prefix = {"elbv2": "elasticloadbalancing", "elb": "elasticloadbalancing"}.get(service, service)
    try:
        return actions(service, operation)
    except UnknownCall:
        return [f"{prefix}:{operation}"]


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("AccessDenied", "call-denied"),
        ("ThrottlingException", "call-throttled"),
        ("InternalFailure", "call-failed"),
    ],
)
def test_a_refused_call_is_a_finding_and_hides_no_other_check(deployed, code, rule):
    """Without iam:GetRole the five checks of roles are unknown, and only these; the finding names all that."""

    def refuse(_service: str, operation: str) -> None:
        if operation == "GetRole":
            raise ClientError({"Error": {"Code": code, "Message": "not for you"}}, operation)

    seen = found(deployed, session(refuse))
    (told,) = [f for f in seen.findings if f.id.startswith("call-")]
    unknown = [block.title for section in seen.sections for block in section.blocks if "unknown" in block.title]

    assert (told.id, told.severity) == (rule, "error")
    assert told.what.startswith(f"iam:GetRole was not answered ({code}: not for you); not known: ")
    roles = "automation-role-as-recorded, restore-role-as-recorded, window-role-as-recorded"
    assert told.what.endswith(f"{roles}, role-suffices, recovery-role.")
    assert len(unknown) == 5
    assert "unknown" in seen.headline


def test_nothing_is_fine_when_everything_is_refused(deployed):
    """Who may read nothing gets no green verdict, a finding for each action, and no traceback."""

    def refuse(_service: str, operation: str) -> None:
        if operation != "GetCallerIdentity":
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, operation)

    seen = found(deployed, session(refuse))

    assert {f.id for f in seen.findings} == {"call-denied"}
    assert not any("as it should be" in block.title for section in seen.sections for block in section.blocks)


def test_before_a_destroy_nothing_else_is_looked_at(deployed, file, capsys):
    """Clean when nothing is under way, refused while somebody is out; no other option goes with it."""
    assert cli.main(["check", "--deployment", file, "--before-destroy"]) == 0
    assert "1 deployment checked: 2 as it should be" in " ".join(capsys.readouterr().out.split())
    undo = left_out("INSTALLING")(deployed)
    try:
        assert cli.main(["check", "--deployment", file, "--before-destroy", "--format", "json"]) == 1
    finally:
        undo()
    assert [f["id"] for f in json.loads(capsys.readouterr().out)["findings"]] == ["destroy-forgets"]
    assert cli.main(["check", "--deployment", file, "--before-destroy", "--after-window"]) == 2
    assert capsys.readouterr().err.startswith("albpatch: --before-destroy looks at nothing else")


def test_another_account_is_refused(deployed, monkeypatch, capsys):
    """In another account everything would be missing, which says nothing about this one."""
    record = {**deployed.record, "account_id": "111122223333"}
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(record)))

    assert cli.main(["check"]) == 2
    error = capsys.readouterr().err
    assert error == "albpatch: these credentials lead to account 123456789012, the deployment web is in 111122223333\n"


def test_every_finding_stands_in_the_documentation(pytestconfig):
    """docs/check.md has one row for each finding, with its severity and its words, and no other."""
    text = (pytestconfig.rootpath / "docs/check.md").read_text()
    table = text.split("<!-- findings -->")[1].split("<!-- /findings -->")[0]
    rows = re.findall(r"^\| `([\w-]+)` \| (\w+) \| (.+?) \| (.+?) \| (.+?) \|$", table, re.M)

    assert rows == [(rule.id, rule.severity, rule.title, rule.why, rule.todo) for rule in RULES.values()]


def test_every_finding_is_made_by_a_test(pytestconfig):
    """No finding is left without a test that makes it."""
    tests = pytestconfig.rootpath / "tests"
    files = [*(tests / "apply").glob("test_*.py"), tests / "nights/test_check_after_window.py"]
    text = "".join(file.read_text() for file in [*files, tests / "unit/live/test_settle.py"])

    assert [id for id in RULES if f'"{id}"' not in text] == []
