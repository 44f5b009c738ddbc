"""cutoff-continues: a window task that goes on starting instances after the window's cutoff."""

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck


class CutoffContinues(BaseResourceCheck):
    """https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_RegisterTaskWithMaintenanceWindow.html"""

    def __init__(self):
        super().__init__(
            name="An automation task stops starting instances at the window's cutoff",
            id="cutoff-continues",
            categories=[CheckCategories.GENERAL_SECURITY],
            supported_resources=["aws_ssm_maintenance_window_task"],
        )

    def scan_resource_conf(self, conf):
        kind, behavior = (first(conf.get(name)) for name in ("task_type", "cutoff_behavior"))
        continues = kind == "AUTOMATION" and behavior != "CANCEL_TASK"
        return CheckResult.FAILED if continues else CheckResult.PASSED


def first(value):
    """checkov wraps blocks and values in lists."""
    while isinstance(value, list):
        value = value[0] if value else None
    return value


check = CutoffContinues()
