locals {
  _ssm = "arn:${var.partition}:ssm:${var.region}:${var.account_id}"

  _statements = concat(
    [
      {
        # Starting is authorised on document and execution; older rules named the definition.
        Sid    = "StartRunbooks"
        Effect = "Allow"
        Action = ["ssm:StartAutomationExecution"]
        Resource = concat(
          flatten([for name in concat([var.document.name], var.sweep[*].document) : [
            "${local._ssm}:document/${name}",
            "${local._ssm}:automation-definition/${name}:*",
          ]]),
          ["${local._ssm}:automation-execution/*"],
        )
      },
      {
        Sid      = "FollowExecutions"
        Effect   = "Allow"
        Action   = ["ssm:GetAutomationExecution"]
        Resource = ["${local._ssm}:automation-execution/*"]
      },
      {
        # Of the runbook, and of the runbook that this one starts: AWS asks who started the first.
        Sid       = "HandOverRoles"
        Effect    = "Allow"
        Action    = ["iam:PassRole"]
        Resource  = var.passed_role_arns
        Condition = { StringEquals = { "iam:PassedToService" = "ssm.amazonaws.com" } }
      },
    ],
    # None of these supports a resource in a policy.
    [for actions in [["resource-groups:ListGroupResources", "resource-groups:ListGroups", "tag:GetResources"]] : {
      Sid      = "ReadResourceGroups"
      Effect   = "Allow"
      Action   = actions
      Resource = ["*"]
    } if anytrue([for fleet in values(var.fleets) : fleet.resource_group != null])],
  )
}

# No condition on the source: AWS documents none for maintenance windows, and a condition on a key that the service does
# not send would keep every window from starting anything.
resource "aws_iam_role" "this" {
  name                 = var.role.name
  path                 = var.role.path
  description          = "Lets the maintenance window start the patching runbook."
  permissions_boundary = var.role.permissions_boundary_arn
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ssm.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name   = "start-runbook"
  role   = aws_iam_role.this.name
  policy = jsonencode({ Version = "2012-10-17", Statement = local._statements })
}
