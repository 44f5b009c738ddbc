data "aws_lb_target_group" "web" {
  name = "web"
}

module "alb_patching" {
  source = "../.."

  name     = "web"
  schedule = { expression = "cron(0 3 ? * SUN *)", timezone = "Asia/Tokyo" }
  fleets = {
    web = {
      tags              = { ALB = ["alb01"] }
      target_group_arns = [data.aws_lb_target_group.web.arn]
    }
  }
}
