output "patch_document" {
  description = "The Automation document as YAML text, ending in one newline."
  value       = local.patch_document
}

output "restore_document" {
  description = "The Automation document that puts back what an execution left out, as YAML text, ending in one newline."
  value       = local.restore_document
}
