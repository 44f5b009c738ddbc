# Catches what no event told of: delivery is best effort, and an execution that was ended early may even be a Success.
resource "aws_cloudwatch_event_rule" "sweep" {
  count = var.sweep_hours > 0 ? 1 : 0

  name                = var.events.sweep_rule
  description         = "Starts ${var.document.name} for every open record whose execution is over."
  schedule_expression = var.sweep_hours == 1 ? "rate(1 hour)" : "rate(${var.sweep_hours} hours)"
  tags                = var.tags
}

resource "aws_cloudwatch_event_target" "sweep" {
  count = var.sweep_hours > 0 ? 1 : 0

  rule      = aws_cloudwatch_event_rule.sweep[0].name
  target_id = "sweep"
  arn       = local._definition
  role_arn  = var.events.role.arn
  input     = jsonencode({ Action = ["restore"] })

  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = local.queue_arn
  }

  depends_on = [aws_iam_role_policy.events, aws_sqs_queue.dead_letters, module.document]
}

# Rings for a record that nobody closes, and for a sweep that comes no more: without it there is no number, and that counts
# as too old. So it also rings from the first apply until the first sweep.
resource "aws_cloudwatch_metric_alarm" "oldest_record" {
  count = var.sweep_hours > 0 ? 1 : 0

  alarm_name          = "${var.events.sweep_rule}-oldest-record"
  alarm_description   = "An instance has been out for longer than patching and restoring may take, or no sweep has measured it: albpatch status says who."
  namespace           = "ALBPatching"
  metric_name         = "OldestRecordAge"
  dimensions          = { Name = var.metrics.name }
  statistic           = "Maximum"
  period              = min(var.sweep_hours + 1, 168) * 3600 # a start may be late by an hour; AWS takes seven days
  evaluation_periods  = 1
  threshold           = var.metrics.oldest_seconds
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "breaching"
  alarm_actions       = var.notification_topic_arn[*]
  tags                = var.tags
}
