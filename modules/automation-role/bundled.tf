# What the bundled runbook calls. Equal to the calls of its steps: a change there is a change here.
locals {
  bundled_statements = [
    {
      # None of these supports a resource in a policy.
      Sid    = "ReadEverywhere"
      Effect = "Allow"
      Action = [
        "ec2:DescribeInstances",
        "elasticloadbalancing:DescribeTargetGroupAttributes",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth",
        "ssm:DescribeInstanceInformation",
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
      Sid      = "ReadOwnExecution"
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
  ]
}
