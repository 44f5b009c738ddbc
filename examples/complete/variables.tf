variable "notification_topic_arn" {
  description = "SNS topic that hears of failures. Null for none."
  type        = string
  default     = null
}

variable "permissions_boundary_arn" {
  description = "Managed policy that bounds the two roles. Null for none."
  type        = string
  default     = null
}

variable "region" {
  description = "Region of the target group. Null takes it from the environment."
  type        = string
  default     = null
}
