locals {
  aws_owned = var.content == null

  # What AWS's document needs so that it runs as our role: the role replaces whatever assumeRole says, and the patterns
  # of its role parameters, which refuse paths, common characters and every partition but aws, take any role ARN.
  _owned         = local.aws_owned ? jsondecode(data.aws_ssm_document.aws_owned[0].content) : null
  _role_pattern  = "^(arn:aws(-[a-z]+)*:iam::[0-9]{12}:role/[\\w+=,.@/-]+||null|empty)$"
  _owned_changes = local.aws_owned ? { assumeRole = var.assume_role_arn, parameters = local._owned_parameters } : null
  _owned_parameters = {
    for name, parameter in try(local._owned.parameters, {}) : name => merge(parameter, {
      for key, pattern in parameter : key => local._role_pattern if key == "allowedPattern" && strcontains(pattern, ":role/")
    })
  }

  template_urls = local.aws_owned ? distinct([
    for step in local._owned.mainSteps : replace(step.inputs.TemplateURL, "/\\{\\{[^}]*\\}\\}/", "*")
    if can(step.inputs.TemplateURL)
  ]) : []

  content = local.aws_owned ? jsonencode(merge(local._owned, local._owned_changes)) : var.content

  parameters = {
    for name, parameter in yamldecode(local.content).parameters : name => {
      type            = parameter.type
      required        = !can(parameter.default)
      allowed_pattern = try(parameter.allowedPattern, null)
    }
  }
}

data "aws_ssm_document" "aws_owned" {
  count = local.aws_owned ? 1 : 0

  name             = "AWSEC2-PatchLoadBalancerInstance"
  document_format  = "JSON"
  document_version = var.aws_owned_version
}

resource "aws_ssm_document" "this" {
  name            = var.name
  document_type   = "Automation"
  document_format = local.aws_owned ? "JSON" : "YAML"
  target_type     = "/AWS::EC2::Instance"
  content         = local.content
  tags            = var.tags

  lifecycle {
    precondition {
      condition     = length(local.content) <= 65536
      error_message = "The document has ${length(local.content)} characters: Systems Manager takes 64 KB."
    }
  }
}
