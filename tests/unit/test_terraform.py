"""The adapter: real Terraform on small configurations without a provider, and a stand-in where its answer matters."""

import json
import os
import threading
from pathlib import Path

import pytest

from albpatch.configuration import ConfigurationError
from albpatch.providers import ProviderSource
from albpatch.terraform import Terraform, TerraformError

REGISTRY = ProviderSource(None, None, "none needed")
ONE = """
variable "text" {
  type    = string
  default = "default"
}
resource "terraform_data" "one" {
  input = var.text
}
output "text" {
  value = terraform_data.one.output
}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    (folder / "main.tf").write_text(ONE)
    return folder


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A terraform on PATH that writes its environment and arguments beside itself and then does what `body` says."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "terraform"
    program.write_text(f'#!/bin/sh\nenv > {folder}/environment\necho "$@" >> {folder}/arguments\n. {folder}/body\n')
    program.chmod(0o755)
    (folder / "body").write_text("")
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    return folder


def seen_environment(stand_in: Path) -> dict[str, str]:
    lines = (stand_in / "environment").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def test_life_of_a_configuration(root: Path) -> None:
    """Plan, apply, an empty second plan, outputs, state and destroy work, and destroy leaves nothing."""
    with Terraform(root, variables={"text": "given"}, provider=REGISTRY) as terraform:
        terraform.init()
        terraform.validate()
        terraform.fmt()
        first = terraform.plan()
        planned = terraform.show_plan()
        terraform.apply()
        second = terraform.plan()
        outputs = terraform.output()
        state = terraform.show_state()
        terraform.plan(destroy=True)
        destroying = terraform.show_plan()
        terraform.destroy()
        after = terraform.show_state()

    assert (first, second) == (True, False)
    assert planned["planned_values"]["root_module"]["resources"][0]["values"]["input"] == "given"
    assert outputs == {"text": "given"}
    assert state["values"]["outputs"]["text"]["value"] == "given"
    assert destroying["resource_changes"][0]["change"]["actions"] == ["delete"]
    assert "values" not in after


def test_nothing_is_left_behind(root: Path) -> None:
    """The root is as it was and the copy is gone, also after a failure."""
    with pytest.raises(TerraformError), Terraform(root, provider=REGISTRY) as terraform:
        copy = terraform.folder
        terraform.apply()

    assert not copy.exists()
    assert [file.name for file in root.iterdir()] == ["main.tf"]


@pytest.mark.parametrize(
    ("text", "command", "cause"),
    [
        ("resource {", "init", "Missing resource type|Invalid|Unclosed"),
        ('output "a" {\n  value = local.missing\n}\n', "validate", "undeclared local value"),
        ('output "a" {value = 1}\n', "fmt", "main.tf"),
        (
            'variable "one" {\n  default = 1\n}\nresource "terraform_data" "a" {\n  lifecycle {\n'
            "    precondition {\n      condition     = var.one == 2\n"
            '      error_message = "One is not two."\n    }\n  }\n}\n',
            "plan",
            "One is not two.",
        ),
    ],
)
def test_failure_is_raised_with_its_cause(root: Path, text: str, command: str, cause: str) -> None:
    """Every command that fails raises, names itself and gives Terraform's reason."""
    (root / "main.tf").write_text(text)
    with Terraform(root, provider=REGISTRY) as terraform:
        if command != "init":
            terraform.init()
        with pytest.raises(TerraformError, match=cause) as caught:
            getattr(terraform, command)()

    assert str(caught.value).startswith(f"terraform {command}: ")
    assert "╷" not in str(caught.value)


def test_unmet_provider_constraint_says_where_was_looked(root: Path, tmp_path: Path) -> None:
    """When the mirror has no version that the root asks for, the message also says which mirror that was."""
    (root / "versions.tf").write_text(
        'terraform {\n  required_providers {\n    aws = {\n      source  = "hashicorp/aws"\n'
        '      version = "1.0.0"\n    }\n  }\n}\n'
    )
    empty = ProviderSource(tmp_path, "5.100.0", "AWS provider 5.100.0 from a folder")
    with Terraform(root, provider=empty) as terraform, pytest.raises(TerraformError, match="from a folder"):
        terraform.init()


