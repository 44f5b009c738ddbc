"""One plan of a configuration for each source of its runbook."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from albpatch.errors import Failure, InputError
from albpatch.region.clock import VirtualClock
from albpatch.region.control_plane import attach
from albpatch.region.core import Region
from albpatch.region.services.documents import Documents
from albpatch.region.transport.http import serve
from albpatch.rehearsal.build import create, region_name
from albpatch.rehearsal.deployment import records
from albpatch.rehearsal.scenario import Scenario
from albpatch.terraform import Terraform, TerraformError

AWS_OWNED, AWS_OWNED_NAME = "aws-owned", "AWSEC2-PatchLoadBalancerInstance"
# What the module refuses beside a clone of AWS's runbook, which looks at none of it: left away where it is compared.
_NOT_OF_A_CLONE = {
    "alarms": {},
    "change_calendars": [],
    "lease_table_name": "${null}",
    "notification_topic_arn": "${null}",
}
OVERRIDE = "albpatch_source_override.tf.json"  # Terraform merges files of such a name over the others
_CALL = re.compile(r"module\.([\w-]+)(\[.*\])?")
Plan = dict[str, Any]


def plans(
    root: Path, scenario: Scenario, sources: Iterable[str], document: Path | None, say: Callable[[str], None]
) -> dict[str, Plan]:
    """The plan of `root` by source ("bundled", "aws-owned"), on what the scenario says exists.

    Args:
        root: a configuration that calls the module in its root module.
        document: the text of AWS's runbook, JSON or YAML; only the source "aws-owned" needs it.

    Raises:
        InputError: the configuration, the scenario or the document cannot be used.
        Failure: Terraform failed.
    """
    region = Region(VirtualClock(), name=region_name(scenario))
    try:
        attach(region)
        create(region, scenario)
        if document is not None:
            region.part(Documents).add_aws_owned(AWS_OWNED_NAME, _text(document))
        with Terraform(root, endpoint_url=serve(region).url, region=region.name) as terraform:
            say("  terraform init")
            terraform.init()
            return {source: _planned(terraform, root, source, say) for source in sources}
    except TerraformError as error:
        if not error.command:
            raise InputError(str(error)) from None
        raise Failure(str(error)) from None
    finally:
        region.close()


def read_plan(path: Path) -> Plan:
    """A plan from a file. Raises InputError for anything but what `terraform show -json` prints of a plan of ours."""
    try:
        plan = json.loads(_text(path))
    except ValueError:
        raise InputError(f"{path}: is not JSON") from None
    if not isinstance(plan, dict) or not {"planned_values", "configuration"} <= set(plan):
        raise InputError(f"{path}: is no plan: give what `terraform show -json PLAN` prints")
    if not records(plan):
        raise InputError(f"{path}: makes no maintenance window of this module")
    return plan


def _planned(terraform: Terraform, root: Path, source: str, say: Callable[[str], None]) -> Plan:
    """The configuration as it stands where its runbook has that source already, else with that source.

    AWS's runbook then goes without what only the bundled one has: alarms, calendars, notifications, a shared table.
    """
    say(f"  terraform plan, runbook {source}")
    override = terraform.folder / OVERRIDE
    override.unlink(missing_ok=True)
    terraform.plan()
    plan = terraform.show_plan()
    others = [name for name, found in _calls(plan, root).items() if found != source]
    if others:
        arguments = {"runbook": {"source": source}, **(_NOT_OF_A_CLONE if source == AWS_OWNED else {})}
        content = {"module": dict.fromkeys(others, arguments)}
        override.write_text(json.dumps(content), encoding="utf-8")
        terraform.plan()
        plan = terraform.show_plan()
    return plan


def _calls(plan: Mapping[str, Any], root: Path) -> dict[str, str]:
    """The root module's calls of this module: name -> source of its runbook."""
    found = {}
    for child in plan["planned_values"]["root_module"].get("child_modules", []):
        for record in records(child):
            call = _CALL.fullmatch(child["address"])
            assert call is not None, child["address"]
            found[call[1]] = str(record["document"]["source"])
    if not found:
        raise InputError(f"{root}: makes no maintenance window of this module")
    return found


def _text(document: Path) -> str:
    try:
        return document.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{document}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
