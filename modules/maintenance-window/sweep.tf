# Before the first fleet: what an earlier night left out is put back, or its record defers the instance.
resource "aws_ssm_maintenance_window_task" "sweep" {
  count = var.sweep == null ? 0 : 1

  depends_on = [aws_iam_role_policy.this]

  window_id        = aws_ssm_maintenance_window.this.id
  name             = var.sweep.name
  description      = "Starts the restoring of every instance that an execution left out."
  task_type        = "AUTOMATION"
  task_arn         = var.sweep.document
  service_role_arn = var.role.arn
  # Lower than the fleets', and not 0, which the provider does not send on create. Without targets there are no rates.
  priority        = 5
  cutoff_behavior = "CANCEL_TASK"

  task_invocation_parameters {
    automation_parameters {
      document_version = var.sweep.version

      parameter {
        name   = "Action"
        values = ["restore"]
      }
    }
  }
}
