# The configuration of the tested nights. The target groups' ARNs are replaced by those of the night's region.
terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.60, < 7.0"
    }
  }
}

provider "aws" {}

variable "runbook_source" {
  type    = string
  default = "bundled"
}

variable "gates" {
  type    = bool
  default = false
}

locals {
  target_group = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup"
}

module "alb_patching" {
  source = "../../.."

  name    = "nights"
  runbook = { source = var.runbook_source }
  alarms  = { names = var.gates ? ["errors", "service"] : [] }

  change_calendars       = var.gates ? ["holidays"] : []
  notification_topic_arn = var.gates ? "arn:aws:sns:us-east-1:123456789012:patching" : null

  schedule = { expression = "cron(0 3 ? * SUN *)", timezone = "Asia/Tokyo" }
  fleets = {
    web = {
      tags              = { Fleet = ["web"] }
      target_group_arns = ["${local.target_group}/web/0000000000000001"]
    }
    many = {
      tags = { Fleet = ["many"] }
      target_group_arns = [
        "${local.target_group}/api/0000000000000002",
        "${local.target_group}/admin/0000000000000003",
      ]
    }
  }
}
