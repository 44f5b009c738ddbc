variables {
  name     = "web"
  schedule = { expression = "cron(0 3 ? * SUN *)" }
  fleets = {
    web = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] }
  }
}

run "accepts_tags" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }
}

run "accepts_several_keys" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01", "alb02"], Stage = ["prod"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }
}

run "accepts_five_keys" {
  command = plan

  variables {
    fleets = { "web" = { tags = { for number in range(5) : "Key${number}" => ["a"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }
}

run "accepts_fifty_values" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = [for number in range(50) : "alb${number}"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }
}

run "accepts_instance_ids" {
  command = plan

  variables {
    fleets = { "web" = { instance_ids = ["i-01234567", "i-0123456789abcdef0"], target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }
}

run "accepts_a_resource_group" {
  command = plan

  variables {
    fleets = { "web" = { resource_group = "web", target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }
}

run "accepts_nineteen" {
  command = plan

  variables {
    fleets = { for number in range(19) : "fleet-${number}" => { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }
}

run "accepts_fifty_target_groups" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = [for number in range(50) : format("arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/%016x", number)] } }
  }
}

run "accepts_partition_aws_cn" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws-cn:elasticloadbalancing:cn-north-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }
}

run "accepts_partition_aws_us_gov" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws-us-gov:elasticloadbalancing:us-gov-west-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }
}

run "accepts_partition_aws_iso" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws-iso:elasticloadbalancing:us-iso-east-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }
}

run "accepts_partition_aws_iso_b" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws-iso-b:elasticloadbalancing:us-isob-east-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }
}

run "accepts_partition_aws_iso_e" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws-iso-e:elasticloadbalancing:eu-isoe-west-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }
}

run "accepts_partition_aws_iso_f" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws-iso-f:elasticloadbalancing:us-isof-south-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }
}

run "accepts_partition_aws_eusc" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws-eusc:elasticloadbalancing:eusc-de-east-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }
}

run "accepts_no_floor" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"], disruption_budget = { min_healthy = 0, min_healthy_percent = 0 } } }
  }
}

run "accepts_the_highest_floor" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"], disruption_budget = { min_healthy = 1000, min_healthy_percent = 100 } } }
  }
}

run "accepts_a_name_of_one_character" {
  command = plan

  variables {
    fleets = { "a" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }
}

run "refuses_no_fleet" {
  command = plan

  variables {
    fleets = {}
  }

  expect_failures = [var.fleets]
}

run "refuses_twenty" {
  command = plan

  variables {
    fleets = { for number in range(20) : "fleet-${number}" => { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }

  expect_failures = [var.fleets]
}

run "refuses_a_name_with_a_space" {
  command = plan

  variables {
    fleets = { "web app" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }

  expect_failures = [var.fleets]
}

run "refuses_a_name_of_41_characters" {
  command = plan

  variables {
    fleets = { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }

  expect_failures = [var.fleets]
}

run "refuses_no_way_of_naming_instances" {
  command = plan

  variables {
    fleets = { "web" = { target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }

  expect_failures = [var.fleets]
}

run "refuses_tags_and_ids" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"], instance_ids = ["i-01234567"] } }
  }

  expect_failures = [var.fleets]
}

run "refuses_tags_and_a_group" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"], resource_group = "web" } }
  }

  expect_failures = [var.fleets]
}

run "refuses_six_keys" {
  command = plan

  variables {
    fleets = { "web" = { tags = { for number in range(6) : "Key${number}" => ["a"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }

  expect_failures = [var.fleets]
}

run "refuses_a_key_without_values" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = [] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }

  expect_failures = [var.fleets]
}

run "refuses_a_key_with_null" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = null }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }

  expect_failures = [var.fleets]
}

run "refuses_fifty_one_values" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = [for number in range(51) : "alb${number}"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }

  expect_failures = [var.fleets]
}

run "refuses_an_empty_key" {
  command = plan

  variables {
    fleets = { "web" = { tags = { "" = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }

  expect_failures = [var.fleets]
}

run "refuses_an_empty_value" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = [""] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }

  expect_failures = [var.fleets]
}

run "refuses_fifty_one_ids" {
  command = plan

  variables {
    fleets = { "web" = { instance_ids = [for number in range(51) : format("i-%08x", number)], target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }

  expect_failures = [var.fleets]
}

run "refuses_an_id_of_a_node_outside_ec2" {
  command = plan

  variables {
    fleets = { "web" = { instance_ids = ["mi-0123456789abcdef0"], target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }

  expect_failures = [var.fleets]
}

run "refuses_an_upper_case_id" {
  command = plan

  variables {
    fleets = { "web" = { instance_ids = ["i-0123456789ABCDEF0"], target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }

  expect_failures = [var.fleets]
}

run "refuses_an_id_of_nine_digits" {
  command = plan

  variables {
    fleets = { "web" = { instance_ids = ["i-012345678"], target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }

  expect_failures = [var.fleets]
}

run "refuses_an_id_twice" {
  command = plan

  variables {
    fleets = { "web" = { instance_ids = ["i-01234567", "i-01234567"], target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }

  expect_failures = [var.fleets]
}

run "refuses_an_arn_of_a_group" {
  command = plan

  variables {
    fleets = { "web" = { resource_group = "arn:aws:resource-groups:us-east-1:123456789012:group/web", target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }

  expect_failures = [var.fleets]
}

run "refuses_an_empty_group" {
  command = plan

  variables {
    fleets = { "web" = { resource_group = "", target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }

  expect_failures = [var.fleets]
}

run "refuses_no_target_group" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = [] } }
  }

  expect_failures = [var.fleets]
}

run "refuses_fifty_one_target_groups" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = [for number in range(51) : format("arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/%016x", number)] } }
  }

  expect_failures = [var.fleets]
}

run "refuses_a_name_of_a_target_group" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = ["web"] } }
  }

  expect_failures = [var.fleets]
}

run "refuses_an_arn_of_a_load_balancer" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/web/0123456789abcdef"] } }
  }

  expect_failures = [var.fleets]
}

run "refuses_an_arn_of_no_partition" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:azure:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }

  expect_failures = [var.fleets]
}

