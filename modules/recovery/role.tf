# It registers and reads, and nothing else: no command, no deregistration.
locals {
  _table = "arn:${var.partition}:dynamodb:${var.region}:${var.account_id}:table/${var.lease_table_name}"

  statements = concat([
    {
      # None of these supports a resource in a policy.
      Sid    = "ReadEverywhere"
      Effect = "Allow"
      Action = [
        "ec2:DescribeInstances",
        "elasticloadbalancing:DescribeTargetHealth",
        "ssm:DescribeInstanceInformation",
        "ssm:ListCommandInvocations",
      ]
      Resource = ["*"]
    },
    {
      Sid      = "ReadExecutions"
      Effect   = "Allow"
      Action   = ["ssm:GetAutomationExecution"]
      Resource = ["${local._ssm}:automation-execution/*"]
    },
    {
      Sid      = "TakeRecordsOver"
      Effect   = "Allow"
      Action   = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:Scan", "dynamodb:UpdateItem"]
      Resource = [local._table]
    },
    {
      # The sweep starts one execution for each record. Authorised on document and execution.
      Sid    = "StartItself"
      Effect = "Allow"
      Action = ["ssm:StartAutomationExecution"]
      Resource = [
        "${local._ssm}:document/${var.document.name}",
        "${local._ssm}:automation-definition/${var.document.name}:*",
        "${local._ssm}:automation-execution/*",
      ]
    },
    {
      Sid       = "HandOverItself"
      Effect    = "Allow"
      Action    = ["iam:PassRole"]
      Resource  = [var.role.arn]
      Condition = { StringEquals = { "iam:PassedToService" = "ssm.amazonaws.com" } }
    },
    {
      Sid       = "ReportOutcome"
      Effect    = "Allow"
      Action    = ["events:PutEvents"]
      Resource  = ["arn:${var.partition}:events:${var.region}:${var.account_id}:event-bus/default"]
      Condition = { StringEquals = { "events:source" = "alb-patching" } }
    },
    {
      # Metrics are no resources; the condition is what limits it.
      Sid       = "MeasureWhatIsOut"
      Effect    = "Allow"
      Action    = ["cloudwatch:PutMetricData"]
      Resource  = ["*"]
      Condition = { StringEquals = { "cloudwatch:namespace" = "ALBPatching" } }
    },
    ],
    [for key in var.kms_key_arn[*] : {
      Sid       = "UseKeyOfLeases"
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"]
      Resource  = [key]
      Condition = { StringEquals = { "kms:ViaService" = "dynamodb.${var.region}.amazonaws.com" } }
    }],
  )
}

resource "aws_iam_role" "restore" {
  name                 = var.role.name
  path                 = var.role.path
  description          = "What the steps of the restore runbook may do."
  permissions_boundary = var.role.permissions_boundary_arn
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ssm.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = var.account_id }
        ArnLike      = { "aws:SourceArn" = "${local._ssm}:automation-execution/*" }
      }
    }]
  })
}

resource "aws_iam_role_policy" "restore" {
  name   = "steps"
  role   = aws_iam_role.restore.name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.statements })
}

# A resource of its own: where the target groups are created in the same apply, only this policy is unknown in the plan.
resource "aws_iam_role_policy" "target_groups" {
  name = "target-groups"
  role = aws_iam_role.restore.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "PutTargetsBack"
      Effect   = "Allow"
      Action   = ["elasticloadbalancing:RegisterTargets"]
      Resource = var.target_group_arns
    }]
  })
}
