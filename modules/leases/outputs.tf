output "name" {
  description = "Name of the table, known in the first plan. The table exists when this is read."
  value       = var.name

  depends_on = [aws_dynamodb_table.this]
}
