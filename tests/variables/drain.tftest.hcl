variables {
  name     = "web"
  schedule = { expression = "cron(0 3 ? * SUN *)" }
  fleets = {
    web = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] }
  }
}

run "accepts_thirty_seconds" {
  command = plan

  variables {
    drain = { propagation_seconds = 30 }
  }
}

run "accepts_an_hour" {
  command = plan

  variables {
    drain = { propagation_seconds = 3600 }
  }
}

run "accepts_nothing" {
  command = plan

  variables {
    drain = {}
  }
}

run "accepts_waiting_for_the_delay" {
  command = plan

  variables {
    drain = { wait_for = "delay" }
  }
}

run "accepts_ten_seconds_of_quiet" {
  command = plan

  variables {
    drain = { quiet_seconds = 10 }
  }
}

run "accepts_an_hour_of_quiet" {
  command = plan

  variables {
    drain = { quiet_seconds = 3600 }
  }
}

run "refuses_to_wait_for_anything_else" {
  command = plan

  variables {
    drain = { wait_for = "quiet" }
  }

  expect_failures = [var.drain]
}

run "refuses_nine_seconds_of_quiet" {
  command = plan

  variables {
    drain = { quiet_seconds = 9 }
  }

  expect_failures = [var.drain]
}

run "refuses_more_than_an_hour_of_quiet" {
  command = plan

  variables {
    drain = { quiet_seconds = 3601 }
  }

  expect_failures = [var.drain]
}

run "refuses_a_fraction_of_quiet" {
  command = plan

  variables {
    drain = { quiet_seconds = 10.5 }
  }

  expect_failures = [var.drain]
}

run "refuses_29_seconds" {
  command = plan

  variables {
    drain = { propagation_seconds = 29 }
  }

  expect_failures = [var.drain]
}

run "refuses_3601_seconds" {
  command = plan

  variables {
    drain = { propagation_seconds = 3601 }
  }

  expect_failures = [var.drain]
}

run "refuses_a_fraction" {
  command = plan

  variables {
    drain = { propagation_seconds = 30.5 }
  }

  expect_failures = [var.drain]
}
