output "assess_document" {
  description = "The Automation document that tells whether an instance has something to install and may be patched, as YAML text."
  value       = local.assess_document
}

output "await_quiet_document" {
  description = "The Command document that looks on the host for connections of the load balancer, as YAML text."
  value       = local.await_quiet_document
}

output "needed_seconds" {
  description = "What an instance may take from its deregistration until it is back, with the least deregistration delay."
  value       = local.remainder_seconds + var.drain.propagation_seconds
}

output "news_document" {
  description = "The Automation document that tells the topic, as YAML text, ending in one newline. Null without a topic."
  value       = local.news_document
}

output "patch_document" {
  description = "The Automation document as YAML text, ending in one newline."
  value       = local.patch_document
}

output "record_seconds" {
  description = "How old a record may become while an execution works on it, or on its restoring."
  value       = local.record_seconds
}

output "restore_document" {
  description = "The Automation document that puts back what an execution left out, as YAML text, ending in one newline."
  value       = local.restore_document
}
