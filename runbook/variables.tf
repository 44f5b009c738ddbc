# Everything here was validated and given its default by the root module: this module only renders.

variable "alarms" {
  type = object({
    names             = list(string)
    insufficient_data = string
  })
  description = "CloudWatch alarms that keep instances in rotation while they are in ALARM."
  nullable    = false
}

variable "assess_document" {
  type        = string
  description = "Name of the assess document, with which the patching runbook begins."
  nullable    = false
}

variable "assume_role_arn" {
  type        = string
  description = "ARN of the role that the runbook assumes, written into the document."
  nullable    = false
}

variable "change_calendars" {
  type        = list(string)
  description = "Change calendars of which none may be closed."
  nullable    = false
}

variable "drain" {
  type = object({
    wait_for            = string
    propagation_seconds = number
    quiet_seconds       = number
  })
  description = "What ends the drain: connections that are gone for quiet_seconds, or only the delay. How long an Application Load Balancer may go on sending after a deregistration, at most."
  nullable    = false
}

variable "health" {
  type = object({
    consecutive_looks = number
    interval_seconds  = number
    timeout_seconds   = number
    bake_seconds      = number
  })
  description = "When an instance counts as back: healthy looks in a row, seconds between them, the limit, and the time under traffic after that."
  nullable    = false

  validation {
    condition     = var.health.consecutive_looks * var.health.interval_seconds <= 480
    error_message = "health.consecutive_looks x interval_seconds must be at most 480: a script of the runbook may run for 600 seconds, and one run has to see the whole series."
  }
}

variable "lease_table_name" {
  type        = string
  description = "Name of the DynamoDB table that holds leases, records and rolls."
  nullable    = false
}

variable "logs" {
  type = object({
    cloudwatch_log_group_name = optional(string)
    s3_bucket_name            = optional(string)
    s3_key_prefix             = optional(string)
  })
  description = "Where Run Command writes the output of the installation, with the permissions of the instance profile."
  nullable    = false
}

variable "name" {
  type        = string
  description = "Name of the call, under which the sweep measures what is out."
  nullable    = false
}

variable "news" {
  type = object({
    role_arn       = string
    fleets         = map(list(object({ Name = string, Values = list(string) })))
    cutoff_seconds = number
  })
  description = "What the news runbook needs: the role that it assumes, fleet => filters of EC2 that find its instances (none for a resource group), and how long before its end the window starts nothing new."
  nullable    = false
}

variable "notification_topic_arn" {
  type        = string
  default     = null
  description = "SNS topic that hears of every execution that failed, at once, and of the beginning and the end of a roll."
}

variable "patch_document" {
  type        = string
  description = "Name of the patching document, whose executions own records."
  nullable    = false
}

variable "patching" {
  type = object({
    reboot_option        = string
    baseline_override    = optional(string)
    skip_when_compliant  = bool
    scan_max_age_minutes = number
    timeout_seconds      = number
  })
  description = "How AWS-RunPatchBaseline is run, and whether an instance with nothing to install is left alone."
  nullable    = false
}

variable "quiet_document" {
  type        = string
  description = "Name of the Command document that looks for connections on the host."
  nullable    = false
}

variable "restore_document" {
  type        = string
  description = "Name of the restore document, which OnCancel and the sweep start."
  nullable    = false
}

variable "restore_role_arn" {
  type        = string
  description = "ARN of the role that the restore runbook assumes, written into its document."
  nullable    = false
}

variable "window_seconds" {
  type        = number
  description = "How long the window stays open. Nothing is taken out that might not be back before its end."
  nullable    = false
}
