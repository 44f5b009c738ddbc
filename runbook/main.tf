locals {
  scripts = {
    for name in fileset("${path.module}/scripts", "*.py") :
    trimsuffix(name, ".py") => file("${path.module}/scripts/${name}")
  }

  # Automation cannot compute a time-out, so all of them are integers written in here.
  delivery_seconds = 300 # until the agent must have taken a command
  spare_seconds    = 300 # between the end of a command and the step's own limit
  scan_seconds     = min(var.patching.timeout_seconds, 1800)
  attempt_seconds  = 540 # what the waiting scripts use of the 600 seconds a script may run
  longest_delay    = 3600 + var.drain.propagation_seconds

  # A restart of the count costs AwaitHealthy up to one series of looks in every attempt.
  series_seconds  = var.health.consecutive_looks * var.health.interval_seconds
  healthy_seconds = max(60, local.attempt_seconds - local.series_seconds)

  # Lines without text need no indentation.
  embedded = { for name, text in local.scripts : name => replace(indent(4, chomp(text)), "/\n +\n/", "\n\n") }

  # As long as the command may take, and the host may need to come back after it.
  restore_idle_seconds = var.patching.timeout_seconds + local.delivery_seconds + var.health.timeout_seconds
  healthy_attempts     = ceil(var.health.timeout_seconds / local.healthy_seconds) + 2

  # From Commit on: what an instance that comes back may take, each wait as long as its time-out allows.
  remainder_seconds = sum([
    local.delivery_seconds, var.patching.timeout_seconds, var.health.timeout_seconds, var.health.bake_seconds, local.spare_seconds,
  ])

  # The gates, where there are any, stand before the verdict of the assess runbook and again before the point of no return.
  after_calendar = {
    verdict = length(var.alarms.names) > 0 ? "CheckAlarms" : "PlanDrain"
    commit  = length(var.alarms.names) > 0 ? "CheckAlarmsAgain" : "Commit"
  }
  before = {
    verdict = length(var.change_calendars) > 0 ? "CheckCalendar" : local.after_calendar.verdict
    commit  = length(var.change_calendars) > 0 ? "CheckCalendarAgain" : local.after_calendar.commit
  }

  # The other steps of the restore runbook, on a host that is idle already, have half an hour.
  restore_step_seconds = var.health.timeout_seconds + var.health.bake_seconds + 1800

  scan_step_seconds  = local.scan_seconds + local.delivery_seconds + local.spare_seconds
  probe_step_seconds = 900 # two health checks of 300 seconds, and the delivery

  assess_document = templatefile("${path.module}/assess.yaml.tftpl", {
    scripts = local.embedded

    assume_role_arn  = var.assume_role_arn
    lease_table      = var.lease_table_name
    quiet_document   = var.quiet_document
    drain            = var.drain
    patching         = var.patching
    alarms           = var.alarms
    change_calendars = var.change_calendars

    before         = local.before
    after_calendar = local.after_calendar
    commit_seconds = var.window_seconds - local.remainder_seconds

    delivery_seconds   = local.delivery_seconds
    scan_seconds       = local.scan_seconds
    scan_step_seconds  = local.scan_step_seconds
    probe_step_seconds = local.probe_step_seconds
  })

  # A record that is older is nobody's work any more: the longest drain, patch and way back, and a restoring after it.
  record_seconds = sum([
    local.longest_delay, local.remainder_seconds, local.restore_idle_seconds, local.restore_step_seconds,
  ])

  restore_document = templatefile("${path.module}/restore.yaml.tftpl", {
    scripts = local.embedded

    restore_role_arn = var.restore_role_arn
    restore_document = var.restore_document
    patch_document   = var.patch_document
    name             = var.name
    lease_table      = var.lease_table_name
    health           = var.health

    restore_idle_seconds  = local.restore_idle_seconds
    restore_idle_attempts = ceil(local.restore_idle_seconds / local.attempt_seconds) + 2
    healthy_attempts      = local.healthy_attempts
  })

  # Without a topic there is nobody to tell.
  news_document = var.notification_topic_arn == null ? null : templatefile("${path.module}/news.yaml.tftpl", {
    scripts = local.embedded

    name           = var.name
    news           = var.news
    patch_document = var.patch_document
    lease_table    = var.lease_table_name
    window_seconds = var.window_seconds

    notification_topic_arn = var.notification_topic_arn
  })

  await_quiet_document = templatefile("${path.module}/await-quiet.yaml.tftpl", {
    script = indent(6, chomp(file("${path.module}/host/await_quiet.py")))
  })

  patch_document = templatefile("${path.module}/patch-behind-alb.yaml.tftpl", {
    scripts = local.embedded

    assume_role_arn  = var.assume_role_arn
    lease_table      = var.lease_table_name
    assess_document  = var.assess_document
    restore_document = var.restore_document
    quiet_document   = var.quiet_document
    drain            = var.drain
    health           = var.health
    logs             = var.logs
    patching         = var.patching
    alarms           = var.alarms
    change_calendars = var.change_calendars

    notification_topic_arn = var.notification_topic_arn

    before         = local.before
    after_calendar = local.after_calendar

    delivery_seconds     = local.delivery_seconds
    assess_step_seconds  = 2 * local.scan_step_seconds + local.probe_step_seconds + 1800 # two attempts of the scan, the look, its other steps
    install_step_seconds = var.patching.timeout_seconds + local.delivery_seconds + local.spare_seconds
    quiet_step_seconds   = local.longest_delay + 120
    delay_attempts       = ceil(local.longest_delay / local.attempt_seconds) + 1
    idle_attempts        = ceil(var.health.timeout_seconds / local.attempt_seconds) + 2
    restore_step_seconds = local.restore_step_seconds
  })
}
