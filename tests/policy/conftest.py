"""Roles, policies and the document of the complete example, from its first plan."""

import json
from pathlib import Path

import pytest
import yaml

from albpatch.region.clock import VirtualClock
from albpatch.region.control_plane import attach
from albpatch.region.core import Region
from albpatch.region.transport.http import serve
from albpatch.terraform import Terraform
from made_once import made_once

ROOT = Path(__file__).resolve().parents[2]
TOPIC = "arn:aws:sns:us-east-1:123456789012:patching"


@pytest.fixture(scope="session")
def planned(tmp_path_factory):
    """(type, address below the module's call) -> planned values."""
    changes = made_once(tmp_path_factory, "policy", changes_of_the_example)
    return {(c["type"], c["address"].removeprefix("module.alb_patching.")): c["change"]["after"] for c in changes}


def changes_of_the_example():
    region = Region(VirtualClock())
    try:
        attach(region)
        vpc = region.backend("ec2", "DescribeVpcs", {})["Vpcs"][0]["VpcId"]
        region.backend("elbv2", "CreateTargetGroup", {"Name": "web", "Protocol": "HTTP", "Port": 80, "VpcId": vpc})
        root, given = ROOT / "examples/complete", {"notification_topic_arn": TOPIC}
        with Terraform(root, endpoint_url=serve(region).url, region=region.name, variables=given) as terraform:
            terraform.init()
            terraform.plan()
            return terraform.show_plan()["resource_changes"]
    finally:
        region.close()


@pytest.fixture(scope="session")
def document(planned):
    """The runbook as it would be created."""
    return document_named(planned, "web-alb-patching")


@pytest.fixture(scope="session")
def assess_document(planned):
    """The assess runbook as it would be created."""
    return document_named(planned, "web-alb-assess")


@pytest.fixture(scope="session")
def restore_document(planned):
    """The restore runbook as it would be created."""
    return document_named(planned, "web-alb-restore")


def document_named(planned, name):
    documents = [values for (kind, _), values in planned.items() if kind == "aws_ssm_document"]
    (content,) = [values["content"] for values in documents if values["name"] == name]
    return yaml.safe_load(content)


@pytest.fixture(scope="session")
def policies(planned):
    """Role name -> JSON texts of its policies."""
    found = {}
    for (kind, _), values in planned.items():
        if kind == "aws_iam_role_policy":
            found.setdefault(values["role"], []).append(values["policy"])
    return found


@pytest.fixture(scope="session")
def automation_role(policies):
    (name,) = [name for name in policies if "-runbook-" in name]
    return policies[name]


@pytest.fixture(scope="session")
def restore_role(policies):
    (name,) = [name for name in policies if "-restore-" in name]
    return policies[name]


@pytest.fixture(scope="session")
def events_role(policies):
    (name,) = [name for name in policies if "-events-" in name]
    return policies[name]


@pytest.fixture(scope="session")
def news_document(planned):
    """The news runbook as it would be created."""
    return document_named(planned, "web-alb-news")


@pytest.fixture(scope="session")
def news_role(policies):
    (name,) = [name for name in policies if "-news-" in name]
    return policies[name]


@pytest.fixture(scope="session")
def notify_role(policies):
    (name,) = [name for name in policies if "-notify-" in name]
    return policies[name]


@pytest.fixture(scope="session")
def window_role(policies):
    (name,) = [name for name in policies if "-window-" in name]
    return policies[name]


@pytest.fixture(scope="session")
def target_group(automation_role):
    """The target group of the example's fleet."""
    statements = [s for text in automation_role for s in json.loads(text)["Statement"]]
    (arn,) = {r for s in statements for r in s["Resource"] if ":targetgroup/" in r}
    return arn
