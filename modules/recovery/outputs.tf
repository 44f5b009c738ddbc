output "document_name" {
  description = "Name of the restore document."
  value       = module.document.name
}

output "document_version" {
  description = "Version of the restore document that holds this content."
  value       = module.document.version
}
