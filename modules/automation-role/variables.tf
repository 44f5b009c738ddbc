variable "account_id" {
  description = "Account of the role and of everything it may touch."
  type        = string
}

variable "alarms" {
  description = "Whether the runbook looks at alarms."
  type        = bool
}

variable "assess_document" {
  description = "Name of the assess document, with which every execution begins."
  type        = string
}

variable "change_calendars" {
  description = "Names and ARNs of the change calendars that the runbook looks at."
  type        = list(string)
}

variable "fleets" {
  description = "The instances that may be sent a patch command and the target groups they may be moved in and out of."
  type = map(object({
    target_group_arns = list(string)
    tags              = map(list(string))
    instance_ids      = list(string)
    resource_group    = optional(string)
  }))
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

variable "name" {
  description = "Name of the role."
  type        = string
}

variable "notification_topic_arn" {
  description = "Topic that the runbook publishes to. Null for none."
  type        = string
  default     = null
}

variable "partition" {
  description = "Partition of the account, such as aws or aws-cn."
  type        = string
}

variable "path" {
  description = "Path of the role."
  type        = string
}

variable "permissions_boundary_arn" {
  description = "Policy that bounds the role. Null for none."
  type        = string
  default     = null
}

variable "quiet_document" {
  description = "Name of the Command document that looks for connections on a host. Null for none."
  type        = string
  default     = null
}

variable "region" {
  description = "Region in which the runbook runs."
  type        = string
}

variable "restore" {
  description = "The restore runbook, which every execution starts for the way back, and its role."
  type        = object({ document = string, role_arn = string })
}

variable "role_arn" {
  description = "ARN of the role, as the caller writes it out."
  type        = string
}

variable "runbook_source" {
  description = "Whose steps the role is for: bundled or aws-owned."
  type        = string
}

variable "tags" {
  description = "Tags of the role."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "template_urls" {
  description = "Templates that AWS's document builds stacks of; what it fills in when it runs is a *."
  type        = list(string)
  default     = []
  nullable    = false
}
