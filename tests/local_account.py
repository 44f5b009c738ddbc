"""An account on this machine, reached over HTTP, for tests that apply with real Terraform."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import boto3

from albpatch.region.clock import VirtualClock
from albpatch.region.control_plane import attach
from albpatch.region.core import Region
from albpatch.region.services.documents import Documents
from albpatch.region.transport.http import serve
from albpatch.rehearsal import scenario
from albpatch.rehearsal.build import create, region_name, settle, start_machines
from albpatch.terraform import Terraform

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
STAND_IN = ROOT / "tests/fixtures/aws-documents/AWSEC2-PatchLoadBalancerInstance.json"


class LocalAccount:
    """A region with what examples/complete finds: the target group web with four healthy instances behind it.

    `unexpected` lists what was asked for over HTTP and is not known here, and errors of the region itself.
    """

    def __init__(self) -> None:
        found = scenario.load(EXAMPLES / "complete/rehearsal.yaml")
        self.region = Region(VirtualClock(), name=region_name(found))
        try:
            attach(self.region)
            self.world = create(self.region, found)
            start_machines(self.region, self.world)
            self.region.clock.run(self.region.clock.spawn("settle", settle, self.region, self.world))
            self.server = serve(self.region)
        except BaseException:
            self.region.close()
            raise

    @property
    def unexpected(self) -> list[object]:
        return [*self.server.unknown, *self.server.failures]

    def add_aws_owned_document(self) -> None:
        """Let Amazon own the stand-in of the runbook that examples/aws-owned-clone clones."""
        self.region.part(Documents).add_aws_owned(STAND_IN.stem, STAND_IN.read_text(), version="5")

    def terraform(self, folder: Path) -> Terraform:
        return Terraform(folder, endpoint_url=self.server.url, region=self.region.name)

    def session(self) -> boto3.Session:
        """A session with keys that stand for nobody. Its clients need AWS_ENDPOINT_URL in the environment."""
        return boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=self.region.name)

    def now(self) -> datetime:
        """The region's time."""
        return datetime.fromtimestamp(self.region.clock.time(), UTC)

    def environment(self) -> dict[str, str]:
        """What a caller's shell holds when it is to reach this account and no other."""
        return {
            "AWS_ENDPOINT_URL": self.server.url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": self.region.name,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def close(self) -> None:
        self.region.close()
