variable "region" {
  description = "Region of the target group. Null takes it from the environment."
  type        = string
  default     = null
}
