locals {
  _ssm = "arn:${var.partition}:ssm:${var.region}:${var.account_id}"
}

module "document" {
  source = "../automation-document"

  name            = var.document.name
  content         = var.document.content
  assume_role_arn = var.role.arn
  tags            = var.tags

  # The document must not run before its role may act.
  depends_on = [aws_iam_role_policy.news]
}
