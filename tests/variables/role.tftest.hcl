variables {
  name     = "web"
  schedule = { expression = "cron(0 3 ? * SUN *)" }
  fleets = {
    web = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] }
  }
}

run "accepts_the_root" {
  command = plan

  variables {
    role = { path = "/" }
  }
}

run "accepts_a_nested_path" {
  command = plan

  variables {
    role = { path = "/team/patching/" }
  }
}

run "accepts_a_boundary_of_the_account" {
  command = plan

  variables {
    role = { permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary" }
  }
}

run "accepts_a_boundary_of_aws" {
  command = plan

  variables {
    role = { permissions_boundary_arn = "arn:aws-us-gov:iam::aws:policy/ReadOnlyAccess" }
  }
}

run "accepts_a_boundary_with_a_path" {
  command = plan

  variables {
    role = { permissions_boundary_arn = "arn:aws-cn:iam::123456789012:policy/team/boundary" }
  }
}

run "refuses_a_path_without_slashes" {
  command = plan

  variables {
    role = { path = "team" }
  }

  expect_failures = [var.role]
}

run "refuses_a_path_without_a_slash_at_the_end" {
  command = plan

  variables {
    role = { path = "/team" }
  }

  expect_failures = [var.role]
}

run "refuses_an_empty_part" {
  command = plan

  variables {
    role = { path = "/team//a/" }
  }

  expect_failures = [var.role]
}

run "refuses_a_path_with_a_space" {
  command = plan

  variables {
    role = { path = "/my team/" }
  }

  expect_failures = [var.role]
}

run "refuses_a_path_of_513_characters" {
  command = plan

  variables {
    role = { path = "/${join("", [for number in range(511) : "a"])}/" }
  }

  expect_failures = [var.role]
}

run "refuses_a_role_as_boundary" {
  command = plan

  variables {
    role = { permissions_boundary_arn = "arn:aws:iam::123456789012:role/boundary" }
  }

  expect_failures = [var.role]
}

run "refuses_a_name_as_boundary" {
  command = plan

  variables {
    role = { permissions_boundary_arn = "boundary" }
  }

  expect_failures = [var.role]
}
