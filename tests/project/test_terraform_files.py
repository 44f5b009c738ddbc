"""Terraform's own view of the files. The examples are validated by being planned."""

import pytest

from albpatch.terraform import Terraform, TerraformError


def test_everything_is_formatted(root):
    """terraform fmt has nothing to change, in the module, its parts, the examples and the tests."""
    with Terraform(root) as terraform:
        terraform.fmt()


def test_a_file_that_is_not_formatted_is_seen(tmp_path):
    """A crooked file fails the check of formats."""
    (tmp_path / "main.tf").write_text("locals {\na=1\n}\n")

    with Terraform(tmp_path) as terraform, pytest.raises(TerraformError):
        terraform.fmt()


def test_the_module_is_valid_by_itself(root):
    """The module validates without an example around it."""
    with Terraform(root) as terraform:
        terraform.init()
        terraform.validate()
