locals {
  _rules = "arn:${var.partition}:events:${var.region}:${var.account_id}:rule"

  # A document's ARN starts nothing and says nothing: a rule knows runbooks by this form, with a version.
  _definition = "${local._ssm}:automation-definition/${var.document.name}:$DEFAULT"

  # An execution that is not over. Everything else but Success is an end that may have left an instance out: Cancelled,
  # which events also spell Canceled, Failed, TimedOut, Rejected, Exited, and what AWS may add.
  _not_over = [
    "Approved",
    "Cancelling",
    "ChangeCalendarOverrideApproved",
    "InProgress",
    "Pending",
    "PendingApproval",
    "PendingChangeCalendarOverride",
    "RunbookInProgress",
    "Scheduled",
    "Waiting",
  ]

  unhappy_ends = [{ anything-but = concat(["Success"], local._not_over) }]
}

resource "aws_cloudwatch_event_rule" "ended" {
  name        = var.events.rule
  description = "Executions of ${var.patch_document} that ended, and not as Success."
  tags        = var.tags

  event_pattern = jsonencode({
    source      = ["aws.ssm"]
    detail-type = ["EC2 Automation Execution Status-change Notification"]
    detail = {
      Definition = [var.patch_document]
      Status     = local.unhappy_ends
    }
  })
}

resource "aws_cloudwatch_event_target" "ended" {
  rule      = aws_cloudwatch_event_rule.ended.name
  target_id = "restore"
  arn       = local._definition
  role_arn  = var.events.role.arn

  # Every parameter of a runbook is a list of strings.
  input_transformer {
    input_paths    = { execution = "$.detail.ExecutionId" }
    input_template = "{\"ExecutionId\":[<execution>]}"
  }

  # An hour, not a day: what did not start by then is to ring the alarm.
  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = local.queue_arn
  }

  # All is named by ARNs as written out, so that the target is known in the first plan; this is what orders them.
  depends_on = [aws_iam_role_policy.events, aws_sqs_queue.dead_letters, module.document]
}

resource "aws_iam_role" "events" {
  name                 = var.events.role.name
  path                 = var.role.path
  description          = "Lets event rules start the restore runbook."
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
  name = "start-restore"
  role = aws_iam_role.events.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # Starting is authorised on document and execution; older rules named the definition.
        Sid    = "StartRestore"
        Effect = "Allow"
        Action = ["ssm:StartAutomationExecution"]
        Resource = [
          "${local._ssm}:document/${var.document.name}",
          "${local._ssm}:automation-definition/${var.document.name}:*",
          "${local._ssm}:automation-execution/*",
        ]
      },
      {
        Sid       = "HandOverRestoreRole"
        Effect    = "Allow"
        Action    = ["iam:PassRole"]
        Resource  = [var.role.arn]
        Condition = { StringEquals = { "iam:PassedToService" = "ssm.amazonaws.com" } }
      },
    ]
  })
}
