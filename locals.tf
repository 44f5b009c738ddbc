locals {
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.id
  account_id = data.aws_caller_identity.current.account_id

  # Every derived name within its own limit. SSM allows 128 characters. IAM allows 64: 40 of var.name, 9 of "-runbook-"
  # and 15 of the longest region name. IAM is global, so that a call in a second region needs role names of its own.
  names = {
    document         = "${var.name}-alb-patching"
    window           = "${var.name}-alb-patching"
    assess_document  = "${var.name}-alb-assess"
    restore_document = "${var.name}-alb-restore"
    recovery_rule    = "${var.name}-alb-recovery"
    sweep_rule       = "${var.name}-alb-sweep"
    sweep_task       = "${var.name}-alb-sweep"
    dead_letters     = "${var.name}-alb-recovery"
    quiet_document   = "${var.name}-await-quiet"
    automation_role  = "${var.name}-runbook-${local.region}"
    restore_role     = "${var.name}-restore-${local.region}"
    events_role      = "${var.name}-events-${local.region}"
    window_role      = "${var.name}-window-${local.region}"
    news_document    = "${var.name}-alb-news"
    news_rules       = { window = "${var.name}-alb-news-window", restore = "${var.name}-alb-news-restore" }
    news_role        = "${var.name}-news-${local.region}"
    notify_role      = "${var.name}-notify-${local.region}"
    lease_table      = coalesce(var.lease_table_name, "${var.name}-alb-patching")
    fleets           = { for fleet, _ in var.fleets : fleet => "${var.name}-${fleet}" }
  }

  # Written out instead of taken from the resources, so that the document and the policies are known in the first plan.
  _role_arn_prefix    = "arn:${local.partition}:iam::${local.account_id}:role${var.role.path}"
  automation_role_arn = "${local._role_arn_prefix}${local.names.automation_role}"
  restore_role_arn    = "${local._role_arn_prefix}${local.names.restore_role}"
  events_role_arn     = "${local._role_arn_prefix}${local.names.events_role}"
  window_role_arn     = "${local._role_arn_prefix}${local.names.window_role}"
  news_role_arn       = "${local._role_arn_prefix}${local.names.news_role}"
  notify_role_arn     = "${local._role_arn_prefix}${local.names.notify_role}"

  bundled = var.runbook.source == "bundled"

  # How EC2 finds a fleet's instances, to say who was not reached. Members of a resource group it cannot.
  members = {
    for fleet, settings in var.fleets : fleet => concat(
      [for key, values in settings.tags : { Name = "tag:${key}", Values = values }],
      [for ids in [settings.instance_ids] : { Name = "instance-id", Values = ids } if length(ids) > 0],
    )
  }

  # What a window task passes, by runbook. A value has 1 to 512 characters: what is not set is not passed.
  _bundled_parameters = {
    for fleet, settings in var.fleets : fleet => {
      InstanceId        = ["{{RESOURCE_ID}}"]
      MaxUnavailable    = [tostring(settings.disruption_budget.max_unavailable)]
      MinHealthyCount   = [tostring(settings.disruption_budget.min_healthy)]
      MinHealthyPercent = [tostring(settings.disruption_budget.min_healthy_percent)]
      TargetGroupArns   = settings.target_group_arns
      WindowExecutionId = ["{{WINDOW_EXECUTION_ID}}"]
    }
  }
  _aws_owned_parameters = {
    for fleet, _ in var.fleets : fleet => merge(
      { InstanceId = ["{{RESOURCE_ID}}"] },
      { for minutes in var.runbook.drain_minutes[*] : "ConnectionDrainTime" => [tostring(minutes)] },
    )
  }
  task_parameters = {
    for fleet, _ in var.fleets : fleet => {
      for name, values in merge(
        { for name, values in local._bundled_parameters[fleet] : name => values if local.bundled },
        { for name, values in local._aws_owned_parameters[fleet] : name => values if !local.bundled },
      ) : name => values
    }
  }

  deployment = {
    schema     = "alb-patching/deployment/1"
    name       = var.name
    partition  = local.partition
    region     = local.region
    account_id = local.account_id
    document = {
      name            = local.names.document
      version         = module.automation_document.version
      content_sha256  = module.automation_document.content_sha256
      source          = var.runbook.source
      source_version  = module.automation_document.source_version
      source_sha256   = module.automation_document.source_sha256
      parameter_names = keys(module.automation_document.parameters)
    }
    # The other documents of a night: name => SHA-256 of the text. A plan that is refused has no texts.
    companions = !local.bundled ? {} : merge(
      {
        (local.names.assess_document)  = try(sha256(module.runbook.assess_document), "")
        (local.names.restore_document) = try(sha256(module.runbook.restore_document), "")
        (local.names.quiet_document)   = try(sha256(module.runbook.await_quiet_document), "")
      },
      { for topic in var.notification_topic_arn[*] : local.names.news_document => try(sha256(module.runbook.news_document), "") },
    )
    automation_role = { name = local.names.automation_role, arn = local.automation_role_arn }
    window_role     = { name = local.names.window_role, arn = local.window_role_arn }
    lease_table     = local.bundled ? local.names.lease_table : null
    assess_document = local.bundled ? local.names.assess_document : null
    restore = !local.bundled ? null : {
      document = local.names.restore_document
      role     = { name = local.names.restore_role, arn = local.restore_role_arn }
      events = {
        rule       = local.names.recovery_rule
        sweep_rule = var.recovery.sweep_hours > 0 ? local.names.sweep_rule : null
        queue      = local.names.dead_letters
        role       = { name = local.names.events_role, arn = local.events_role_arn }
      }
    }
    news = var.notification_topic_arn == null ? null : {
      topic    = var.notification_topic_arn
      document = local.names.news_document
      role     = { name = local.names.news_role, arn = local.news_role_arn }
      events = {
        rules = local.names.news_rules
        role  = { name = local.names.notify_role, arn = local.notify_role_arn }
      }
    }
    window = merge({ id = module.maintenance_window.id, name = local.names.window }, var.schedule)
    fleets = {
      for fleet, settings in var.fleets : fleet => merge(settings, {
        name      = local.names.fleets[fleet]
        target_id = module.maintenance_window.target_ids[fleet]
        task_id   = module.maintenance_window.task_ids[fleet]
      })
    }
    settings = {
      patching      = var.patching
      drain         = var.drain
      health        = var.health
      logs          = var.logs
      drain_minutes = var.runbook.drain_minutes

      # What the bundled runbook looks at or tells, and somebody else made.
      alarms                 = local.bundled ? var.alarms : null
      change_calendars       = local.bundled ? var.change_calendars : null
      notification_topic_arn = local.bundled ? var.notification_topic_arn : null
    }
  }
}
