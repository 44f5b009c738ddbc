variables {
  name     = "web"
  schedule = { expression = "cron(0 3 ? * SUN *)" }
  fleets = {
    web = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] }
  }
}

run "accepts_the_clone" {
  command = plan

  variables {
    runbook = { source = "aws-owned" }
  }
}

run "accepts_a_version" {
  command = plan

  variables {
    runbook = { source = "aws-owned", aws_owned_version = "5" }
  }
}

run "accepts_one_minute" {
  command = plan

  variables {
    runbook = { source = "aws-owned", drain_minutes = 1 }
  }
}

run "accepts_59_minutes" {
  command = plan

  variables {
    runbook = { source = "aws-owned", drain_minutes = 59 }
  }
}

run "refuses_a_third_source" {
  command = plan

  variables {
    runbook = { source = "mine" }
  }

  expect_failures = [var.runbook]
}

run "refuses_a_moving_version" {
  command = plan

  variables {
    runbook = { source = "aws-owned", aws_owned_version = "$LATEST" }
  }

  expect_failures = [var.runbook]
}

run "refuses_version_0" {
  command = plan

  variables {
    runbook = { source = "aws-owned", aws_owned_version = "0" }
  }

  expect_failures = [var.runbook]
}

run "refuses_a_version_of_the_bundled" {
  command = plan

  variables {
    runbook = { aws_owned_version = "5" }
  }

  expect_failures = [var.runbook]
}

run "refuses_0_minutes" {
  command = plan

  variables {
    runbook = { source = "aws-owned", drain_minutes = 0 }
  }

  expect_failures = [var.runbook]
}

run "refuses_60_minutes" {
  command = plan

  variables {
    runbook = { source = "aws-owned", drain_minutes = 60 }
  }

  expect_failures = [var.runbook]
}

run "refuses_a_fraction" {
  command = plan

  variables {
    runbook = { source = "aws-owned", drain_minutes = 1.5 }
  }

  expect_failures = [var.runbook]
}

run "refuses_minutes_for_the_bundled" {
  command = plan

  variables {
    runbook = { drain_minutes = 5 }
  }

  expect_failures = [var.runbook]
}