def test_failing_destroy_is_raised(root: Path) -> None:
    """A destroy that cannot do its work is an error, not a silent success."""
    (root / "main.tf").write_text(
        ONE.replace("input = var.text", "input = var.text\n  lifecycle {\n    prevent_destroy = true\n  }")
    )
    with Terraform(root, provider=REGISTRY) as terraform:
        terraform.init()
        terraform.apply()
        with pytest.raises(TerraformError, match=r"prevent_destroy|cannot be destroyed"):
            terraform.destroy()


def test_callers_variables_do_not_matter(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the caller's shell sets for Terraform, even a CLI configuration that is not there, changes nothing."""
    for name, value in {
        "TF_CLI_CONFIG_FILE": "/nowhere/terraform.rc",
        "TF_CLI_ARGS": "-no-such-flag",
        "TF_CLI_ARGS_plan": "-no-such-flag",
        "TF_VAR_text": "from the shell",
        "TF_WORKSPACE": "other",
        "TF_DATA_DIR": "/nowhere",
        "TF_LOG": "trace",
    }.items():
        monkeypatch.setenv(name, value)
    with Terraform(root, provider=REGISTRY) as terraform:
        terraform.init()
        terraform.apply()

        assert terraform.output() == {"text": "default"}


def test_backend_and_values_of_the_root_are_replaced(root: Path, tmp_path: Path) -> None:
    """A remote backend is never reached, and only the values that were handed over count."""
    (root / "backend.tf").write_text('terraform {\n  backend "s3" {\n    bucket = "x"\n    key    = "y"\n  }\n}\n')
    (root / "terraform.tfvars").write_text('text = "left behind"\n')
    values = tmp_path / "given.tfvars"
    values.write_text('text = "from the file"\n')
    with Terraform(root, var_files=[values], provider=REGISTRY) as terraform:
        terraform.init()
        terraform.apply()

        assert terraform.output() == {"text": "from the file"}


def test_missing_value_file_is_named(root: Path, tmp_path: Path) -> None:
    """A file of values that is not there is said to be not there."""
    with pytest.raises(ConfigurationError, match=r"cannot read .*gone\.tfvars"):
        Terraform(root, var_files=[tmp_path / "gone.tfvars"], provider=REGISTRY)


def test_missing_terraform_says_what_to_do(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Terraform on PATH the message says what to install and where from."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(TerraformError, match=r"not on PATH: install 1\.9 or newer"):
        Terraform(root, provider=REGISTRY)


def test_rehearsal_gets_nothing_of_the_callers_account(
    root: Path, stand_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an endpoint no AWS variable of the caller reaches the run; keys are fake and files empty."""
    for name in (
        "AWS_PROFILE",
        "AWS_SESSION_TOKEN",
        "AWS_CA_BUNDLE",
        "AWS_ENDPOINT_URL_SSM",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
    ):
        monkeypatch.setenv(name, "caller")
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    with Terraform(root, endpoint_url="http://127.0.0.1:1", region="eu-west-1", provider=REGISTRY) as terraform:
        terraform.init()
    ours = {name: value for name, value in seen_environment(stand_in).items() if name.startswith("AWS_")}

    assert ours == {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": "rehearsal",
        "AWS_SECRET_ACCESS_KEY": "rehearsal",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }


def test_real_run_keeps_credentials_and_tokens(root: Path, stand_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an endpoint the caller's AWS settings and registry tokens stay, and Terraform never asks."""
    monkeypatch.setenv("AWS_PROFILE", "caller")
    monkeypatch.setenv("TF_TOKEN_example_com", "token")
    monkeypatch.setenv("TF_PLUGIN_CACHE_DIR", "/nowhere")
    with Terraform(root, provider=REGISTRY) as terraform:
        terraform.init()
    seen = seen_environment(stand_in)

    assert (seen["AWS_PROFILE"], seen["TF_TOKEN_example_com"]) == ("caller", "token")
    assert (seen["TF_IN_AUTOMATION"], seen["TF_INPUT"], seen["CHECKPOINT_DISABLE"]) == ("1", "0", "1")
    assert "TF_PLUGIN_CACHE_DIR" not in seen
    assert Path(seen["TF_CLI_CONFIG_FILE"]).name == "terraform.rc"


def test_way_out_is_refused_before_anything_runs(root: Path, stand_in: Path) -> None:
    """A root with an endpoints block is refused for a rehearsal before Terraform is started once."""
    (root / "provider.tf").write_text('provider "aws" {\n  endpoints {\n    ssm = "https://example.com"\n  }\n}\n')

    with pytest.raises(ConfigurationError, match="endpoints"):
        Terraform(root, endpoint_url="http://127.0.0.1:1", provider=REGISTRY)
    assert not (stand_in / "arguments").exists()


def test_way_out_in_a_fetched_module_is_refused_before_the_plan(root: Path, stand_in: Path) -> None:
    """A module that only init brings is looked at before anything is planned."""
    manifest = json.dumps({"Modules": [{"Key": "", "Dir": "."}, {"Key": "m", "Dir": ".terraform/modules/m"}]})
    (stand_in / "body").write_text(
        "mkdir -p .terraform/modules/m\n"
        "echo 'provider \"aws\" { endpoints {} }' > .terraform/modules/m/main.tf\n"
        f"echo '{manifest}' > .terraform/modules/modules.json\n"
    )

    with (
        Terraform(root, endpoint_url="http://127.0.0.1:1", provider=REGISTRY) as terraform,
        pytest.raises(ConfigurationError, match="in m sets endpoints"),
    ):
        terraform.init()


def test_endpoints_are_the_callers_business_without_a_rehearsal(root: Path, stand_in: Path) -> None:
    """A plan of the caller's own is not judged."""
    (root / "provider.tf").write_text('provider "aws" {\n  endpoints {}\n}\n')
    with Terraform(root, provider=REGISTRY) as terraform:
        terraform.init()

    assert "init" in (stand_in / "arguments").read_text()


def test_cancel_ends_the_command(root: Path, stand_in: Path) -> None:
    """A cancel from another thread ends the command, which raises, and nothing starts after it."""
    (stand_in / "body").write_text("echo started\nexec sleep 600\n")
    terraform = Terraform(
        root,
        endpoint_url="http://127.0.0.1:1",
        provider=REGISTRY,
        on_line=lambda _: threading.Thread(target=terraform.cancel).start(),
    )
    with terraform:
        with pytest.raises(TerraformError, match="terraform init: cancelled"):
            terraform.init()
        with pytest.raises(TerraformError, match="terraform plan: cancelled"):
            terraform.plan()


def test_lines_are_told(root: Path) -> None:
    """What Terraform prints is told line by line, for those who wait."""
    lines: list[str] = []
    with Terraform(root, provider=REGISTRY, on_line=lines.append) as terraform:
        terraform.init()

    assert any("successfully initialized" in line for line in lines)


def test_tests_are_reported_run_by_run(root: Path) -> None:
    """Runs that fail are results with their reason, not errors of the adapter."""
    (root / "tests").mkdir()
    (root / "tests/one.tftest.hcl").write_text(
        'run "good" {\n  command = plan\n}\n'
        'run "bad" {\n  command = plan\n  assert {\n    condition     = var.text == "other"\n'
        '    error_message = "It is default."\n  }\n}\n'
    )
    with Terraform(root, provider=REGISTRY) as terraform:
        terraform.init()
        runs = {run.run: run for run in terraform.test()}

    assert {name: run.status for name, run in runs.items()} == {"good": "pass", "bad": "fail"}
    assert "It is default." in str(runs["bad"].diagnostics)


def test_broken_tests_are_an_error(root: Path) -> None:
    """A test file that Terraform cannot read is an error, not an empty result."""
    (root / "tests").mkdir()
    (root / "tests/one.tftest.hcl").write_text('run "a" {')
    with Terraform(root, provider=REGISTRY) as terraform, pytest.raises(TerraformError, match="closing brace"):
        terraform.test()
