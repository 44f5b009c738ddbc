variables {
  name     = "web"
  schedule = { expression = "cron(0 3 ? * SUN *)" }
  fleets = {
    web = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] }
  }
}

run "accepts_the_smallest" {
  command = plan

  variables {
    health = { consecutive_looks = 1, interval_seconds = 5, timeout_seconds = 60 }
  }
}

run "accepts_the_largest" {
  command = plan

  variables {
    health = { consecutive_looks = 10, interval_seconds = 48, timeout_seconds = 21600, bake_seconds = 3600 }
  }
}

run "refuses_no_look" {
  command = plan

  variables {
    health = { consecutive_looks = 0 }
  }

  expect_failures = [var.health]
}

run "refuses_eleven_looks" {
  command = plan

  variables {
    health = { consecutive_looks = 11 }
  }

  expect_failures = [var.health]
}

run "refuses_an_interval_of_4" {
  command = plan

  variables {
    health = { interval_seconds = 4 }
  }

  expect_failures = [var.health]
}

run "refuses_an_interval_of_301" {
  command = plan

  variables {
    health = { consecutive_looks = 1, interval_seconds = 301 }
  }

  expect_failures = [var.health]
}

run "refuses_a_timeout_of_59" {
  command = plan

  variables {
    health = { timeout_seconds = 59 }
  }

  expect_failures = [var.health]
}

run "refuses_a_timeout_of_21601" {
  command = plan

  variables {
    health = { timeout_seconds = 21601 }
  }

  expect_failures = [var.health]
}

run "refuses_negative_baking" {
  command = plan

  variables {
    health = { bake_seconds = -1 }
  }

  expect_failures = [var.health]
}

run "refuses_baking_over_an_hour" {
  command = plan

  variables {
    health = { bake_seconds = 3601 }
  }

  expect_failures = [var.health]
}

run "refuses_a_timeout_shorter_than_the_looks" {
  command = plan

  variables {
    health = { consecutive_looks = 10, interval_seconds = 30, timeout_seconds = 300 }
  }

  expect_failures = [var.health]
}

run "refuses_a_fraction" {
  command = plan

  variables {
    health = { interval_seconds = 7.5 }
  }

  expect_failures = [var.health]
}

run "accepts_the_longest_interval" {
  command = plan

  variables {
    health = { consecutive_looks = 1, interval_seconds = 300 }
  }
}

run "refuses_a_series_longer_than_a_script_may_run" {
  command = plan

  variables {
    health = { consecutive_looks = 2, interval_seconds = 241 }
  }

  expect_failures = [var.health]
}
