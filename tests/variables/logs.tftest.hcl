variables {
  name     = "web"
  schedule = { expression = "cron(0 3 ? * SUN *)" }
  fleets = {
    web = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] }
  }
}

run "accepts_a_log_group" {
  command = plan

  variables {
    logs = { cloudwatch_log_group_name = "/patching/web" }
  }
}

run "accepts_a_bucket_and_a_prefix" {
  command = plan

  variables {
    logs = { s3_bucket_name = "my.logs-1", s3_key_prefix = "patching/web" }
  }
}

run "refuses_a_log_group_with_a_space" {
  command = plan

  variables {
    logs = { cloudwatch_log_group_name = "my group" }
  }

  expect_failures = [var.logs]
}

run "refuses_an_empty_log_group" {
  command = plan

  variables {
    logs = { cloudwatch_log_group_name = "" }
  }

  expect_failures = [var.logs]
}

run "refuses_a_url_of_a_bucket" {
  command = plan

  variables {
    logs = { s3_bucket_name = "s3://logs" }
  }

  expect_failures = [var.logs]
}

run "refuses_an_upper_case_bucket" {
  command = plan

  variables {
    logs = { s3_bucket_name = "Logs" }
  }

  expect_failures = [var.logs]
}

run "refuses_a_prefix_with_a_slash_in_front" {
  command = plan

  variables {
    logs = { s3_bucket_name = "logs", s3_key_prefix = "/web" }
  }

  expect_failures = [var.logs]
}

run "refuses_a_prefix_without_a_bucket" {
  command = plan

  variables {
    logs = { s3_key_prefix = "web" }
  }

  expect_failures = [var.logs]
}
