output "deployment" {
  description = "All that albpatch needs to find and check what this call made: names, ARNs and ids of document, roles, window, targets and tasks, and the settings in force. Re-export it from the root module."
  value       = local.deployment

  depends_on = [terraform_data.deployment]
}
