"""Checks for checkov: --external-checks-dir takes only a folder with this file."""
