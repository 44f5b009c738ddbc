"""What an operator has to be allowed, verb by verb. docs/operate.md shows it; a test derives it from the calls made."""

from __future__ import annotations

_LOOK = (
    "dynamodb:Scan",
    "ec2:DescribeInstances",
    "elasticloadbalancing:DescribeTargetHealth",
    "ssm:DescribeAutomationExecutions",
    "ssm:DescribeInstanceInformation",
    "ssm:DescribeMaintenanceWindowExecutionTaskInvocations",
    "ssm:DescribeMaintenanceWindowExecutionTasks",
    "ssm:DescribeMaintenanceWindowExecutions",
    "ssm:GetAutomationExecution",
    "ssm:ListCommandInvocations",
)
# A fleet that is a resource group is found through it.
SOMETIMES = ("resource-groups:ListGroupResources",)

# What a verb needs beyond looking. iam:PassRole: of the role that the runbook assumes.
ADDED: dict[str, tuple[str, ...]] = {
    "start": (
        "dynamodb:DeleteItem",
        "elasticloadbalancing:DescribeTargetGroupAttributes",
        "iam:PassRole",
        "ssm:GetMaintenanceWindowTask",
        "ssm:StartAutomationExecution",
    ),
    "watch": (),
    "status": (),
    "stop": ("dynamodb:UpdateItem", "ssm:CancelMaintenanceWindowExecution"),
    "repair": ("iam:PassRole", "ssm:DescribeDocument", "ssm:StartAutomationExecution"),
}


def actions(verb: str) -> frozenset[str]:
    """Every IAM action that a verb may need. Raises KeyError for a verb that is no operator's."""
    return frozenset((*_LOOK, *SOMETIMES, *ADDED[verb]))
