output "document_name" {
  description = "Name of the restore document."
  value       = module.document.name
}
