variable "create" {
  description = "Whether the table is made here. False takes an existing one, which several calls may share."
  type        = bool
}

variable "kms_key_arn" {
  description = "Key that encrypts the table. Null leaves that to DynamoDB."
  type        = string
  default     = null
}

variable "name" {
  description = "Name of the table."
  type        = string
}

variable "tags" {
  description = "Tags of the table."
  type        = map(string)
  default     = {}
  nullable    = false
}
