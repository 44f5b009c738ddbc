locals {
  rule_arns = [
    for name in values(var.events.rules) : "arn:${var.partition}:events:${var.region}:${var.account_id}:rule/${name}"
  ]

  # Rules know runbooks by this form, with a version.
  _definition = "${local._ssm}:automation-definition/${var.document.name}:$DEFAULT"

  # What makes a message: the beginning, and every end.
  _statuses = ["IN_PROGRESS", "SUCCESS", "FAILED", "TIMED_OUT", "CANCELLED", "SKIPPED_OVERLAPPING"]
}

# The id of the window is known after the first apply only. Planned apart, all the rest of the pattern can be read in a plan.
resource "terraform_data" "window" {
  input = {
    source      = ["aws.ssm"]
    detail-type = ["Maintenance Window Execution State-change Notification"]
    detail      = { window-id = [var.window_id], status = local._statuses }
  }
}

resource "aws_cloudwatch_event_rule" "window" {
  name          = var.events.rules.window
  description   = "Openings of the window: their beginning and their end."
  event_pattern = jsonencode(terraform_data.window.output)
  tags          = var.tags
}

resource "aws_cloudwatch_event_rule" "restore" {
  name        = var.events.rules.restore
  description = "Executions of ${var.restore_document} that ended, and not as Success."
  tags        = var.tags

  event_pattern = jsonencode({
    source      = ["aws.ssm"]
    detail-type = ["EC2 Automation Execution Status-change Notification"]
    detail      = { Definition = [var.restore_document], Status = var.unhappy_ends }
  })
}

resource "aws_cloudwatch_event_target" "window" {
  rule      = aws_cloudwatch_event_rule.window.name
  target_id = "news"
  arn       = local._definition
  role_arn  = var.events.role.arn

  # Every parameter of a runbook is a list of strings.
  input_transformer {
    input_paths    = { id = "$.detail.window-execution-id", status = "$.detail.status" }
    input_template = "{\"About\":[<status>],\"ExecutionId\":[<id>]}"
  }

  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 185
  }

  # All is named by ARNs as written out, so that the target is known in the first plan; this is what orders them.
  depends_on = [aws_iam_role_policy.events, module.document]
}

resource "aws_cloudwatch_event_target" "restore" {
  rule      = aws_cloudwatch_event_rule.restore.name
  target_id = "news"
  arn       = local._definition
  role_arn  = var.events.role.arn

  input_transformer {
    input_paths    = { id = "$.detail.ExecutionId" }
    input_template = "{\"About\":[\"RESTORE\"],\"ExecutionId\":[<id>]}"
  }

  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 185
  }

  depends_on = [aws_iam_role_policy.events, module.document]
}

# News that were not told are no longer news: there is no dead letter queue, and the first one rings.
resource "aws_cloudwatch_metric_alarm" "not_told" {
  for_each = var.events.rules

  alarm_name          = "${each.value}-not-started"
  alarm_description   = "Rule ${each.value} could not start ${var.document.name}: something was not told. albpatch status says what."
  namespace           = "AWS/Events"
  metric_name         = "FailedInvocations"
  dimensions          = { RuleName = each.value }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic_arn]
  tags                = var.tags
}

resource "aws_iam_role" "events" {
  name                 = var.events.role.name
  path                 = var.role.path
  description          = "Lets event rules start the news runbook."
  permissions_boundary = var.role.permissions_boundary_arn
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "events.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = var.account_id }
        ArnEquals    = { "aws:SourceArn" = local.rule_arns }
      }
    }]
  })
}

resource "aws_iam_role_policy" "events" {
  name = "start-news"
  role = aws_iam_role.events.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # Starting is authorised on document and execution; older rules named the definition.
        Sid    = "StartNews"
        Effect = "Allow"
        Action = ["ssm:StartAutomationExecution"]
        Resource = [
          "${local._ssm}:document/${var.document.name}",
          "${local._ssm}:automation-definition/${var.document.name}:*",
          "${local._ssm}:automation-execution/*",
        ]
      },
      {
        Sid       = "HandOverNewsRole"
        Effect    = "Allow"
        Action    = ["iam:PassRole"]
        Resource  = [var.role.arn]
        Condition = { StringEquals = { "iam:PassedToService" = "ssm.amazonaws.com" } }
      },
    ]
  })
}
