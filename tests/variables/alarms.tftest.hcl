variables {
  name     = "web"
  schedule = { expression = "cron(0 3 ? * SUN *)" }
  fleets = {
    web = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] }
  }
}

run "accepts_metric_and_composite_alarms" {
  command = plan

  variables {
    alarms = { names = ["web 5xx/errors (total)", "a"], insufficient_data = "stop" }
  }
}

run "accepts_none" {
  command = plan

  variables {
    alarms = {}
  }
}

run "accepts_the_longest_name" {
  command = plan

  variables {
    alarms = { names = [join("", [for _ in range(255) : "x"])] }
  }
}

run "refuses_too_many" {
  command = plan

  variables {
    alarms = { names = [for number in range(21) : "alarm-${number}"] }
  }

  expect_failures = [var.alarms]
}

run "refuses_an_empty_name" {
  command = plan

  variables {
    alarms = { names = [""] }
  }

  expect_failures = [var.alarms]
}

run "refuses_a_long_name" {
  command = plan

  variables {
    alarms = { names = [join("", [for _ in range(256) : "x"])] }
  }

  expect_failures = [var.alarms]
}

run "refuses_a_space_at_the_end" {
  command = plan

  variables {
    alarms = { names = ["web "] }
  }

  expect_failures = [var.alarms]
}

run "refuses_an_arn" {
  command = plan

  variables {
    alarms = { names = ["arn:aws:cloudwatch:us-east-1:123456789012:alarm:web"] }
  }

  expect_failures = [var.alarms]
}

run "refuses_a_reference" {
  command = plan

  variables {
    alarms = { names = ["web-{{InstanceId}}"] }
  }

  expect_failures = [var.alarms]
}

run "refuses_one_twice" {
  command = plan

  variables {
    alarms = { names = ["web", "web"] }
  }

  expect_failures = [var.alarms]
}

run "refuses_another_answer" {
  command = plan

  variables {
    alarms = { names = ["web"], insufficient_data = "ignore" }
  }

  expect_failures = [var.alarms]
}

run "refuses_alarms_for_the_clone" {
  command = plan

  variables {
    alarms  = { names = ["web"] }
    runbook = { source = "aws-owned" }
  }

  expect_failures = [var.alarms]
}
