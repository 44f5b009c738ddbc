variable "alarms" {
  description = "CloudWatch alarms, metric or composite, that speak against patching: while one of names is in ALARM no instance is taken out, and one that was is put back unpatched. insufficient_data: allow, or stop to treat an alarm without data alike. An alarm that does not exist stops the roll."
  type = object({
    names             = optional(list(string), [])
    insufficient_data = optional(string, "allow")
  })
  default  = {}
  nullable = false

  validation {
    condition     = length(var.alarms.names) <= 20
    error_message = "alarms.names must have at most 20 entries: they stand in the runbook, which has 64 KB. Put more behind a composite alarm."
  }

  validation {
    condition     = alltrue([for name in var.alarms.names : can(regex("^[!-~]([ -~]{0,253}[!-~])?$", name))])
    error_message = "Every entry of alarms.names must be the name of an alarm, 1 to 255 ASCII characters without a space at either end, which is CloudWatch's limit."
  }

  validation {
    condition     = alltrue([for name in var.alarms.names : !startswith(name, "arn:") && !strcontains(name, "{{")])
    error_message = "No entry of alarms.names may be an ARN or hold {{: DescribeAlarms takes names, and Automation takes double braces for a reference."
  }

  validation {
    condition     = length(distinct(var.alarms.names)) == length(var.alarms.names)
    error_message = "An alarm must stand only once in alarms.names: the second time says nothing new."
  }

  validation {
    condition     = contains(["allow", "stop"], var.alarms.insufficient_data)
    error_message = "alarms.insufficient_data must be allow or stop: an alarm without data either speaks against patching or does not."
  }

  validation {
    condition     = length(var.alarms.names) == 0 ? true : var.runbook.source == "bundled"
    error_message = "alarms needs runbook.source = \"bundled\": AWS's runbook looks at no alarm."
  }
}

variable "change_calendars" {
  description = "Change calendars of Systems Manager, by name, or by ARN where another account shares them: while one is closed no instance is taken out, and one that was is put back unpatched."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.change_calendars) <= 10
    error_message = "change_calendars must have at most 10 entries: they stand in the runbook, which has 64 KB."
  }

  validation {
    condition = alltrue([
      for name in var.change_calendars : can(regex("^(arn:aws(-[a-z]+)*:ssm:[a-z0-9-]+:[0-9]{12}:document/)?[A-Za-z0-9_.-]{3,128}$", name))
    ])
    error_message = "Every entry of change_calendars must be the name of a calendar, 3 to 128 letters, digits, dots, hyphens or underscores, or its ARN: GetCalendarState takes nothing else."
  }

  validation {
    condition     = length(distinct(var.change_calendars)) == length(var.change_calendars)
    error_message = "A calendar must stand only once in change_calendars: the second time says nothing new."
  }

  validation {
    condition     = length(var.change_calendars) == 0 ? true : var.runbook.source == "bundled"
    error_message = "change_calendars needs runbook.source = \"bundled\": AWS's runbook looks at no calendar."
  }
}

