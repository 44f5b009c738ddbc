"""The control plane's state: moto's backends, used in process.

Documents, windows, roles, target groups and instances live there, so that what Terraform creates over HTTP and what the
region's own operations read is one state. moto keeps it per process: one region with a control plane at a time.
"""

from __future__ import annotations

import functools
import re
from typing import Any

import boto3
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core.config import DefaultConfig
from moto.moto_api._internal import mock_random

from albpatch.region.core import Region
from albpatch.region.ec2_index import index
from albpatch.region.moto_direct import Direct
from albpatch.region.operations import AwsError

_NEVER_OVER_HTTP = Config(ignore_configured_endpoint_urls=True)  # AWS_ENDPOINT_URL may name this very region


@functools.cache
def _session(region_name: str) -> boto3.Session:
    """One session for all regions of the process: reading botocore's service models anew takes 0.3 s."""
    return boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=region_name)


class ControlPlane:
    """Answers an operation as moto does. Made with `attach(region)`."""

    def __init__(self, region: Region, seed: int = 1, managed_policies: bool = True) -> None:
        self._region = region
        config: DefaultConfig = {"iam": {"load_aws_managed_policies": managed_policies}}
        self._mock = mock_aws(config=config)
        self._mock.start()
        mock_random.seed(seed)
        self._session = _session(region.name)
        self._clients: dict[str, BaseClient] = {}

    def __call__(self, service: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        direct = self._region.part(Direct).answer(service, operation, params)
        if direct is not None:
            return direct
        method = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", operation).lower()
        try:
            answer = getattr(self._client(service), method)(**params)
        except ClientError as error:
            raise AwsError(error.response["Error"]["Code"], error.response["Error"]["Message"]) from None
        answer.pop("ResponseMetadata", None)
        return dict(answer)

    def _client(self, service: str) -> BaseClient:
        if service not in self._clients:
            self._clients[service] = self._session.client(service, config=_NEVER_OVER_HTTP)
            if service == "ec2":
                index(self._region)
        return self._clients[service]

    def close(self) -> None:
        self._mock.stop()


def attach(region: Region, seed: int = 1, managed_policies: bool = True) -> ControlPlane:
    """Give the region a control plane. Ids that moto draws are the same for the same seed.

    Without AWS's managed policies it is there a second sooner.
    """
    plane = ControlPlane(region, seed, managed_policies)
    region.backend = plane
    region.on_close(plane.close)
    return plane
