# One item for each instance that is out (INSTANCE#id), each target group (TG#arn) and each roll that was halted (ROLL#id).
# No TTL: a record is the only memory of a machine that is out, and no time makes it wrong.
resource "aws_dynamodb_table" "this" {
  count = var.create ? 1 : 0

  name         = var.name
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "Id"
  tags         = var.tags

  attribute {
    name = "Id"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  # Without a key of the caller's DynamoDB encrypts with its own.
  dynamic "server_side_encryption" {
    for_each = var.kms_key_arn[*]

    content {
      enabled     = true
      kms_key_arn = server_side_encryption.value
    }
  }
}
