"""document-unpinned: a window task that runs whatever version of its runbook is the latest or the default one."""

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck


class DocumentUnpinned(BaseResourceCheck):
    """https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_MaintenanceWindowAutomationParameters.html"""

    def __init__(self):
        super().__init__(
            name="An automation task runs a pinned version of its document",
            id="document-unpinned",
            categories=[CheckCategories.SUPPLY_CHAIN],
            supported_resources=["aws_ssm_maintenance_window_task"],
        )

    def scan_resource_conf(self, conf):
        if first(conf.get("task_type")) != "AUTOMATION":
            return CheckResult.PASSED
        node = conf
        for name in ("task_invocation_parameters", "automation_parameters"):
            node = first(node.get(name)) or {}
        unpinned = first(node.get("document_version")) in (None, "", "$LATEST", "$DEFAULT")
        return CheckResult.FAILED if unpinned else CheckResult.PASSED


def first(value):
    """checkov wraps blocks and values in lists."""
    while isinstance(value, list):
        value = value[0] if value else None
    return value


check = DocumentUnpinned()
