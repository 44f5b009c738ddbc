variable "name" {
  description = "Name of everything in this example."
  type        = string
  default     = "alb01"
  nullable    = false
}

variable "region" {
  description = "Region to build in. Null takes it from the environment."
  type        = string
  default     = null
}