variable "drain" {
  description = "How long an instance that was taken out is left alone. wait_for: quiet_or_delay ends the drain as soon as a Linux host that is known to show the load balancer's connections has had none for quiet_seconds, delay waits for the deregistration delay in any case. propagation_seconds: the least time between deregistration and reboot, whatever either says."
  type = object({
    wait_for            = optional(string, "quiet_or_delay")
    propagation_seconds = optional(number, 30)
    quiet_seconds       = optional(number, 20)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.drain.propagation_seconds >= 30
    error_message = "drain.propagation_seconds must be at least 30: a load balancer goes on sending for up to 25 seconds after a deregistration, whatever the deregistration delay."
  }

  validation {
    condition     = var.drain.propagation_seconds <= 3600
    error_message = "drain.propagation_seconds must be at most 3600: ELB knows no longer deregistration delay."
  }

  validation {
    condition     = floor(var.drain.propagation_seconds) == var.drain.propagation_seconds
    error_message = "drain.propagation_seconds must be a whole number: Automation takes whole seconds."
  }

  validation {
    condition     = contains(["quiet_or_delay", "delay"], var.drain.wait_for)
    error_message = "drain.wait_for must be quiet_or_delay or delay: nothing else tells when an instance has finished."
  }

  validation {
    condition     = var.drain.quiet_seconds >= 10
    error_message = "drain.quiet_seconds must be at least 10: fewer seconds are too few looks."
  }

  validation {
    condition     = var.drain.quiet_seconds <= 3600
    error_message = "drain.quiet_seconds must be at most 3600: by then every deregistration delay is over."
  }

  validation {
    condition     = floor(var.drain.quiet_seconds) == var.drain.quiet_seconds
    error_message = "drain.quiet_seconds must be a whole number: Run Command takes whole seconds."
  }
}

variable "fleets" {
  description = "Fleet name => the instances to patch, named in exactly one way (tags, keys ANDed and values ORed; instance_ids; resource_group), the target groups they serve in, and how much capacity must stay: min_healthy targets and min_healthy_percent of what is registered, with at most max_unavailable instances out of a target group, whoever took them out. Fleets are patched side by side, a fleet with rate_control.concurrency executions at a time, until rate_control.errors of them have failed."
  type = map(object({
    target_group_arns = list(string)
    tags              = optional(map(list(string)), {})
    instance_ids      = optional(list(string), [])
    resource_group    = optional(string)
    disruption_budget = optional(object({
      max_unavailable     = optional(number, 1)
      min_healthy         = optional(number, 1)
      min_healthy_percent = optional(number, 50)
    }), {})
    rate_control = optional(object({
      concurrency = optional(string, "1")
      errors      = optional(string, "0")
    }), {})
  }))
  nullable = false

  validation {
    condition     = length(var.fleets) >= 1
    error_message = "fleets must name at least one fleet: a window without a task patches nothing."
  }

  validation {
    condition     = length(var.fleets) <= 19
    error_message = "fleets must name at most 19: a maintenance window holds 20 tasks, a fleet is one, and one is kept free for the module's own."
  }

  validation {
    condition     = alltrue([for fleet, _ in var.fleets : can(regex("^[A-Za-z0-9._-]{1,40}$", fleet))])
    error_message = "A fleet's name must have 1 to 40 letters, digits, dots, hyphens or underscores: it ends the names of its window target and task."
  }

  validation {
    condition = alltrue([
      for fleet in values(var.fleets) :
      length([for way in [length(fleet.tags) > 0, length(fleet.instance_ids) > 0, fleet.resource_group != null] : way if way]) == 1
    ])
    error_message = "Every fleet must name its instances in exactly one way, tags, instance_ids or resource_group: a window target takes no mixture."
  }

  validation {
    condition     = alltrue([for fleet in values(var.fleets) : length(fleet.tags) <= 5])
    error_message = "A fleet's tags must have at most 5 keys: a window target takes 5 key and value pairs."
  }

  validation {
    condition = alltrue(flatten([
      for fleet in values(var.fleets) : [for tag_values in values(fleet.tags) : try(length(tag_values), 0) >= 1]
    ]))
    error_message = "Every key of a fleet's tags must have at least one value: an empty list matches no instance."
  }

  validation {
    condition = alltrue(flatten([
      for fleet in values(var.fleets) : [for tag_values in values(fleet.tags) : try(length(tag_values), 0) <= 50]
    ]))
    error_message = "A key of a fleet's tags must have at most 50 values: a window target takes no more."
  }

  validation {
    condition = alltrue(flatten([
      for fleet in values(var.fleets) : [for key, _ in fleet.tags : can(regex("^.{1,128}$", key))]
    ]))
    error_message = "A tag key of a fleet must have 1 to 128 characters, which is EC2's limit."
  }

  validation {
    condition = alltrue(flatten([
      for fleet in values(var.fleets) : [
        for tag_values in values(fleet.tags) : [for value in coalesce(tag_values, []) : can(regex("^.{1,256}$", value))]
      ]
    ]))
    error_message = "A tag value of a fleet must have 1 to 256 characters, which is EC2's limit; a window target takes no empty value."
  }

  validation {
    condition     = alltrue([for fleet in values(var.fleets) : length(fleet.instance_ids) <= 50])
    error_message = "A fleet's instance_ids must have at most 50 entries: a window target takes no more. Name a larger fleet by a tag."
  }

  validation {
    condition = alltrue(flatten([
      for fleet in values(var.fleets) : [
        for id in fleet.instance_ids : can(regex("^i-([0-9a-f]{8}|[0-9a-f]{17})$", id))
      ]
    ]))
    error_message = "Every entry of instance_ids must be an EC2 instance id, i- and 8 or 17 hexadecimal digits: the runbook refuses others, such as mi- of managed nodes outside EC2."
  }

  validation {
    condition     = alltrue([for fleet in values(var.fleets) : length(distinct(fleet.instance_ids)) == length(fleet.instance_ids)])
    error_message = "An instance must stand only once in a fleet's instance_ids: it would be patched twice."
  }

  validation {
    condition = alltrue(flatten([
      for fleet in values(var.fleets) : [
        for group in fleet.resource_group[*] : can(regex("^[A-Za-z0-9_.-]{1,128}$", group))
      ]
    ]))
    error_message = "A fleet's resource_group must be the name of a resource group, 1 to 128 letters, digits, dots, hyphens or underscores, not an ARN: a window target finds groups by name."
  }

  validation {
    condition     = alltrue([for fleet in values(var.fleets) : length(fleet.target_group_arns) >= 1])
    error_message = "Every fleet must name at least one target group: a fleet behind no load balancer needs no drain, and plain Patch Manager patches it."
  }

  validation {
    condition     = alltrue([for fleet in values(var.fleets) : length(fleet.target_group_arns) <= 50])
    error_message = "A fleet must name at most 50 target groups: a parameter of a window task takes 50 values."
  }

  validation {
    condition = alltrue(flatten([
      for fleet in values(var.fleets) : [
        for arn in fleet.target_group_arns : can(regex("^arn:aws(-[a-z]+)*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:targetgroup/[A-Za-z0-9-]{1,32}/[0-9a-f]{16}$", arn))
      ]
    ]))
    error_message = "Every entry of target_group_arns must be the ARN of a target group, such as arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef: the runbook finds no target by a name or by a load balancer's ARN."
  }

  validation {
    condition = alltrue([
      for fleet in values(var.fleets) : length(distinct(fleet.target_group_arns)) == length(fleet.target_group_arns)
    ])
    error_message = "A target group must stand only once in a fleet's target_group_arns: its capacity would be counted twice."
  }

  validation {
    condition = alltrue([
      for fleet in values(var.fleets) :
      fleet.disruption_budget.min_healthy >= 0 && fleet.disruption_budget.min_healthy <= 1000
    ])
    error_message = "disruption_budget.min_healthy must be 0 to 1000: a target group holds 1000 targets."
  }

  validation {
    condition = alltrue([
      for fleet in values(var.fleets) :
      floor(fleet.disruption_budget.min_healthy) == fleet.disruption_budget.min_healthy
    ])
    error_message = "disruption_budget.min_healthy must be a whole number: it counts targets."
  }

  validation {
    condition = alltrue([
      for fleet in values(var.fleets) :
      fleet.disruption_budget.min_healthy_percent >= 0 && fleet.disruption_budget.min_healthy_percent <= 100
    ])
    error_message = "disruption_budget.min_healthy_percent must be 0 to 100: it is a share of the registered targets."
  }

  validation {
    condition = alltrue([
      for fleet in values(var.fleets) :
      floor(fleet.disruption_budget.min_healthy_percent) == fleet.disruption_budget.min_healthy_percent
    ])
    error_message = "disruption_budget.min_healthy_percent must be a whole number: the runbook's parameter takes no fraction."
  }

  validation {
    condition = alltrue([
      for fleet in values(var.fleets) :
      fleet.disruption_budget.max_unavailable >= 1 && fleet.disruption_budget.max_unavailable <= 999
    ])
    error_message = "disruption_budget.max_unavailable must be 1 to 999: with 0 no instance could ever be patched, and a target group holds 1000 targets."
  }

  validation {
    condition = alltrue([
      for fleet in values(var.fleets) :
      floor(fleet.disruption_budget.max_unavailable) == fleet.disruption_budget.max_unavailable
    ])
    error_message = "disruption_budget.max_unavailable must be a whole number: it counts instances."
  }

  validation {
    condition = alltrue([
      for fleet in values(var.fleets) : can(regex("^([1-9][0-9]{0,6}|[1-9][0-9]?%|100%)$", fleet.rate_control.concurrency))
    ])
    error_message = "A fleet's rate_control.concurrency must be a number from 1 or a percentage from 1% to 100%, as a maintenance window takes it: with 0 nothing would ever start."
  }

  validation {
    condition = alltrue([
      for fleet in values(var.fleets) : can(regex("^([0-9]{1,7}|[0-9][0-9]?%|100%)$", fleet.rate_control.errors))
    ])
    error_message = "A fleet's rate_control.errors must be a number from 0 or a percentage from 0% to 100%: a maintenance window takes nothing else."
  }
}

variable "health" {
  description = "When an instance that was put back counts as serving again: consecutive_looks healthy looks in a row, interval_seconds apart, within timeout_seconds, and then bake_seconds more before the next instance."
  type = object({
    consecutive_looks = optional(number, 3)
    interval_seconds  = optional(number, 15)
    timeout_seconds   = optional(number, 1800)
    bake_seconds      = optional(number, 0)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.health.consecutive_looks >= 1 && var.health.consecutive_looks <= 10
    error_message = "health.consecutive_looks must be 1 to 10: a load balancer calls a target healthy after its first passed check, and 10 is ELB's own largest threshold."
  }

  validation {
    condition     = var.health.interval_seconds >= 5 && var.health.interval_seconds <= 300
    error_message = "health.interval_seconds must be 5 to 300: looking more often than ELB checks shows nothing new and meets API throttling."
  }

  validation {
    condition     = var.health.timeout_seconds >= 60 && var.health.timeout_seconds <= 21600
    error_message = "health.timeout_seconds must be 60 to 21600: less than a minute is no time for an application to start, and after six hours nobody waits."
  }

  validation {
    condition     = var.health.bake_seconds >= 0 && var.health.bake_seconds <= 3600
    error_message = "health.bake_seconds must be 0 to 3600: every instance of the fleet bakes for so long, and the window has to hold them all."
  }

  validation {
    condition     = var.health.consecutive_looks * var.health.interval_seconds < var.health.timeout_seconds
    error_message = "health.timeout_seconds must be more than consecutive_looks x interval_seconds: otherwise no instance can pass."
  }

  validation {
    condition     = var.health.consecutive_looks * var.health.interval_seconds <= 480
    error_message = "health.consecutive_looks x interval_seconds must be at most 480: a script of a runbook may run for 600 seconds, and one run has to see the whole series of looks."
  }

  validation {
    condition     = alltrue([for number in values(var.health) : floor(number) == number])
    error_message = "The members of health must be whole numbers: Automation takes whole seconds."
  }
}

variable "kms_key_arn" {
  description = "KMS key that encrypts the lease table. Without one DynamoDB encrypts it with a key of its own. For an existing table (lease_table_name) the key that it has, so that the runbook may use it."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null ? true : can(regex("^arn:aws(-[a-z]+)*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{1,128}$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, such as arn:aws:kms:us-east-1:123456789012:key/ and its id: the runbook's role is allowed this one key."
  }
}

variable "lease_table_name" {
  description = "Name of an existing DynamoDB table for leases, records and rolls, with the hash key Id (a string). Calls of the module that share target groups share one table: with two tables they do not know of each other. Without it the call makes a table of its own, named after name."
  type        = string
  default     = null

  validation {
    condition     = var.lease_table_name == null ? true : can(regex("^[A-Za-z0-9_.-]{3,255}$", var.lease_table_name))
    error_message = "lease_table_name must have 3 to 255 letters, digits, dots, hyphens or underscores, not an ARN: that is DynamoDB's limit for a table's name."
  }

  validation {
    condition     = var.lease_table_name == null ? true : var.runbook.source == "bundled"
    error_message = "lease_table_name needs runbook.source = \"bundled\": AWS's runbook keeps no leases."
  }
}

variable "logs" {
  description = "Where the output of the patch command goes: cloudwatch_log_group_name, s3_bucket_name and s3_key_prefix. Written by the instance, so its instance profile needs the permission. Without it Systems Manager keeps the first 48,000 characters."
  type = object({
    cloudwatch_log_group_name = optional(string)
    s3_bucket_name            = optional(string)
    s3_key_prefix             = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for name in var.logs.cloudwatch_log_group_name[*] : can(regex("^[A-Za-z0-9_./#-]{1,512}$", name))
    ])
    error_message = "logs.cloudwatch_log_group_name must have 1 to 512 letters, digits or characters of ._/#-: CloudWatch Logs takes no others."
  }

  validation {
    condition = alltrue([
      for name in var.logs.s3_bucket_name[*] : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", name))
    ])
    error_message = "logs.s3_bucket_name must be the name of a bucket, 3 to 63 lower case letters, digits, dots or hyphens, not a URL: Run Command takes the name."
  }

  validation {
    condition     = alltrue([for prefix in var.logs.s3_key_prefix[*] : can(regex("^[^/].{0,499}$", prefix))])
    error_message = "logs.s3_key_prefix must have 1 to 500 characters and not begin with a slash, which is Run Command's limit."
  }

  validation {
    condition     = var.logs.s3_key_prefix == null ? true : var.logs.s3_bucket_name != null
    error_message = "logs.s3_key_prefix needs logs.s3_bucket_name: a prefix alone names no place."
  }
}

variable "name" {
  description = "Name of this call. Every name it creates begins with it: document, window, targets, tasks, roles."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.name) >= 3
    error_message = "name must have at least 3 characters: Systems Manager's limit for names of documents and windows."
  }

  validation {
    condition     = length(var.name) <= 40
    error_message = "name must have at most 40 characters: with suffix and region the names of the roles then stay within IAM's 64."
  }

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]*$", var.name))
    error_message = "name must consist of letters, digits, dots, hyphens and underscores: Systems Manager takes no others."
  }

  validation {
    condition     = !can(regex("^(?i)(aws|amazon|amzn)", var.name))
    error_message = "name must not begin with aws, amazon or amzn: Systems Manager keeps these for AWS's own documents."
  }
}

