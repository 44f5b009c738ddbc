variables {
  name     = "web"
  schedule = { expression = "cron(0 3 ? * SUN *)" }
  fleets = {
    web = { tags = { ALB = ["alb01"] }, target_group_arns = ["arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"] }
  }
}

run "accepts_three_arguments" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * SUN *)" }
  }
}

run "accepts_cron_with_seconds" {
  command = plan

  variables {
    schedule = { expression = "cron(0 0 3 ? * SUN *)" }
  }
}

run "accepts_second_tuesday" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * TUE#2 *)", offset_days = 5 }
  }
}

run "accepts_last_friday" {
  command = plan

  variables {
    schedule = { expression = "cron(30 23 ? * FRIL *)" }
  }
}

run "accepts_last_day_of_the_month" {
  command = plan

  variables {
    schedule = { expression = "cron(0 2 L * ? *)" }
  }
}

run "accepts_weekday_nearest_the_15th" {
  command = plan

  variables {
    schedule = { expression = "cron(0 2 15W * ? *)" }
  }
}

run "accepts_lists_ranges_and_steps" {
  command = plan

  variables {
    schedule = { expression = "cron(0/15 1-3,22 ? JAN-MAR,7 MON-FRI 2026/2)" }
  }
}

run "accepts_every_five_minutes" {
  command = plan

  variables {
    schedule = { expression = "cron(*/5 * * * ? *)" }
  }
}

run "accepts_a_numeric_day" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? 1,4,7,10 1 2026-2030)" }
  }
}

run "accepts_rate_of_one_day" {
  command = plan

  variables {
    schedule = { expression = "rate(1 day)" }
  }
}

run "accepts_rate_of_five_minutes" {
  command = plan

  variables {
    schedule = { expression = "rate(5 minutes)" }
  }
}

run "accepts_rate_of_ten_minutes" {
  command = plan

  variables {
    schedule = { expression = "rate(10 minutes)" }
  }
}

run "accepts_rate_of_twelve_hours" {
  command = plan

  variables {
    schedule = { expression = "rate(12 hours)" }
  }
}

run "accepts_a_single_night" {
  command = plan

  variables {
    schedule = { expression = "at(2028-02-29T03:00:00)" }
  }
}

run "accepts_utc" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * SUN *)", timezone = "UTC" }
  }
}

run "accepts_a_zone_of_three_parts" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * SUN *)", timezone = "America/Argentina/Buenos_Aires" }
  }
}

run "accepts_a_zone_with_a_sign" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * SUN *)", timezone = "Etc/GMT+9" }
  }
}

run "accepts_a_zone_with_hyphens" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * SUN *)", timezone = "America/Port-au-Prince" }
  }
}

run "accepts_the_longest_window" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * SUN *)", duration_hours = 24, cutoff_hours = 23 }
  }
}

run "accepts_the_shortest_window" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * SUN *)", duration_hours = 1, cutoff_hours = 0 }
  }
}

run "accepts_dates" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * SUN *)", start_date = "2026-01-01T00:00:00Z", end_date = "2026-12-31T23:59:59+09:00" }
  }
}

run "accepts_a_disabled_window" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * SUN *)", enabled = false }
  }
}

run "accepts_null_for_a_default" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * SUN *)", timezone = null, duration_hours = null }
  }
}

run "refuses_no_known_form" {
  command = plan

  variables {
    schedule = { expression = "every sunday" }
  }

  expect_failures = [var.schedule]
}

run "refuses_an_empty_expression" {
  command = plan

  variables {
    schedule = { expression = "" }
  }

  expect_failures = [var.schedule]
}

