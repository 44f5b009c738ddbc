output "document_name" {
  description = "Name of the restore document."
  value       = module.document.name
}

output "document_version" {
  description = "Version of the restore document that holds this content."
  value       = module.document.version
}

output "unhappy_ends" {
  description = "Pattern of the statuses with which an execution ends other than well, as event rules take it."
  value       = local.unhappy_ends
}