variable "notification_topic_arn" {
  description = "SNS topic that hears, in words, of a roll when it begins and when it ends, and at once of an execution or a restoring that failed: what happened, where the instance is now, and which execution it was. In this account and region. The plan must know that there is one: for a topic of the same apply write the ARN out. An encrypted topic needs a customer managed key whose policy lets the roles NAME-runbook-REGION and NAME-news-REGION, and CloudWatch for the alarms, use it."
  type        = string
  default     = null

  validation {
    condition     = var.notification_topic_arn == null ? true : can(regex("^arn:aws(-[a-z]+)*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$", var.notification_topic_arn))
    error_message = "notification_topic_arn must be the ARN of a standard topic, such as arn:aws:sns:us-east-1:123456789012:patching, not a name or a subscription: Publish takes nothing else."
  }

  validation {
    condition     = var.notification_topic_arn == null ? true : var.runbook.source == "bundled"
    error_message = "notification_topic_arn needs runbook.source = \"bundled\": AWS's runbook tells nobody."
  }
}

variable "patching" {
  description = "What is installed and how. reboot_option: RebootIfNeeded or NoReboot. baseline_override: https or s3 URL of patch baselines in JSON. skip_when_compliant: leave an instance with nothing to install in rotation. scan_max_age_minutes: believe a scan that young instead of scanning. timeout_seconds: longest installation, reboots included."
  type = object({
    reboot_option        = optional(string, "RebootIfNeeded")
    baseline_override    = optional(string)
    skip_when_compliant  = optional(bool, true)
    scan_max_age_minutes = optional(number, 0)
    timeout_seconds      = optional(number, 3600)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["RebootIfNeeded", "NoReboot"], var.patching.reboot_option)
    error_message = "patching.reboot_option must be RebootIfNeeded or NoReboot: AWS-RunPatchBaseline knows no other."
  }

  validation {
    condition     = alltrue([for url in var.patching.baseline_override[*] : can(regex("^(https|s3)://\\S{1,500}$", url))])
    error_message = "patching.baseline_override must be an https or s3 URL without spaces: AWS-RunPatchBaseline downloads it."
  }

  validation {
    condition     = var.patching.scan_max_age_minutes >= 0 && var.patching.scan_max_age_minutes <= 10080
    error_message = "patching.scan_max_age_minutes must be 0 (always scan) to 10080: a scan older than a week says nothing about today."
  }

  validation {
    condition     = floor(var.patching.scan_max_age_minutes) == var.patching.scan_max_age_minutes
    error_message = "patching.scan_max_age_minutes must be a whole number: the runbook counts whole minutes."
  }

  validation {
    condition     = var.patching.timeout_seconds >= 60 && var.patching.timeout_seconds <= 36000
    error_message = "patching.timeout_seconds must be 60 to 36000, the limit of AWS-RunPatchBaseline's StepTimeoutSeconds."
  }

  validation {
    condition     = floor(var.patching.timeout_seconds) == var.patching.timeout_seconds
    error_message = "patching.timeout_seconds must be a whole number: Automation takes whole seconds."
  }
}

