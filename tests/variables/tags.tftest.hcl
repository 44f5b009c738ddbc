variables {
  name     = "web"
  schedule = { expression = "cron(0 3 ? * SUN *)" }
  fleets = {
    web = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] }
  }
}

run "accepts_fifty" {
  command = plan

  variables {
    tags = { for number in range(50) : "Key${number}" => "a" }
  }
}

run "refuses_fifty_one" {
  command = plan

  variables {
    tags = { for number in range(51) : "Key${number}" => "a" }
  }

  expect_failures = [var.tags]
}

run "refuses_a_reserved_key" {
  command = plan

  variables {
    tags = { "AWS:Name" = "web" }
  }

  expect_failures = [var.tags]
}
