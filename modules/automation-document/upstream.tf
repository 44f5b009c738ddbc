# AWS edits its document now and then. What was cloned is remembered here, until aws_owned_version is set to another
# value (or `terraform apply -replace` of this resource says that the new document has been read).
locals {
  # Pinned, the document of the day is read as well; not pinned, the clone follows it.
  _upstream = local.aws_owned ? try(data.aws_ssm_document.current[0], data.aws_ssm_document.aws_owned[0]) : null
  upstream = !local.aws_owned ? null : {
    version        = data.aws_ssm_document.aws_owned[0].document_version
    content_sha256 = sha256(data.aws_ssm_document.aws_owned[0].content)
    steps          = { for step in local._owned.mainSteps : step.name => sha256(jsonencode(step)) }
  }
  _upstream_steps = {
    for step in try(jsondecode(local._upstream.content).mainSteps, []) : step.name => sha256(jsonencode(step))
  }
  _known_steps = try(terraform_data.upstream[0].input.steps, {})
  upstream_changes = concat(
    [for name, _ in local._upstream_steps : "step ${name} added" if !contains(keys(local._known_steps), name)],
    [for name, _ in local._known_steps : "step ${name} removed" if !contains(keys(local._upstream_steps), name)],
    [for name, sum in local._upstream_steps : "step ${name} changed" if try(local._known_steps[name] != sum, false)],
  )
}

data "aws_ssm_document" "current" {
  count = local.aws_owned && var.aws_owned_version != null ? 1 : 0

  name            = "AWSEC2-PatchLoadBalancerInstance"
  document_format = "JSON"
}

resource "terraform_data" "upstream" {
  count = local.aws_owned ? 1 : 0

  input            = local.upstream
  triggers_replace = [var.aws_owned_version]

  lifecycle {
    ignore_changes = [input]
  }
}

check "aws_owned_document_unchanged" {
  assert {
    condition     = local.aws_owned ? sha256(local._upstream.content) == terraform_data.upstream[0].input.content_sha256 : true
    error_message = "AWS has changed AWSEC2-PatchLoadBalancerInstance since version ${coalesce(try(terraform_data.upstream[0].input.version, null), "?")} was cloned: version ${coalesce(try(local._upstream.document_version, null), "?")} is its default now, ${length(local.upstream_changes) > 0 ? join(", ", local.upstream_changes) : "with the same steps"}. Read the difference, rehearse it, then set runbook.aws_owned_version to the version that you want."
  }
}
