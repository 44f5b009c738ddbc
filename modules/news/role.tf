# It reads what a roll did, notes in the table what was told, and publishes. It starts and changes nothing.
locals {
  _table = "arn:${var.partition}:dynamodb:${var.region}:${var.account_id}:table/${var.lease_table_name}"

  statements = concat([
    {
      # None of these supports a resource in a policy.
      Sid    = "ReadEverywhere"
      Effect = "Allow"
      Action = [
        "ec2:DescribeInstances",
        "ssm:DescribeAutomationExecutions",
        "ssm:DescribeMaintenanceWindowExecutionTaskInvocations",
        "ssm:DescribeMaintenanceWindowExecutionTasks",
        "ssm:GetMaintenanceWindowExecution",
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
      Sid      = "NoteWhatWasTold"
      Effect   = "Allow"
      Action   = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
      Resource = [local._table]
    },
    {
      Sid      = "Tell"
      Effect   = "Allow"
      Action   = ["sns:Publish"]
      Resource = [var.topic_arn]
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

resource "aws_iam_role" "news" {
  name                 = var.role.name
  path                 = var.role.path
  description          = "What the steps of the news runbook may do."
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

resource "aws_iam_role_policy" "news" {
  name   = "steps"
  role   = aws_iam_role.news.name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.statements })
}
