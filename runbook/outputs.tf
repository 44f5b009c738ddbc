output "patch_document" {
  description = "The Automation document as YAML text, ending in one newline."
  value       = local.patch_document
}
