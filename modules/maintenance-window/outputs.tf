output "id" {
  description = "Id of the window."
  value       = aws_ssm_maintenance_window.this.id
}

output "target_ids" {
  description = "Fleet => id of its window target."
  value       = { for fleet, target in aws_ssm_maintenance_window_target.fleet : fleet => target.id }
}

output "task_ids" {
  description = "Fleet => id of its window task."
  value       = { for fleet, task in aws_ssm_maintenance_window_task.fleet : fleet => task.window_task_id }
}
