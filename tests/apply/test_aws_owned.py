"""examples/aws-owned-clone: the clone of AWS's runbook, applied and destroyed by real Terraform."""

from __future__ import annotations

import hashlib
import json

from account_snapshot import snapshot
from albpatch import settings
from albpatch.region.services.documents import Documents
from local_account import EXAMPLES, STAND_IN, LocalAccount


def test_the_clone_is_applied_and_destroyed():
    """The clone is AWS's text with our role in it, the same window calls it, and the destroy leaves nothing."""
    account = LocalAccount()
    try:
        account.add_aws_owned_document()
        before = snapshot(account.region)
        with account.terraform(EXAMPLES / "aws-owned-clone") as terraform:
            terraform.init()
            terraform.apply()
            deployment = settings.parse(terraform.output()["deployment"])
            applied = snapshot(account.region)
            assert terraform.plan() is False
            terraform.destroy()

        document = applied["documents"][deployment.document.name]
        clone, original = json.loads(document["Content"]), json.loads(STAND_IN.read_text())
        assert clone["assumeRole"] == deployment.automation_role.arn
        assert clone["mainSteps"] == original["mainSteps"]
        assert (deployment.document.source, deployment.document.source_version) == ("aws-owned", "5")
        role = applied["roles"][deployment.automation_role.name]
        assert set(role["policies"]) == {"steps"}
        (fleet,) = deployment.fleets.values()
        task = applied["windows"][deployment.window.name]["tasks"][fleet.name]
        assert task["TaskArn"] == deployment.document.name
        assert task["TaskInvocationParameters"]["Automation"]["Parameters"]["InstanceId"] == ["{{RESOURCE_ID}}"]
        assert snapshot(account.region) == before
        assert account.unexpected == []
    finally:
        account.close()


def test_an_edit_of_aws_document_is_told():
    """Terraform's check is quiet while AWS's document is what was cloned, and names the steps once it is not."""
    account = LocalAccount()
    try:
        account.add_aws_owned_document()
        edited = json.loads(STAND_IN.read_text())
        last = edited["mainSteps"][-1]
        edited["mainSteps"][-1] = {**last, "maxAttempts": 5}
        with account.terraform(EXAMPLES / "aws-owned-clone") as terraform:
            terraform.init()
            terraform.apply()
            deployment = settings.parse(terraform.output()["deployment"])
            assert deployment.document.source_sha256 == hashlib.sha256(STAND_IN.read_bytes()).hexdigest()
            terraform.plan()
            assert problems(terraform) == []

            account.region.part(Documents).add_aws_owned(STAND_IN.stem, json.dumps(edited), version="6")
            terraform.plan()
            (said,) = problems(terraform)
            assert "since version 5 was cloned: version 6 is its default now, " in said
            assert f"step {last['name']} changed. Read the difference" in said

            main = terraform.folder / "main.tf"
            text = main.read_text()
            for version, told in (("5", [said]), ("6", [])):
                main.write_text(text.replace("drain_minutes", f'aws_owned_version = "{version}"\ndrain_minutes'))
                terraform.plan()
                assert problems(terraform) == told
    finally:
        account.close()


def problems(terraform):
    """What the checks of the last plan complain about."""
    checks = [check for check in terraform.show_plan()["checks"] if check["address"]["kind"] == "check"]
    return [p["message"] for check in checks for one in check.get("instances", []) for p in one.get("problems", [])]