run "refuses_upper_case_keyword" {
  command = plan

  variables {
    schedule = { expression = "CRON(0 3 ? * SUN *)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_five_fields" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * SUN)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_eight_fields" {
  command = plan

  variables {
    schedule = { expression = "cron(0 0 3 ? * SUN * *)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_two_spaces" {
  command = plan

  variables {
    schedule = { expression = "cron(0  3 ? * SUN *)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_minute_60" {
  command = plan

  variables {
    schedule = { expression = "cron(60 3 ? * SUN *)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_hour_24" {
  command = plan

  variables {
    schedule = { expression = "cron(0 24 ? * SUN *)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_day_32" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 32 * ? *)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_day_0" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 0 * ? *)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_month_13" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? 13 SUN *)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_an_unknown_month" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? JUNE SUN *)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_day_of_week_0" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * 0 *)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_an_unknown_day" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * SUNDAY *)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_sixth_tuesday" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * TUE#6 *)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_year_1969" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * SUN 1969)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_nearest_weekday_of_a_weekday" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * 2W *)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_both_days" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 1 * SUN *)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_every_day_twice_said" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 * * * *)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_neither_day" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * ? *)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_every_minute" {
  command = plan

  variables {
    schedule = { expression = "cron(* 3 ? * SUN *)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_every_four_minutes" {
  command = plan

  variables {
    schedule = { expression = "cron(0/4 3 ? * SUN *)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_every_second" {
  command = plan

  variables {
    schedule = { expression = "cron(* 0 3 ? * SUN *)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_a_rate_without_unit" {
  command = plan

  variables {
    schedule = { expression = "rate(7)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_a_singular_of_several" {
  command = plan

  variables {
    schedule = { expression = "rate(7 day)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_a_plural_of_one" {
  command = plan

  variables {
    schedule = { expression = "rate(1 days)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_rate_zero" {
  command = plan

  variables {
    schedule = { expression = "rate(0 days)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_weeks" {
  command = plan

  variables {
    schedule = { expression = "rate(2 weeks)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_rate_of_four_minutes" {
  command = plan

  variables {
    schedule = { expression = "rate(4 minutes)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_rate_of_one_minute" {
  command = plan

  variables {
    schedule = { expression = "rate(1 minute)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_at_without_time" {
  command = plan

  variables {
    schedule = { expression = "at(2026-01-31)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_at_with_a_zone" {
  command = plan

  variables {
    schedule = { expression = "at(2026-01-31T03:00:00Z)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_at_the_30th_of_february" {
  command = plan

  variables {
    schedule = { expression = "at(2026-02-30T03:00:00)" }
  }

  expect_failures = [var.schedule]
}

run "refuses_an_offset_as_zone" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * SUN *)", timezone = "+09:00" }
  }

  expect_failures = [var.schedule]
}

run "refuses_an_empty_zone" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * SUN *)", timezone = "" }
  }

  expect_failures = [var.schedule]
}

run "refuses_a_zone_with_a_space" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * SUN *)", timezone = "Asia/Tokyo " }
  }

  expect_failures = [var.schedule]
}

run "refuses_duration_0" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * SUN *)", duration_hours = 0, cutoff_hours = 0 }
  }

  expect_failures = [var.schedule]
}

run "refuses_duration_25" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * SUN *)", duration_hours = 25 }
  }

  expect_failures = [var.schedule]
}

run "refuses_half_an_hour" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * SUN *)", duration_hours = 1.5 }
  }

  expect_failures = [var.schedule]
}

run "refuses_cutoff_negative" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * SUN *)", cutoff_hours = -1 }
  }

  expect_failures = [var.schedule]
}

run "refuses_cutoff_of_half_an_hour" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * SUN *)", cutoff_hours = 0.5 }
  }

  expect_failures = [var.schedule]
}

run "refuses_cutoff_as_long_as_the_window" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * SUN *)", duration_hours = 2, cutoff_hours = 2 }
  }

  expect_failures = [var.schedule]
}

run "refuses_offset_0" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * SUN *)", offset_days = 0 }
  }

  expect_failures = [var.schedule]
}

run "refuses_offset_7" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * SUN *)", offset_days = 7 }
  }

  expect_failures = [var.schedule]
}

run "refuses_offset_of_a_rate" {
  command = plan

  variables {
    schedule = { expression = "rate(7 days)", offset_days = 1 }
  }

  expect_failures = [var.schedule]
}

run "refuses_start_without_zone" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * SUN *)", start_date = "2026-01-31T00:00:00" }
  }

  expect_failures = [var.schedule]
}

run "refuses_end_without_time" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * SUN *)", end_date = "2026-01-31" }
  }

  expect_failures = [var.schedule]
}

run "refuses_end_before_start" {
  command = plan

  variables {
    schedule = { expression = "cron(0 3 ? * SUN *)", start_date = "2026-02-01T00:00:00Z", end_date = "2026-01-01T00:00:00Z" }
  }

  expect_failures = [var.schedule]
}
