"""Configuration as files: copies without anybody's state, and no way out of a rehearsal."""

from pathlib import Path

import pytest

from albpatch.configuration import ConfigurationError, copied, folders, refuse_ways_out


def write(folder: Path, **files: str) -> Path:
    """Writes name => text, with __ for a dot in the names."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


def test_copy_keeps_how_modules_lie(tmp_path: Path) -> None:
    """A root that refers to the module two folders up works in its copy as it does in place."""
    write(tmp_path / "a", main__tf='module "own" {\n  source = "./modules/own"\n}\n')
    write(tmp_path / "a/modules/own", main__tf="", text__txt="kept")
    root = write(tmp_path / "a/examples/one", main__tf='module "a" {\n  source = "../.."\n}\n')
    copy = copied(root, tmp_path / "copy")

    assert (copy / "main.tf").exists()
    assert (copy / "../../modules/own/text.txt").read_text() == "kept"


def test_copy_of_a_lone_root_is_the_root_alone(tmp_path: Path) -> None:
    """Without local modules nothing around the root is copied."""
    write(tmp_path, other__tf="")
    copied(write(tmp_path / "root", main__tf=""), tmp_path / "copy")

    assert [file.name for file in (tmp_path / "copy").iterdir()] == ["main.tf"]


def test_sibling_modules_are_copied_without_what_lies_between(tmp_path: Path) -> None:
    """Only folders that the root refers to are copied, not their common parent."""
    write(tmp_path / "parent", large__bin="x")
    write(tmp_path / "parent/module", main__tf="")
    root = write(tmp_path / "parent/root", main__tf='module "m" { source = "../module" }')
    copy = copied(root, tmp_path / "copy")

    assert (copy / "../module/main.tf").exists()
    assert not (tmp_path / "copy/large.bin").exists()


def test_nobodys_state_comes_along(tmp_path: Path) -> None:
    """State, values, plans, lock and working files of a developer stay behind."""
    left = [
        "terraform.tfstate",
        "terraform.tfstate.backup",
        "terraform.tfvars",
        "a.auto.tfvars",
        "a.auto.tfvars.json",
        "kept.tfplan",
        ".terraform.lock.hcl",
    ]
    root = write(tmp_path / "root", main__tf="")
    for name in left:
        (root / name).write_text("")
    write(root / ".terraform/providers", a__tf="")
    copy = copied(root, tmp_path / "copy")

    assert [file.name for file in copy.rglob("*")] == ["main.tf"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('module "m" { source = "./m" }', True),
        ('module "m" {\n  source="./m" # here\n}', True),
        ('# source = "./m"', False),
        ('/* source = "./m" */', False),
        ('locals {\n  text = <<-EOT\n    source = "./m"\n  EOT\n}', False),
        ('module "m" { source = "team/m/aws" }', False),
        ('locals { url = "http://example.com//x" }\nmodule "m" { source = "./m" }', True),
    ],
)
def test_local_modules_are_found(tmp_path: Path, text: str, expected: bool) -> None:
    """A module of the root's own folder is found, but not in comments and texts."""
    write(tmp_path / "m", main__tf="")
    root = write(tmp_path, main__tf=text)

    assert (tmp_path / "m" in folders(root)) is expected


def test_local_modules_are_found_in_json(tmp_path: Path) -> None:
    """Terraform's JSON syntax names modules too."""
    write(tmp_path / "m", main__tf="")
    root = write(tmp_path, main__tf__json='{"module": {"m": {"source": "./m"}}}')

    assert folders(root) == [root, tmp_path / "m"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "holds no Terraform configuration"),
        ({"main__tf": 'module "m" { source = "./gone" }'}, "which is not a folder"),
        ({"main__tf__json": "{"}, "cannot read"),
    ],
)
def test_unusable_root_is_refused_in_one_line(tmp_path: Path, files: dict[str, str], message: str) -> None:
    """What cannot be copied is refused with one line that says why."""
    root = write(tmp_path / "root", **files)
    with pytest.raises(ConfigurationError, match=message) as caught:
        copied(root, tmp_path / "copy")

    assert "\n" not in str(caught.value)


def test_missing_root_is_refused(tmp_path: Path) -> None:
    """A folder that is not there is no configuration."""
    with pytest.raises(ConfigurationError, match="is not a folder"):
        copied(tmp_path / "gone", tmp_path / "copy")


@pytest.mark.parametrize(
    "files",
    [
        {"main__tf": 'provider "aws" {\n  endpoints {\n    s3 = "http://localhost:1"\n  }\n}'},
        {"main__tf": 'provider "aws" { endpoints { ssm = "https://x" } }'},
        {"main__tf": 'provider aws {\n  region = "a}b{"\n  endpoints {\n  }\n}'},
        {"main__tf": 'provider "aws" {\n  dynamic "endpoints" {\n    for_each = []\n    content {}\n  }\n}'},
        {"main__tf": 'provider "aws" {\n  assume_role {\n    role_arn = "x"\n  }\n\n  endpoints {}\n}'},
        {"main__tf": 'provider "aws" {\n  shared_config_files = ["a"]\n}'},
        {"main__tf": 'provider "aws" {\n  # {\n  shared_credentials_files = ["a"]\n}'},
        {"main__tf__json": '{"provider": {"aws": {"endpoints": {"s3": "x"}}}}'},
        {"main__tf__json": '{"provider": [{"aws": [{"alias": "b"}, {"endpoints": [{"s3": "x"}]}]}]}'},
        {"main__tf__json": '{"provider": {"aws": {"dynamic": {"endpoints": {}}}}}'},
    ],
)
def test_way_out_of_a_rehearsal_is_refused(tmp_path: Path, files: dict[str, str]) -> None:
    """A provider block that wins over AWS_ENDPOINT_URL could lead to an account, so it is refused in every spelling."""
    with pytest.raises(ConfigurationError, match="wins over the local region"):
        refuse_ways_out([write(tmp_path, **files)])


@pytest.mark.parametrize(
    "text",
    [
        'provider "aws" {\n  region = "us-east-1"\n}',
        'provider "aws" {\n  # endpoints {}\n  region = "endpoints {}"\n}',
        'resource "aws_vpc_endpoint" "endpoints" {}\nlocals { endpoints = 1 }\nprovider "aws" {}',
        'locals {\n  text = <<EOT\nprovider "aws" { endpoints {} }\nEOT\n}',
    ],
)
def test_harmless_provider_is_let_through(tmp_path: Path, text: str) -> None:
    """The word alone, in a comment, a text or another block, refuses nothing."""
    refuse_ways_out([write(tmp_path, main__tf=text)])
    assert folders(tmp_path) == [tmp_path]
