locals {
  # Instances are scoped as the fleets name them: by tag, by id, or, for a resource group, not at all: IAM knows no
  # condition on membership.
  _instances = "arn:${var.partition}:ec2:${var.region}:${var.account_id}:instance/*"
  send_command_statements = concat(
    [{
      Sid    = "SendDocuments"
      Effect = "Allow"
      Action = ["ssm:SendCommand"]
      Resource = concat(
        ["arn:${var.partition}:ssm:${var.region}::document/AWS-RunPatchBaseline"],
        [for name in var.quiet_document[*] : "arn:${var.partition}:ssm:${var.region}:${var.account_id}:document/${name}"],
      )
    }],
    [for fleet in values(var.fleets) : {
      Effect   = "Allow"
      Action   = ["ssm:SendCommand"]
      Resource = [local._instances]
      Condition = {
        StringEquals = { for key, values in fleet.tags : "ssm:resourceTag/${key}" => values }
      }
    } if length(fleet.tags) > 0],
    [for fleet in values(var.fleets) : {
      Effect   = "Allow"
      Action   = ["ssm:SendCommand"]
      Resource = [for id in fleet.instance_ids : replace(local._instances, "*", id)]
    } if length(fleet.instance_ids) > 0],
    [for resource in anytrue([for fleet in values(var.fleets) : fleet.resource_group != null]) ? [local._instances] : [] : {
      Sid      = "SendToResourceGroups"
      Effect   = "Allow"
      Action   = ["ssm:SendCommand"]
      Resource = [resource]
    }],
  )

  statements = {
    bundled   = local.bundled_statements
    aws-owned = local.aws_owned_statements
  }[var.runbook_source]

  steps_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat(local.statements, local.send_command_statements)
  })

  target_groups_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "TakeTargetsOut"
      Effect   = "Allow"
      Action   = ["elasticloadbalancing:DeregisterTargets"]
      Resource = distinct(flatten(values(var.fleets)[*].target_group_arns))
    }]
  })
}

resource "aws_iam_role" "this" {
  name                 = var.name
  path                 = var.path
  description          = "What the steps of the patching runbook may do."
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags

  # The execution hands its own ARN over, so that no other service feature and no other account can borrow the role.
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ssm.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = var.account_id }
        ArnLike      = { "aws:SourceArn" = "arn:${var.partition}:ssm:${var.region}:${var.account_id}:automation-execution/*" }
      }
    }]
  })
}

resource "aws_iam_role_policy" "steps" {
  name   = "steps"
  role   = aws_iam_role.this.name
  policy = local.steps_policy

  lifecycle {
    precondition {
      condition     = length(local.steps_policy) + length(local.target_groups_policy) <= 10240
      error_message = "The policies of role ${var.name} have more than IAM's 10,240 characters for the inline policies of a role: split the fleets over two calls of the module."
    }
  }
}

# A resource of its own: where the target groups are created in the same apply, only this policy is unknown in the plan.
resource "aws_iam_role_policy" "target_groups" {
  count = var.runbook_source == "bundled" ? 1 : 0

  name   = "target-groups"
  role   = aws_iam_role.this.name
  policy = local.target_groups_policy
}
