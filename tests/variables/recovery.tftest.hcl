variables {
  name     = "web"
  schedule = { expression = "cron(0 3 ? * SUN *)" }
  fleets = {
    web = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] }
  }
}

run "accepts_no_standing_sweep" {
  command = plan

  variables {
    recovery = { sweep_hours = 0 }
  }
}

run "accepts_a_week" {
  command = plan

  variables {
    recovery = { sweep_hours = 168 }
  }
}

run "refuses_more_than_a_week" {
  command = plan

  variables {
    recovery = { sweep_hours = 169 }
  }

  expect_failures = [var.recovery]
}

run "refuses_half_an_hour" {
  command = plan

  variables {
    recovery = { sweep_hours = 0.5 }
  }

  expect_failures = [var.recovery]
}
