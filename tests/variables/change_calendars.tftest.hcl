variables {
  name     = "web"
  schedule = { expression = "cron(0 3 ? * SUN *)" }
  fleets = {
    web = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] }
  }
}

run "accepts_a_name_and_an_arn" {
  command = plan

  variables {
    change_calendars = ["holidays", "arn:aws-cn:ssm:cn-north-1:123456789012:document/year.end_sales"]
  }
}

run "refuses_too_many" {
  command = plan

  variables {
    change_calendars = [for number in range(11) : "calendar-${number}"]
  }

  expect_failures = [var.change_calendars]
}

run "refuses_a_short_name" {
  command = plan

  variables {
    change_calendars = ["no"]
  }

  expect_failures = [var.change_calendars]
}

run "refuses_another_arn" {
  command = plan

  variables {
    change_calendars = ["arn:aws:ssm:us-east-1:123456789012:parameter/holidays"]
  }

  expect_failures = [var.change_calendars]
}

run "refuses_one_twice" {
  command = plan

  variables {
    change_calendars = ["holidays", "holidays"]
  }

  expect_failures = [var.change_calendars]
}

run "refuses_calendars_for_the_clone" {
  command = plan

  variables {
    change_calendars = ["holidays"]
    runbook          = { source = "aws-owned" }
  }

  expect_failures = [var.change_calendars]
}
