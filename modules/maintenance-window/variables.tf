variable "account_id" {
  description = "Account of the window."
  type        = string
}

variable "document" {
  description = "The runbook: name, version that the tasks are pinned to, and the parameters it declares."
  type = object({
    name    = string
    version = string
    parameters = map(object({
      type            = string
      required        = bool
      allowed_pattern = optional(string)
    }))
  })
}

variable "fleets" {
  description = "One window target and one task each: name, how the instances are named, and what the task passes."
  type = map(object({
    name           = string
    tags           = map(list(string))
    instance_ids   = list(string)
    resource_group = optional(string)
    rate_control   = object({ concurrency = string, errors = string })
    parameters     = map(list(string))
  }))
}

variable "name" {
  description = "Name of the window."
  type        = string
}

variable "partition" {
  description = "Partition of the account, such as aws or aws-cn."
  type        = string
}

variable "passed_role_arns" {
  description = "Roles that the window hands over: of the runbook, and of the runbook that this one starts."
  type        = list(string)
}

variable "region" {
  description = "Region of the window."
  type        = string
}

variable "role" {
  description = "The window's own role. Its ARN is written out by the caller, so that it is known in the first plan."
  type = object({
    name                     = string
    arn                      = string
    path                     = string
    permissions_boundary_arn = optional(string)
  })
}

variable "schedule" {
  description = "When the window opens, how long it stays open, and how long before its end nothing new is started."
  type = object({
    expression     = string
    timezone       = string
    duration_hours = number
    cutoff_hours   = number
    offset_days    = optional(number)
    start_date     = optional(string)
    end_date       = optional(string)
    enabled        = bool
  })
}

variable "sweep" {
  description = "The task that each window begins with: its name, and the restore runbook that it starts. Null for none."
  type        = object({ name = string, document = string, version = string })
  default     = null
}

variable "tags" {
  description = "Tags of window and role."
  type        = map(string)
  default     = {}
  nullable    = false
}
