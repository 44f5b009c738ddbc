"""The verbs with boto3's own sessions against an account that AWS_ENDPOINT_URL alone leads to."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.config import Config

from albpatch import cli
from albpatch.operate import session
from albpatch.region.clock import VirtualClock
from albpatch.region.control_plane import attach
from albpatch.region.core import Region
from albpatch.region.transport.http import serve
from unit.test_settings import RECORD

TABLE = "web-alb-patching"


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Region, str]]:
    """A region with a lease table, a window that never opened, and no instance; and the deployment's file."""
    region = Region(VirtualClock())
    try:
        attach(region)
        key = [{"AttributeName": "Id", "KeyType": "HASH"}]
        kinds = [{"AttributeName": "Id", "AttributeType": "S"}]
        table = {"TableName": TABLE, "KeySchema": key, "AttributeDefinitions": kinds, "BillingMode": "PAY_PER_REQUEST"}
        region.backend("dynamodb", "CreateTable", table)
        window = {"Name": "web", "Schedule": "rate(7 days)", "Duration": 4, "Cutoff": 1}
        made = region.call(
            region.administrator, "ssm", "CreateMaintenanceWindow", {**window, "AllowUnassociatedTargets": False}
        )
        record = copy.deepcopy(RECORD)
        record["window"]["id"] = made["WindowId"]
        file = tmp_path_factory.mktemp("operate") / "deployment.json"
        file.write_text(json.dumps(record))
        server = serve(region)
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("AWS_")]:
                patch.delenv(name)
            patch.setenv("AWS_ENDPOINT_URL", server.url)
            patch.setenv("AWS_ACCESS_KEY_ID", "local")
            patch.setenv("AWS_SECRET_ACCESS_KEY", "local")
            patch.setenv("AWS_CONFIG_FILE", os.devnull)
            patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
            patch.setattr(session, "now", lambda: datetime.fromtimestamp(region.clock.time(), UTC))
            yield region, str(file)
        assert server.unknown == [] and server.failures == []
    finally:
        region.close()


def items(region: Region) -> Any:
    return region.backend("dynamodb", "Scan", {"TableName": TABLE})["Items"]


def test_the_verbs_reach_it(account, capsys):
    """Reading, pausing and lifting the pause: what is written is in the table, what is said is what is there."""
    region, file = account
    assert cli.main(["status", "--deployment", file, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["roll"] is None
    assert cli.main(["stop", "--deployment", file, "--yes", "--pause", "an incident"]) == 0
    (pause,) = items(region)
    assert (pause["Id"], pause["Reason"]) == ({"S": "PAUSE"}, {"S": "an incident"})
    assert cli.main(["start", "--deployment", file, "--yes", "--unpause"]) == 0
    assert items(region) == []
    assert cli.main(["repair", "--all", "--deployment", file, "--yes"]) == 0
    assert "nobody has an open record" in capsys.readouterr().out


def test_a_fleet_of_nobody(account, capsys):
    """Nothing can be started: bad input, one line."""
    _, file = account
    assert cli.main(["start", "--deployment", file, "--yes"]) == 2
    assert capsys.readouterr().err == "albpatch: no instance belongs to fleet web\n"


def test_without_credentials(account, capsys, monkeypatch):
    """boto3 finds no keys: one line with its words, exit status 1."""
    _, file = account
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert cli.main(["status", "--deployment", file]) == 1
    assert capsys.readouterr().err == (
        "albpatch: sts:GetCallerIdentity was not answered (NoCredentialsError: Unable to locate credentials)\n"
    )


def test_an_endpoint_that_does_not_answer(account, capsys, monkeypatch):
    """A wrong endpoint is a failure with its cause, not a traceback."""
    _, file = account
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setattr("albpatch.live.calls._CONFIG", Config(retries={"total_max_attempts": 1}))
    assert cli.main(["stop", "--deployment", file, "--yes"]) == 1
    line = capsys.readouterr().err
    assert (line.count("\n"), "EndpointConnectionError" in line) == (1, True)
