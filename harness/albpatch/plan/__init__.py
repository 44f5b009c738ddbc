"""Reads a Terraform plan: which calls of the module it has, what they will do, what changes, and what is wrong."""
