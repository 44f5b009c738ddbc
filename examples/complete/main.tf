provider "aws" {
  region = var.region
}

data "aws_lb_target_group" "web" {
  name = "web"
}

module "alb_patching" {
  source = "../.."

  name = "web"

  schedule = {
    expression     = "cron(0 3 ? * TUE#2 *)"
    timezone       = "Asia/Tokyo"
    duration_hours = 4
    cutoff_hours   = 1
    offset_days    = 5
    start_date     = "2026-01-01T00:00:00+09:00"
    end_date       = "2036-01-01T00:00:00+09:00"
    enabled        = true
  }

  fleets = {
    web = {
      tags              = { ALB = ["alb01"] }
      target_group_arns = [data.aws_lb_target_group.web.arn]
      disruption_budget = {
        max_unavailable     = 1
        min_healthy         = 2
        min_healthy_percent = 50
      }
      rate_control = {
        concurrency = "1"
        errors      = "0"
      }
    }
  }

  patching = {
    reboot_option        = "RebootIfNeeded"
    baseline_override    = null
    skip_when_compliant  = true
    scan_max_age_minutes = 0
    timeout_seconds      = 1800
  }

  drain = {
    propagation_seconds = 30
  }

  health = {
    consecutive_looks = 2
    interval_seconds  = 10
    timeout_seconds   = 900
    bake_seconds      = 0
  }

  logs = {
    cloudwatch_log_group_name = "/alb-patching/web"
    s3_bucket_name            = null
    s3_key_prefix             = null
  }

  alarms = {
    names             = ["web-5xx"]
    insufficient_data = "allow"
  }
  change_calendars       = ["holidays"]
  notification_topic_arn = var.notification_topic_arn

  runbook = {
    source = "bundled"
  }

  recovery = {
    sweep_hours = 6
  }

  lease_table_name = null
  kms_key_arn      = null

  role = {
    path                     = "/patching/"
    permissions_boundary_arn = var.permissions_boundary_arn
  }

  tags = { Service = "web" }
}
