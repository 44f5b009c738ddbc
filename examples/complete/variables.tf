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
