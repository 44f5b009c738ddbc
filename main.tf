data "aws_partition" "current" {}

data "aws_region" "current" {}

data "aws_caller_identity" "current" {}

module "runbook" {
  source = "./runbook"

  name             = var.name
  assume_role_arn  = local.automation_role_arn
  restore_role_arn = local.restore_role_arn
  assess_document  = local.names.assess_document
  restore_document = local.names.restore_document
  patch_document   = local.names.document
  quiet_document   = local.names.quiet_document
  lease_table_name = local.names.lease_table
  patching         = var.patching
  drain            = var.drain
  health           = var.health
  logs             = var.logs
  alarms           = var.alarms
  change_calendars = var.change_calendars
  window_seconds   = var.schedule.duration_hours * 3600

  notification_topic_arn = var.notification_topic_arn
  news = {
    role_arn       = local.news_role_arn
    fleets         = local.members
    cutoff_seconds = var.schedule.cutoff_hours * 3600
  }
}

module "leases" {
  source = "./modules/leases"
  count  = local.bundled ? 1 : 0

  name        = local.names.lease_table
  create      = var.lease_table_name == null
  kms_key_arn = var.kms_key_arn
  tags        = var.tags
}

resource "aws_ssm_document" "await_quiet" {
  count = local.bundled ? 1 : 0

  name            = local.names.quiet_document
  document_type   = "Command"
  document_format = "YAML"
  target_type     = "/AWS::EC2::Instance"
  content         = module.runbook.await_quiet_document
  tags            = var.tags
}

module "automation_document" {
  source = "./modules/automation-document"

  name              = local.names.document
  content           = local.bundled ? module.runbook.patch_document : null
  aws_owned_version = var.runbook.aws_owned_version
  assume_role_arn   = local.automation_role_arn
  tags              = var.tags
}

module "assess_document" {
  source = "./modules/automation-document"
  count  = local.bundled ? 1 : 0

  name            = local.names.assess_document
  content         = module.runbook.assess_document
  assume_role_arn = local.automation_role_arn
  tags            = var.tags
}

module "automation_role" {
  source = "./modules/automation-role"

  name                     = local.names.automation_role
  path                     = var.role.path
  permissions_boundary_arn = var.role.permissions_boundary_arn
  partition                = local.partition
  region                   = local.region
  account_id               = local.account_id
  runbook_source           = var.runbook.source
  template_urls            = module.automation_document.template_urls
  fleets                   = var.fleets
  lease_table_name         = local.names.lease_table
  role_arn                 = local.automation_role_arn
  assess_document          = local.names.assess_document
  quiet_document           = local.bundled ? local.names.quiet_document : null
  restore                  = { document = local.names.restore_document, role_arn = local.restore_role_arn }
  kms_key_arn              = var.kms_key_arn
  alarms                   = length(var.alarms.names) > 0
  change_calendars         = var.change_calendars
  notification_topic_arn   = var.notification_topic_arn
  tags                     = var.tags
}

module "recovery" {
  source = "./modules/recovery"
  count  = local.bundled ? 1 : 0

  depends_on = [module.leases]

  document = { name = local.names.restore_document, content = module.runbook.restore_document }
  role = {
    name                     = local.names.restore_role
    arn                      = local.restore_role_arn
    path                     = var.role.path
    permissions_boundary_arn = var.role.permissions_boundary_arn
  }
  patch_document = local.names.document
  events = {
    rule       = local.names.recovery_rule
    sweep_rule = local.names.sweep_rule
    queue      = local.names.dead_letters
    role       = { name = local.names.events_role, arn = local.events_role_arn }
  }
  sweep_hours            = var.recovery.sweep_hours
  metrics                = { name = var.name, oldest_seconds = module.runbook.record_seconds }
  notification_topic_arn = var.notification_topic_arn
  lease_table_name       = local.names.lease_table
  kms_key_arn            = var.kms_key_arn
  target_group_arns      = distinct(flatten(values(var.fleets)[*].target_group_arns))
  partition              = local.partition
  region                 = local.region
  account_id             = local.account_id
  tags                   = var.tags
}

module "maintenance_window" {
  source = "./modules/maintenance-window"

  # The first night must not begin, and the last one not end, without the permissions of the steps.
  depends_on = [module.assess_document, module.automation_role, module.leases, module.recovery, aws_ssm_document.await_quiet]

  name     = local.names.window
  schedule = var.schedule
  fleets = {
    for fleet, settings in var.fleets : fleet => {
      name           = local.names.fleets[fleet]
      tags           = settings.tags
      instance_ids   = settings.instance_ids
      resource_group = settings.resource_group
      rate_control   = settings.rate_control
      parameters     = local.task_parameters[fleet]
    }
  }
  document = {
    name       = module.automation_document.name
    version    = module.automation_document.version
    parameters = module.automation_document.parameters
  }
  role = {
    name                     = local.names.window_role
    arn                      = local.window_role_arn
    path                     = var.role.path
    permissions_boundary_arn = var.role.permissions_boundary_arn
  }
  sweep            = local.bundled ? { name = local.names.sweep_task, document = local.names.restore_document, version = module.recovery[0].document_version } : null
  passed_role_arns = concat([local.automation_role_arn], local.bundled ? [local.restore_role_arn] : [])
  partition        = local.partition
  region           = local.region
  account_id       = local.account_id
  tags             = var.tags
}

# Validation lets only the bundled runbook have a topic.
module "news" {
  source = "./modules/news"
  count  = var.notification_topic_arn == null ? 0 : 1

  document = { name = local.names.news_document, content = module.runbook.news_document }
  role = {
    name                     = local.names.news_role
    arn                      = local.news_role_arn
    path                     = var.role.path
    permissions_boundary_arn = var.role.permissions_boundary_arn
  }
  events = {
    rules = local.names.news_rules
    role  = { name = local.names.notify_role, arn = local.notify_role_arn }
  }
  topic_arn        = var.notification_topic_arn
  restore_document = local.names.restore_document
  unhappy_ends     = module.recovery[0].unhappy_ends
  window_id        = module.maintenance_window.id
  lease_table_name = local.names.lease_table
  kms_key_arn      = var.kms_key_arn
  partition        = local.partition
  region           = local.region
  account_id       = local.account_id
  tags             = var.tags
}

# The record by which albpatch recognises a call in a plan or a state, under any module path.
resource "terraform_data" "deployment" {
  input = local.deployment

  lifecycle {
    precondition {
      condition = alltrue([
        for arn in flatten(values(var.fleets)[*].target_group_arns) : split(":", arn)[3] == local.region
      ])
      error_message = "A target group lies in another region than ${local.region}: a maintenance window and its runbook act in one region, so call the module once per region."
    }

    precondition {
      condition     = alltrue([for arn in var.notification_topic_arn[*] : startswith(arn, "arn:${local.partition}:sns:${local.region}:${local.account_id}:")])
      error_message = "The topic ${coalesce(var.notification_topic_arn, "-")} is not in region ${local.region} of account ${local.account_id}: its policy and region would have to let the runbook publish, which this module cannot see to."
    }

    precondition {
      condition     = !local.bundled || try(var.schedule.duration_hours * 3600 >= module.runbook.needed_seconds, true)
      error_message = "The window is open for ${var.schedule.duration_hours * 3600} seconds, and an instance may need ${try(module.runbook.needed_seconds, 0)} until it is back: none would ever be patched. Lengthen schedule.duration_hours, or shorten the time-outs of patching and health."
    }
  }
}
