variable "account_id" {
  description = "Account of the role and of everything it may touch."
  type        = string
}

variable "document" {
  description = "The restore runbook: its name and its text."
  type        = object({ name = string, content = string })
}

variable "events" {
  description = "Names of what starts the restore runbook by itself: the event rule, the rule of the sweep, the queue for what they could not start, and the role they start with. The role's ARN is written out by the caller."
  type = object({
    rule       = string
    sweep_rule = string
    queue      = string
    role       = object({ name = string, arn = string })
  })
}

variable "kms_key_arn" {
  description = "Key of the caller's that encrypts the lease table. Null if there is none."
  type        = string
  default     = null
}

variable "lease_table_name" {
  description = "Table that holds leases, records and rolls."
  type        = string
}

variable "metrics" {
  description = "The name under which the sweep measures what is out, and the age in seconds that no record reaches while all is well."
  type        = object({ name = string, oldest_seconds = number })
}

variable "notification_topic_arn" {
  description = "SNS topic that the alarms tell. Null if they tell nobody."
  type        = string
  default     = null
}

variable "partition" {
  description = "Partition of the account, such as aws or aws-cn."
  type        = string
}

variable "patch_document" {
  description = "Name of the patching runbook, whose executions are watched."
  type        = string
}

variable "region" {
  description = "Region in which the runbook runs."
  type        = string
}

variable "role" {
  description = "The restore runbook's own role. Its ARN is written out by the caller, so that it is known in the first plan."
  type = object({
    name                     = string
    arn                      = string
    path                     = string
    permissions_boundary_arn = optional(string)
  })
}

variable "sweep_hours" {
  description = "Hours between two sweeps. 0 for none."
  type        = number
}

variable "tags" {
  description = "Tags of document and role."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "target_group_arns" {
  description = "The target groups in which instances may be registered again."
  type        = list(string)
}
