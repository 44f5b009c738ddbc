# What the bundled runbook calls. Equal to the calls of its steps: a change there is a change here.
locals {
  bundled_statements = concat([
    {
      # None of these supports a resource in a policy.
      Sid    = "ReadEverywhere"
      Effect = "Allow"
      Action = [
        "ec2:DescribeInstances",
        "ec2:DescribeSubnets",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeTargetGroupAttributes",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth",
        "ssm:DescribeInstanceInformation",
        "ssm:GetMaintenanceWindowExecution",
        "ssm:ListCommandInvocations",
        "ssm:ListCommands",
      ]
      Resource = ["*"]
    },
    {
      Sid      = "ReadPatchStates"
      Effect   = "Allow"
      Action   = ["ssm:DescribeInstancePatchStates"]
      Resource = [local._instances]
    },
    {
      Sid      = "ReadExecutions"
      Effect   = "Allow"
      Action   = ["ssm:GetAutomationExecution"]
      Resource = ["arn:${var.partition}:ssm:${var.region}:${var.account_id}:automation-execution/*"]
    },
    {
      Sid       = "ReportOutcome"
      Effect    = "Allow"
      Action    = ["events:PutEvents"]
      Resource  = ["arn:${var.partition}:events:${var.region}:${var.account_id}:event-bus/default"]
      Condition = { StringEquals = { "events:source" = "alb-patching" } }
    },
    {
      # Starting is authorised on document and execution; older rules named the definition.
      Sid    = "StartChildren"
      Effect = "Allow"
      Action = ["ssm:StartAutomationExecution"]
      Resource = concat(
        flatten([for document in [var.assess_document, var.restore.document] : [
          "arn:${var.partition}:ssm:${var.region}:${var.account_id}:document/${document}",
          "arn:${var.partition}:ssm:${var.region}:${var.account_id}:automation-definition/${document}:*",
        ]]),
        ["arn:${var.partition}:ssm:${var.region}:${var.account_id}:automation-execution/*"],
      )
    },
    {
      # The assess runbook runs as this role, the restore runbook as its own.
      Sid       = "HandOverRoles"
      Effect    = "Allow"
      Action    = ["iam:PassRole"]
      Resource  = [var.role_arn, var.restore.role_arn]
      Condition = { StringEquals = { "iam:PassedToService" = "ssm.amazonaws.com" } }
    },
    {
      # A transaction is no action of its own: it needs what it consists of.
      Sid    = "KeepLeases"
      Effect = "Allow"
      Action = [
        "dynamodb:ConditionCheckItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
      ]
      Resource = ["arn:${var.partition}:dynamodb:${var.region}:${var.account_id}:table/${var.lease_table_name}"]
    },
    ],
    # Composite alarms are no resource that a policy could name.
    [for resource in var.alarms ? ["*"] : [] : {
      Sid      = "ReadAlarms"
      Effect   = "Allow"
      Action   = ["cloudwatch:DescribeAlarms"]
      Resource = [resource]
    }],
    [for names in [var.change_calendars] : {
      Sid      = "ReadChangeCalendars"
      Effect   = "Allow"
      Action   = ["ssm:GetCalendarState"]
      Resource = [for name in names : startswith(name, "arn:") ? name : "arn:${var.partition}:ssm:${var.region}:${var.account_id}:document/${name}"]
    } if length(names) > 0],
    [for topic in var.notification_topic_arn[*] : {
      Sid      = "TellOfFailures"
      Effect   = "Allow"
      Action   = ["sns:Publish"]
      Resource = [topic]
    }],
    # DynamoDB uses the key on behalf of who reads and writes the table.
    [for key in var.kms_key_arn[*] : {
      Sid       = "UseKeyOfLeases"
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"]
      Resource  = [key]
      Condition = { StringEquals = { "kms:ViaService" = "dynamodb.${var.region}.amazonaws.com" } }
    }],
  )
}
