variable "assume_role_arn" {
  description = "ARN of the role that the steps run as."
  type        = string
}

variable "aws_owned_version" {
  description = "Version of AWSEC2-PatchLoadBalancerInstance to clone. Null takes AWS's default version of the day."
  type        = string
  default     = null
}

variable "content" {
  description = "The document, in YAML. Null clones AWSEC2-PatchLoadBalancerInstance instead."
  type        = string
}

variable "name" {
  description = "Name of the document."
  type        = string
}

variable "tags" {
  description = "Tags of the document."
  type        = map(string)
  default     = {}
  nullable    = false
}