run "refuses_a_target_group_twice" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef", "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] } }
  }

  expect_failures = [var.fleets]
}

run "refuses_a_negative_floor" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"], disruption_budget = { min_healthy = -1 } } }
  }

  expect_failures = [var.fleets]
}

run "refuses_a_floor_of_1001" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"], disruption_budget = { min_healthy = 1001 } } }
  }

  expect_failures = [var.fleets]
}

run "refuses_a_floor_of_one_and_a_half" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"], disruption_budget = { min_healthy = 1.5 } } }
  }

  expect_failures = [var.fleets]
}

run "refuses_a_negative_percentage" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"], disruption_budget = { min_healthy_percent = -1 } } }
  }

  expect_failures = [var.fleets]
}

run "refuses_101_percent" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"], disruption_budget = { min_healthy_percent = 101 } } }
  }

  expect_failures = [var.fleets]
}

run "refuses_a_fraction_of_a_percent" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"], disruption_budget = { min_healthy_percent = 33.3 } } }
  }

  expect_failures = [var.fleets]
}

run "accepts_a_budget_of_999" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"], disruption_budget = { max_unavailable = 999 } } }
  }
}

run "refuses_a_budget_of_nothing" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"], disruption_budget = { max_unavailable = 0 } } }
  }

  expect_failures = [var.fleets]
}

run "refuses_a_budget_of_one_and_a_half" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"], disruption_budget = { max_unavailable = 1.5 } } }
  }

  expect_failures = [var.fleets]
}

run "accepts_rate_control_in_numbers" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"], rate_control = { concurrency = "10", errors = "3" } } }
  }
}

run "accepts_rate_control_in_percent" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"], rate_control = { concurrency = "100%", errors = "0%" } } }
  }
}

run "refuses_a_concurrency_of_nothing" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"], rate_control = { concurrency = "0" } } }
  }

  expect_failures = [var.fleets]
}

run "refuses_a_concurrency_above_all" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"], rate_control = { concurrency = "101%" } } }
  }

  expect_failures = [var.fleets]
}

run "refuses_errors_in_words" {
  command = plan

  variables {
    fleets = { "web" = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"], rate_control = { errors = "none" } } }
  }

  expect_failures = [var.fleets]
}
