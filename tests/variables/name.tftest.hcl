variables {
  name     = "web"
  schedule = { expression = "cron(0 3 ? * SUN *)" }
  fleets = {
    web = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] }
  }
}

run "accepts_three_characters" {
  command = plan

  variables {
    name = "web"
  }
}

run "accepts_forty_characters" {
  command = plan

  variables {
    name = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  }
}

run "accepts_every_kind_of_character" {
  command = plan

  variables {
    name = "Web_1.a-b"
  }
}

run "refuses_two_characters" {
  command = plan

  variables {
    name = "ab"
  }

  expect_failures = [var.name]
}

run "refuses_41_characters" {
  command = plan

  variables {
    name = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  }

  expect_failures = [var.name]
}

run "refuses_a_space" {
  command = plan

  variables {
    name = "my web"
  }

  expect_failures = [var.name]
}

run "refuses_a_slash" {
  command = plan

  variables {
    name = "web/a"
  }

  expect_failures = [var.name]
}

run "refuses_the_prefix_aws" {
  command = plan

  variables {
    name = "aws-web"
  }

  expect_failures = [var.name]
}

run "refuses_the_prefix_amazon" {
  command = plan

  variables {
    name = "AmazonWeb"
  }

  expect_failures = [var.name]
}

run "refuses_the_prefix_amzn" {
  command = plan

  variables {
    name = "amzn"
  }

  expect_failures = [var.name]
}
