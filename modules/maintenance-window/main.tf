locals {
  # Keys are ANDed, the values of a key are ORed. Lists keep their order in state, so they are sorted here.
  targets = {
    for fleet, settings in var.fleets : fleet => concat(
      [for key, values in settings.tags : { key = "tag:${key}", values = sort(values) }],
      [for ids in [sort(settings.instance_ids)] : { key = "InstanceIds", values = ids } if length(ids) > 0],
      flatten([for group in settings.resource_group[*] : [
        { key = "resource-groups:Name", values = [group] },
        { key = "resource-groups:ResourceTypeFilters", values = ["AWS::EC2::Instance"] },
      ]]),
    )
  }
}

resource "aws_ssm_maintenance_window" "this" {
  name                       = var.name
  description                = "Patches instances behind a load balancer, as many at a time as each fleet allows."
  schedule                   = var.schedule.expression
  schedule_timezone          = var.schedule.timezone
  schedule_offset            = var.schedule.offset_days
  start_date                 = var.schedule.start_date
  end_date                   = var.schedule.end_date
  duration                   = var.schedule.duration_hours
  cutoff                     = var.schedule.cutoff_hours
  enabled                    = var.schedule.enabled
  allow_unassociated_targets = false
  tags                       = var.tags
}

resource "aws_ssm_maintenance_window_target" "fleet" {
  for_each = var.fleets

  window_id     = aws_ssm_maintenance_window.this.id
  name          = each.value.name
  description   = "Instances of fleet ${each.key}."
  resource_type = each.value.resource_group == null ? "INSTANCE" : "RESOURCE_GROUP"

  dynamic "targets" {
    for_each = local.targets[each.key]

    content {
      key    = targets.value.key
      values = targets.value.values
    }
  }
}

resource "aws_ssm_maintenance_window_task" "fleet" {
  for_each = var.fleets

  # A window that opens between apply's steps must not start a runbook that may not run. The role is named by its ARN
  # as written out, so that the task is known in the first plan; this is what orders them.
  depends_on = [aws_iam_role_policy.this]

  window_id        = aws_ssm_maintenance_window.this.id
  name             = each.value.name
  description      = "Patches fleet ${each.key}."
  task_type        = "AUTOMATION"
  task_arn         = var.document.name
  service_role_arn = var.role.arn
  # The same for every fleet: side by side. Not 0, which the provider does not send on create.
  priority        = 10
  max_concurrency = each.value.rate_control.concurrency
  max_errors      = each.value.rate_control.errors
  # The default goes on starting instances after the window's cutoff.
  cutoff_behavior = "CANCEL_TASK"

  targets {
    key    = "WindowTargetIds"
    values = [aws_ssm_maintenance_window_target.fleet[each.key].id]
  }

  task_invocation_parameters {
    automation_parameters {
      document_version = var.document.version

      dynamic "parameter" {
        for_each = each.value.parameters

        content {
          name   = parameter.key
          values = parameter.value
        }
      }
    }
  }

  lifecycle {
    precondition {
      condition     = length(setsubtract(keys(each.value.parameters), keys(var.document.parameters))) == 0
      error_message = "The task passes ${join(", ", setsubtract(keys(each.value.parameters), keys(var.document.parameters)))}, which document ${var.document.name} does not declare: every execution would be refused."
    }

    precondition {
      condition     = length(local.missing_parameters[each.key]) == 0
      error_message = "Document ${var.document.name} requires ${join(", ", local.missing_parameters[each.key])}, which the task does not pass: every execution would be refused."
    }

    precondition {
      condition     = contains(values(each.value.parameters), tolist(["{{RESOURCE_ID}}"]))
      error_message = "No parameter of the task receives {{RESOURCE_ID}}: the runbook would not learn which instance to patch."
    }

    precondition {
      condition     = length(local.refused_values[each.key]) == 0
      error_message = "Document ${var.document.name} does not accept the value of ${join(", ", local.refused_values[each.key])}: it does not match the pattern that the document declares."
    }
  }
}
