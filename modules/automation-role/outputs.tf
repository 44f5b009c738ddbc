output "arn" {
  description = "ARN of the role. Its policies are attached when this is read."
  value       = aws_iam_role.this.arn

  depends_on = [aws_iam_role_policy.steps, aws_iam_role_policy.target_groups]
}

output "name" {
  description = "Name of the role."
  value       = aws_iam_role.this.name
}