variable "recovery" {
  description = "How often the standing sweep looks for instances that a dead execution left out, in hours, 0 for never; every window begins with a sweep as well. Of four steps, two of them scripts of some 2 seconds, a sweep costs about 0.008 USD (4 x 0.002 and 4 x 0.00003), every 6 hours about 1 USD a month (122 sweeps); what it measures, two metrics and an alarm, is another 0.70 USD a month (2 x 0.30 and 0.10); without any free tier and by prices of secondary sources."
  type = object({
    sweep_hours = optional(number, 6)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(range(0, 169), var.recovery.sweep_hours)
    error_message = "recovery.sweep_hours must be a whole number from 0 (never) to 168: an instance that is out for longer than a week without anybody looking is lost."
  }
}

variable "role" {
  description = "Where the two roles live and what bounds them: path, permissions_boundary_arn."
  type = object({
    path                     = optional(string, "/")
    permissions_boundary_arn = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("^/([!-.0-~]+/)*$", var.role.path))
    error_message = "role.path must begin and end with a slash, without spaces or empty parts, such as /team/: IAM takes no other."
  }

  validation {
    condition     = length(var.role.path) <= 512
    error_message = "role.path must have at most 512 characters, which is IAM's limit."
  }

  validation {
    condition = alltrue([
      for arn in var.role.permissions_boundary_arn[*] : can(regex("^arn:aws(-[a-z]+)*:iam::([0-9]{12}|aws):policy/[!-~]+$", arn))
    ])
    error_message = "role.permissions_boundary_arn must be the ARN of a managed policy, such as arn:aws:iam::123456789012:policy/boundary: IAM bounds a role by nothing else."
  }
}

variable "runbook" {
  description = "Which runbook the tasks start. source: bundled, or aws-owned for a clone of AWSEC2-PatchLoadBalancerInstance, to which drain, health, logs, patching and disruption_budget do not apply. With aws-owned also aws_owned_version, the version to clone, and drain_minutes, which replaces the deregistration delay."
  type = object({
    source            = optional(string, "bundled")
    aws_owned_version = optional(string)
    drain_minutes     = optional(number)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["bundled", "aws-owned"], var.runbook.source)
    error_message = "runbook.source must be bundled or aws-owned: there is no third runbook."
  }

  validation {
    condition     = alltrue([for version in var.runbook.aws_owned_version[*] : can(regex("^[1-9][0-9]*$", version))])
    error_message = "runbook.aws_owned_version must be a version number such as \"5\": $LATEST and $DEFAULT move when AWS edits the document."
  }

  validation {
    condition     = var.runbook.aws_owned_version == null ? true : var.runbook.source == "aws-owned"
    error_message = "runbook.aws_owned_version needs source = \"aws-owned\": the bundled runbook has the version of the module."
  }

  validation {
    condition     = alltrue([for minutes in var.runbook.drain_minutes[*] : contains(range(1, 60), minutes)])
    error_message = "runbook.drain_minutes must be a whole number from 1 to 59: AWS's runbook takes no other."
  }

  validation {
    condition     = var.runbook.drain_minutes == null ? true : var.runbook.source == "aws-owned"
    error_message = "runbook.drain_minutes needs source = \"aws-owned\": the bundled runbook keeps to the deregistration delay of the target groups."
  }
}

variable "schedule" {
  description = "When the window opens. expression: cron(...), rate(...) or at(...) as Maintenance Windows takes it. timezone: IANA name. duration_hours: how long it stays open. cutoff_hours: how long before its end no further instance is started. offset_days: days after the cron day. start_date, end_date: RFC 3339, between which it opens."
  type = object({
    expression     = string
    timezone       = optional(string, "UTC")
    duration_hours = optional(number, 4)
    cutoff_hours   = optional(number, 1)
    offset_days    = optional(number)
    start_date     = optional(string)
    end_date       = optional(string)
    enabled        = optional(bool, true)
  })
  nullable = false

  validation {
    condition     = can(regex("^(cron|rate|at)\\([^()]+\\)$", var.schedule.expression))
    error_message = "schedule.expression must be cron(...), rate(...) or at(...): Maintenance Windows knows no other."
  }

  validation {
    condition = alltrue([
      for cron in regexall("^cron\\((.*)\\)$", var.schedule.expression) : contains([6, 7], length(split(" ", cron[0])))
    ])
    error_message = "A cron expression of schedule must have 6 fields with one space between them, minutes hours day-of-month month day-of-week year, or 7 with seconds in front: Maintenance Windows wants the year, unlike cron."
  }

  # With six fields a 0 for the seconds is put in front, so that the fields meet their patterns.
  validation {
    condition = alltrue(flatten([
      for cron in regexall("^cron\\((.*)\\)$", var.schedule.expression) : [
        for position, field in slice(concat(length(split(" ", cron[0])) < 7 ? ["0"] : [], split(" ", cron[0]), ["", "", "", "", "", "", ""]), 0, 7) :
        can(regex("^(${local._cron_patterns[position]})$", field))
      ] if contains([6, 7], length(split(" ", cron[0])))
    ]))
    error_message = "A field of the cron expression of schedule is outside its range: seconds and minutes 0-59, hours 0-23, day-of-month 1-31, ?, L or W, month 1-12 or JAN-DEC, day-of-week 1-7 or SUN-SAT, ?, L or #, year 1970-2199."
  }

  validation {
    condition = alltrue([
      for cron in regexall("^cron\\((.*)\\)$", var.schedule.expression) : length(regexall("(?:^| )\\?", cron[0])) == 1
    ])
    error_message = "A cron expression of schedule must have ? in exactly one of day-of-month and day-of-week: Maintenance Windows takes a day from one of them only."
  }

  validation {
    condition     = !can(regex("^cron\\(([0-9]+ )?(\\*(/[1-4])?|[0-9]+/[1-4]) ([^ ]+ ){4}[^ ]+\\)$", var.schedule.expression))
    error_message = "A cron expression of schedule must not open the window more often than every 5 minutes: Maintenance Windows does not support it."
  }

  validation {
    condition     = !can(regex("^cron\\([^ ]*[^0-9 ][^ ]* ([^ ]+ ){5}[^ ]+\\)$", var.schedule.expression))
    error_message = "The seconds of a cron expression of schedule must be one number: a window cannot open several times a minute."
  }

  validation {
    condition = alltrue([
      for rate in regexall("^rate\\((.*)\\)$", var.schedule.expression) :
      can(regex("^(1 (minute|hour|day)|([2-9]|[1-9][0-9]+) (minutes|hours|days))$", rate[0]))
    ])
    error_message = "A rate of schedule must be a whole number and minute, hour or day, singular after 1 and plural after more, such as rate(7 days): Maintenance Windows takes no other."
  }

  validation {
    condition     = !can(regex("^rate\\([1-4] minutes?\\)$", var.schedule.expression))
    error_message = "A rate of schedule must be at least 5 minutes: Maintenance Windows does not support faster ones."
  }

  validation {
    condition = alltrue([
      for at in regexall("^at\\((.*)\\)$", var.schedule.expression) :
      can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}$", at[0])) && can(timeadd("${at[0]}Z", "0s"))
    ])
    error_message = "An at expression of schedule must hold a date and time that exist, as yyyy-mm-ddThh:mm:ss without a zone: the zone comes from schedule.timezone."
  }

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$", var.schedule.timezone))
    error_message = "schedule.timezone must be a name of the IANA time zone database, such as UTC or Asia/Tokyo, not an offset: Maintenance Windows follows daylight saving time by name."
  }

  validation {
    condition     = contains(range(1, 25), var.schedule.duration_hours)
    error_message = "schedule.duration_hours must be a whole number from 1 to 24, the limit of a maintenance window."
  }

  validation {
    condition     = var.schedule.cutoff_hours >= 0 && floor(var.schedule.cutoff_hours) == var.schedule.cutoff_hours
    error_message = "schedule.cutoff_hours must be a whole number, 0 or more: a maintenance window takes no other."
  }

  validation {
    condition     = var.schedule.cutoff_hours < max(var.schedule.duration_hours, 1)
    error_message = "schedule.cutoff_hours must be less than duration_hours: otherwise the window starts nothing."
  }

  validation {
    condition     = alltrue([for days in var.schedule.offset_days[*] : contains(range(1, 7), days)])
    error_message = "schedule.offset_days must be a whole number from 1 to 6, the limit of a maintenance window."
  }

  validation {
    condition     = var.schedule.offset_days == null ? true : startswith(var.schedule.expression, "cron(")
    error_message = "schedule.offset_days needs a cron expression: Maintenance Windows counts it from a cron day."
  }

  validation {
    condition     = alltrue([for date in var.schedule.start_date[*] : can(timeadd(date, "0s"))])
    error_message = "schedule.start_date must be a time with its zone, such as 2026-01-31T00:00:00Z or 2026-01-31T00:00:00+09:00: schedule.timezone does not apply to it."
  }

  validation {
    condition     = alltrue([for date in var.schedule.end_date[*] : can(timeadd(date, "0s"))])
    error_message = "schedule.end_date must be a time with its zone, such as 2026-01-31T00:00:00Z or 2026-01-31T00:00:00+09:00: schedule.timezone does not apply to it."
  }

  validation {
    condition     = try(timecmp(var.schedule.start_date, var.schedule.end_date) < 0, true)
    error_message = "schedule.end_date must be later than start_date: otherwise the window never opens."
  }
}

