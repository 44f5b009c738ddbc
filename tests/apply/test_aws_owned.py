"""examples/aws-owned-clone: the clone of AWS's runbook, applied and destroyed by real Terraform."""

from __future__ import annotations

import json

from account_snapshot import snapshot
from albpatch import settings
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
