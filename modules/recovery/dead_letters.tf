locals {
  rule_names = concat([var.events.rule], var.sweep_hours > 0 ? [var.events.sweep_rule] : [])
  rule_arns  = [for name in local.rule_names : "${local._rules}/${name}"]
  queue_arn  = "arn:${var.partition}:sqs:${var.region}:${var.account_id}:${var.events.queue}"
}

# Events for which the restore runbook could not be started: a role without its rights, a document that is gone.
resource "aws_sqs_queue" "dead_letters" {
  name                      = var.events.queue
  message_retention_seconds = 1209600 # 14 days, the longest
  sqs_managed_sse_enabled   = true
  tags                      = var.tags

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "KeepWhatDidNotStart"
      Effect    = "Allow"
      Action    = "sqs:SendMessage"
      Principal = { Service = "events.amazonaws.com" }
      Resource  = local.queue_arn
      Condition = { ArnEquals = { "aws:SourceArn" = local.rule_arns } }
    }]
  })
}

# Neither alarm needs an execution to be alive: EventBridge and SQS count by themselves.
resource "aws_cloudwatch_metric_alarm" "not_started" {
  for_each = toset(local.rule_names)

  alarm_name          = "${each.key}-not-started"
  alarm_description   = "Rule ${each.key} could not start ${var.document.name}: an instance may be out of its target groups."
  namespace           = "AWS/Events"
  metric_name         = "FailedInvocations"
  dimensions          = { RuleName = each.key }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.notification_topic_arn[*]
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  alarm_name          = "${var.events.queue}-dead-letters"
  alarm_description   = "Events lie in queue ${var.events.queue}, for which ${var.document.name} was not started."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead_letters.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.notification_topic_arn[*]
  tags                = var.tags
}