variable "tags" {
  description = "Tags of everything that takes tags: document, window, roles."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(var.tags) <= 50
    error_message = "tags must have at most 50 entries: no AWS resource takes more."
  }

  validation {
    condition     = alltrue([for key, _ in var.tags : !can(regex("^(?i)aws:", key))])
    error_message = "A key of tags must not begin with the prefix aws: AWS keeps it for itself."
  }
}

# What each field of a cron expression may hold, in the order seconds, minutes, hours, day-of-month, month, day-of-week, year.
locals {
  _cron_values = [
    "[0-5]?[0-9]",
    "[0-5]?[0-9]",
    "[01]?[0-9]|2[0-3]",
    "0?[1-9]|[12][0-9]|3[01]",
    "0?[1-9]|1[0-2]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC",
    "[1-7]|SUN|MON|TUE|WED|THU|FRI|SAT",
    "19[7-9][0-9]|2[01][0-9][0-9]",
  ]
  _cron_items    = [for value in local._cron_values : "(\\*|(${value})(-(${value}))?)(/[1-9][0-9]*)?"]
  _cron_lists    = [for item in local._cron_items : "${item}(,${item})*"]
  _cron_specials = ["", "", "", "|\\?|L|LW|(${local._cron_values[3]})W", "", "|\\?|L|(${local._cron_values[5]})(L|#[1-5])", ""]
  _cron_patterns = [for position, list in local._cron_lists : "${list}${local._cron_specials[position]}"]
}
