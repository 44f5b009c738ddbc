output "deployment" {
  description = "What the module made, for albpatch."
  value       = module.alb_patching.deployment
}
