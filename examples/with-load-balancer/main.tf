provider "aws" {
  region = var.region
}

module "alb_patching" {
  source = "../.."

  name     = var.name
  schedule = { expression = "cron(0 3 ? * SUN *)", timezone = "Asia/Tokyo" }
  fleets = {
    web = {
      tags              = { ALB = [var.name] }
      target_group_arns = [aws_lb_target_group.web.arn]
    }
  }
}
