variables {
  name     = "web"
  schedule = { expression = "cron(0 3 ? * SUN *)" }
  fleets = {
    web = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] }
  }
}

run "accepts_no_reboot" {
  command = plan

  variables {
    patching = { reboot_option = "NoReboot" }
  }
}

run "accepts_an_https_baseline" {
  command = plan

  variables {
    patching = { baseline_override = "https://example.com/baseline.json" }
  }
}

run "accepts_an_s3_baseline" {
  command = plan

  variables {
    patching = { baseline_override = "s3://bucket/baseline.json" }
  }
}

run "accepts_a_scan_of_a_week" {
  command = plan

  variables {
    patching = { scan_max_age_minutes = 10080 }
  }
}

run "accepts_the_longest_timeout" {
  command = plan

  variables {
    patching = { timeout_seconds = 36000 }
  }
}

run "accepts_the_shortest_timeout" {
  command = plan

  variables {
    patching = { timeout_seconds = 60 }
  }
}

run "refuses_an_unknown_reboot_option" {
  command = plan

  variables {
    patching = { reboot_option = "Always" }
  }

  expect_failures = [var.patching]
}

run "refuses_a_path_as_baseline" {
  command = plan

  variables {
    patching = { baseline_override = "baseline.json" }
  }

  expect_failures = [var.patching]
}

run "refuses_a_baseline_with_a_space" {
  command = plan

  variables {
    patching = { baseline_override = "https://example.com/base line.json" }
  }

  expect_failures = [var.patching]
}

run "refuses_a_negative_age" {
  command = plan

  variables {
    patching = { scan_max_age_minutes = -1 }
  }

  expect_failures = [var.patching]
}

run "refuses_an_age_over_a_week" {
  command = plan

  variables {
    patching = { scan_max_age_minutes = 10081 }
  }

  expect_failures = [var.patching]
}

run "refuses_a_fraction_of_a_minute" {
  command = plan

  variables {
    patching = { scan_max_age_minutes = 0.5 }
  }

  expect_failures = [var.patching]
}

run "refuses_59_seconds" {
  command = plan

  variables {
    patching = { timeout_seconds = 59 }
  }

  expect_failures = [var.patching]
}

run "refuses_36001_seconds" {
  command = plan

  variables {
    patching = { timeout_seconds = 36001 }
  }

  expect_failures = [var.patching]
}

run "refuses_a_fraction_of_a_second" {
  command = plan

  variables {
    patching = { timeout_seconds = 3600.5 }
  }

  expect_failures = [var.patching]
}
