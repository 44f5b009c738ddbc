variable "account_id" {
  description = "Account of the roles and of everything they may touch."
  type        = string
}

variable "document" {
  description = "The news runbook: its name and its text."
  type        = object({ name = string, content = string })
}

variable "events" {
  description = "Names of what starts the news runbook: the rule on openings of the window, the rule on failed restorings, and the role they start with. The role's ARN is written out by the caller."
  type = object({
    rules = object({ window = string, restore = string })
    role  = object({ name = string, arn = string })
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

variable "partition" {
  description = "Partition of the account, such as aws or aws-cn."
  type        = string
}

variable "region" {
  description = "Region in which the runbook runs."
  type        = string
}

variable "restore_document" {
  description = "Name of the restore runbook, whose failures are told."
  type        = string
}

variable "role" {
  description = "The news runbook's own role. Its ARN is written out by the caller, so that it is known in the first plan."
  type = object({
    name                     = string
    arn                      = string
    path                     = string
    permissions_boundary_arn = optional(string)
  })
}

variable "tags" {
  description = "Tags of document, roles, rules and alarms."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "topic_arn" {
  description = "SNS topic that is told."
  type        = string
}

variable "unhappy_ends" {
  description = "Pattern of the statuses with which an execution ends other than well."
  type        = list(object({ anything-but = list(string) }))
}

variable "window_id" {
  description = "Id of the window whose openings are told."
  type        = string
}
