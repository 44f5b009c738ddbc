"""`albpatch review --live` asks the account behind AWS_ENDPOINT_URL who is out and what runs. It changes nothing."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

import account_incidents as incidents
from account_changes import Deployed
from account_snapshot import snapshot
from albpatch import cli
from albpatch.live.account import Account
from albpatch.live.under_way import look
from albpatch.rehearsal.deployment import retarget

ATTACHMENT = "aws_lb_target_group_attachment.web[1]"
TABLE = "module.alb_patching.module.leases[0].aws_dynamodb_table.this[0]"


@pytest.fixture
def planned(deployed: Deployed, complete_plan: str, tmp_path: Path) -> Callable[..., str]:
    """Writes the plan of an apply to what exists: nothing changes, but for what a test adds. Returns its file."""

    def write(*more: dict[str, Any], actions: tuple[str, ...] = (), at: str = TABLE) -> str:
        plan = retarget(json.loads(complete_plan), deployed.local.world)
        for entry in plan["resource_changes"]:
            if entry["type"] == "terraform_data":
                entry["change"]["after"], entry["change"]["after_unknown"] = {"input": deployed.record}, {}
            change = entry["change"]
            change["before"], change["actions"] = copy.deepcopy(change["after"]), ["no-op"]
            if actions and entry["address"] == at:
                change["actions"] = list(actions)
        plan["resource_changes"] += more
        file = tmp_path / "plan.json"
        file.write_text(json.dumps(plan))
        return str(file)

    return write


def attachment(deployed: Deployed, name: str) -> dict[str, Any]:
    """The entry of a plan that registers a machine in the fleet's target group."""
    after = {"target_group_arn": deployed.group, "target_id": deployed.local.world.machines[name]}
    change = {"actions": ["create"], "before": None, "after": after, "after_unknown": {"id": True}}
    named = {"address": ATTACHMENT, "mode": "managed", "type": "aws_lb_target_group_attachment", "name": "web"}
    return {**named, "index": 1, "change": change}


def answers(file: str, *more: str) -> tuple[int, dict[str, Any]]:
    """Exit status and the JSON report."""
    out = Path(file).with_name("found.json")
    status = cli.main(["review", file, "--live", "--write", f"json={out}", *more])
    return status, json.loads(out.read_text())


def ids(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [(f["id"], f["severity"]) for f in found["findings"]]


BLOCKED = ("attachment-during-patching", "error")


def test_nothing_is_under_way(deployed, planned, capsys):
    """With nobody out an attachment is no finding and a replaced table a note; the account stays as it was."""
    before = snapshot(deployed.local.region)
    file = planned(attachment(deployed, "web-2"), actions=("delete", "create"))
    status, found = answers(file)

    assert status == 0
    assert ("replaces-what-a-roll-needs", "note") in ids(found)
    assert "attachment" not in str(ids(found))
    assert "nothing: no execution runs and no record is open" in capsys.readouterr().out
    assert snapshot(deployed.local.region) == before


def test_an_attachment_while_an_execution_works_on_its_instance(deployed, planned):
    """The machine that is being patched may not be registered, another one may, and not without a look."""
    undo = incidents.under_way(deployed)
    try:
        status, found = answers(planned(attachment(deployed, "web-2")))
        _, other = answers(planned(attachment(deployed, "web-1")))
        offline = cli.main(["review", planned(attachment(deployed, "web-2"))])
    finally:
        undo()

    assert (status, offline) == (1, 0)
    assert BLOCKED in ids(found)
    (told,) = [f["what"] for f in found["findings"] if f["id"] == BLOCKED[0]]
    assert told.startswith(f"{deployed.local.world.machines['web-2']} would be registered in web: execution ")
    assert BLOCKED not in ids(other)


def test_an_attachment_of_an_instance_with_an_open_record(deployed, planned):
    """Who is out by the table is out, though no execution runs; what would be destroyed is named with it."""
    undo = incidents.left_out("INSTALLING")(deployed)
    try:
        status, found = answers(planned(attachment(deployed, "web-2"), actions=("delete", "create")))
    finally:
        undo()

    assert status == 1
    assert {BLOCKED, ("replaces-what-a-roll-needs", "error")} <= set(ids(found))
    name = deployed.local.world.machines["web-2"]
    told = [f["what"] for f in found["findings"] if f["severity"] == "error"]
    assert all(f"{name} in state INSTALLING since " in what for what in told)


def test_another_account_is_refused(deployed, planned, capsys):
    """What goes on in another account says nothing about this one."""
    record = {**deployed.record, "account_id": "111122223333"}
    file = Path(planned())
    file.write_text(file.read_text().replace(json.dumps(deployed.record)[1:-1], json.dumps(record)[1:-1]))

    assert cli.main(["review", str(file), "--live"]) == 2
    error = capsys.readouterr().err
    assert error == "albpatch: these credentials lead to account 123456789012, the deployment web is in 111122223333\n"


def test_a_refused_call_is_no_all_clear(deployed):
    """Who may not read the table learns that nothing is known, and the executions all the same."""
    session = boto3.Session()

    def refuse(model: Any, **_: Any) -> None:
        if model.name == "Scan":
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, model.name)

    session.events.register("before-call", refuse)
    account = Account(deployed.local.region.name, session)
    undo = incidents.under_way(deployed)
    try:
        seen = look(account, [deployed.deployment.document.name], [str(deployed.deployment.lease_table)])
    finally:
        undo()

    assert seen.unknown == ("dynamodb:Scan was not answered (AccessDeniedException: no)",)
    assert [one.instance for one in seen.working] == [deployed.local.world.machines["web-2"]]


def test_a_table_that_does_not_exist_yet_holds_nobody(deployed):
    """A call that is new has no table, and nobody out."""
    account = Account(deployed.local.region.name, boto3.Session())

    assert look(account, ["nothing-alb-patching"], ["nothing"]).sentences == []
