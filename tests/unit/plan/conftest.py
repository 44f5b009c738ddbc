"""The bundled runbook as Terraform renders it."""

from pathlib import Path

import pytest

from albpatch.terraform import Terraform

RUNBOOK = Path(__file__).resolve().parents[3] / "runbook"
SETTINGS = {
    "assume_role_arn": "arn:aws:iam::123456789012:role/web-runbook",
    "lease_table_name": "web-alb-patching",
    "restore_role_arn": "arn:aws:iam::123456789012:role/web-restore",
    "restore_document": "web-alb-restore",
    "patching": {
        "reboot_option": "RebootIfNeeded",
        "skip_when_compliant": True,
        "scan_max_age_minutes": 0,
        "timeout_seconds": 3600,
    },
    "drain": {"propagation_seconds": 30},
    "health": {"consecutive_looks": 3, "interval_seconds": 15, "timeout_seconds": 1800, "bake_seconds": 60},
    "logs": {},
}


@pytest.fixture(scope="session")
def bundled() -> str:
    """The text of the document, with a bake time."""
    with Terraform(RUNBOOK, variables=SETTINGS) as terraform:
        terraform.init()
        terraform.apply()
        return str(terraform.output()["patch_document"])
