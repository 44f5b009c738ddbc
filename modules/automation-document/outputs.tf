output "content_sha256" {
  description = "SHA-256 of the document's text, known at plan time: another value means another runbook."
  value       = sha256(local.content)
}

output "name" {
  description = "Name of the document."
  value       = aws_ssm_document.this.name
}

output "parameters" {
  description = "What the document declares: name => { type, required, allowed_pattern }."
  value       = local.parameters
}

output "source_sha256" {
  description = "SHA-256 of the text of AWS's document that was cloned. Null for the bundled runbook."
  value       = local.aws_owned ? local.upstream.content_sha256 : null
}

output "source_version" {
  description = "Version of AWS's document that was cloned. Null for the bundled runbook."
  value       = local.aws_owned ? data.aws_ssm_document.aws_owned[0].document_version : null
}

output "template_urls" {
  description = "Templates that the steps of AWS's document build stacks of, with * for what the step fills in when it runs."
  value       = local.template_urls
}

output "version" {
  description = "Version of the document that holds this content. Not the default version, which anybody may move."
  value       = aws_ssm_document.this.latest_version
}
