output "patch_document" {
  description = "The Automation document as YAML text, ending in one newline."
  value       = local.patch_document
}

output "restore_document" {
  description = "The Automation document that puts back what an execution left out, as YAML text, ending in one newline."
  value       = local.restore_document
}

output "patch_parameters" {
  description = "The parameters that the document declares: name => { type, required, allowed_pattern (null if it has none) }."
  value = {
    for name, declared in yamldecode(local.patch_document).parameters : name => {
      type            = declared.type
      required        = !contains(keys(declared), "default")
      allowed_pattern = try(declared.allowedPattern, null)
    }
  }
}
