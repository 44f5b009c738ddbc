variables {
  name     = "web"
  schedule = { expression = "cron(0 3 ? * SUN *)" }
  fleets = {
    web = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] }
  }
}

run "accepts_a_topic" {
  command = plan

  variables {
    notification_topic_arn = "arn:aws-us-gov:sns:us-gov-west-1:123456789012:Patch_news-1"
  }
}

run "refuses_a_name" {
  command = plan

  variables {
    notification_topic_arn = "patching"
  }

  expect_failures = [var.notification_topic_arn]
}

run "refuses_a_subscription" {
  command = plan

  variables {
    notification_topic_arn = "arn:aws:sns:us-east-1:123456789012:patching:11111111-2222-3333-4444-555555555555"
  }

  expect_failures = [var.notification_topic_arn]
}

run "refuses_a_topic_for_the_clone" {
  command = plan

  variables {
    notification_topic_arn = "arn:aws:sns:us-east-1:123456789012:patching"
    runbook                = { source = "aws-owned" }
  }

  expect_failures = [var.notification_topic_arn]
}
