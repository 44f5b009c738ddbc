variables {
  name     = "web"
  schedule = { expression = "cron(0 3 ? * SUN *)" }
  fleets = {
    web = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] }
  }
}

run "accepts_a_shared_table" {
  command = plan

  variables {
    lease_table_name = "patching.leases_of-all"
  }
}

run "refuses_an_arn" {
  command = plan

  variables {
    lease_table_name = "arn:aws:dynamodb:us-east-1:123456789012:table/leases"
  }

  expect_failures = [var.lease_table_name]
}

run "refuses_a_table_for_the_clone" {
  command = plan

  variables {
    lease_table_name = "leases"
    runbook          = { source = "aws-owned" }
  }

  expect_failures = [var.lease_table_name]
}

run "accepts_a_key" {
  command = plan

  variables {
    kms_key_arn = "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  }
}

run "refuses_an_alias" {
  command = plan

  variables {
    kms_key_arn = "alias/leases"
  }

  expect_failures = [var.kms_key_arn]
}
