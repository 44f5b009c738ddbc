variable "account_id" {
  description = "Account of the role and of everything it may touch."
  type        = string
}

variable "document" {
  description = "The restore runbook: its name and its text."
  type        = object({ name = string, content = string })
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

variable "role" {
  description = "The restore runbook's own role. Its ARN is written out by the caller, so that it is known in the first plan."
  type = object({
    name                     = string
    arn                      = string
    path                     = string
    permissions_boundary_arn = optional(string)
  })
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
