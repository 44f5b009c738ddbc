"""The arguments of `albpatch rehearse`: every mistake is one line and exit status 2."""

import os
import shutil
from pathlib import Path

import pytest

from albpatch.cli import main
from albpatch.rehearsal.verb import nobodys_account

COMPLETE = Path(__file__).resolve().parents[3] / "examples/complete"


def run(capsys, *args):
    """Exit status and the lines on standard error."""
    status = main(["rehearse", *map(str, args)])
    return status, capsys.readouterr().err.splitlines()


def test_a_directory_that_is_not_there(capsys, tmp_path):
    """The directory is named."""
    status, said = run(capsys, tmp_path / "nowhere")

    assert (status, len(said)) == (2, 1)
    assert said[0].endswith("nowhere: there is no such directory")


def test_a_directory_without_terraform(capsys, tmp_path):
    """An empty directory is no configuration."""
    assert run(capsys, tmp_path) == (2, [f"albpatch: {tmp_path}: holds no Terraform configuration"])


def test_a_configuration_without_a_scenario(capsys, tmp_path):
    """What is missing and how to name another is said."""
    (tmp_path / "main.tf").write_text("", encoding="utf-8")
    status, said = run(capsys, tmp_path)

    assert (status, len(said)) == (2, 1)
    assert "there is no such scenario file; --scenario names another" in said[0]


@pytest.mark.parametrize("factor", ["0", "-3", "1000", "nan"])
def test_a_factor_out_of_range(capsys, factor):
    """Time runs forward, and not faster than the machine can follow."""
    status, said = run(capsys, COMPLETE, f"--factor={factor}")

    assert (status, len(said)) == (2, 1)
    assert "--factor: must be from 1 to 200" in said[0]


@pytest.mark.parametrize("acts", ["4", "", "1;2", "all"])
def test_acts_that_do_not_exist(capsys, acts):
    """There are three acts."""
    status, said = run(capsys, COMPLETE, f"--acts={acts}")

    assert (status, len(said)) == (2, 1)
    assert "--acts: must be some of 1,2,3" in said[0]


def test_a_bad_scenario(capsys, tmp_path):
    """The scenario's mistake is the one line on standard error."""
    scenario = tmp_path / "bad.yaml"
    scenario.write_text("exists: 1\nprofiles: {}\nassign: {}\n", encoding="utf-8")

    assert run(capsys, COMPLETE, "--scenario", scenario) == (
        2,
        ["albpatch: bad.yaml: exists: must be a mapping, not 1"],
    )


def test_terraform_that_is_not_installed(capsys, monkeypatch):
    """Its absence is one line with what to do."""
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    status, said = run(capsys, COMPLETE)

    assert (status, len(said)) == (2, 1)
    assert "Terraform is not on PATH: install" in said[0]


def test_a_configuration_that_could_reach_an_account(capsys, tmp_path):
    """A provider with an endpoints block is refused before anything starts."""
    (tmp_path / "main.tf").write_text(
        'provider "aws" {\n  endpoints {\n    ssm = "http://x"\n  }\n}\n', encoding="utf-8"
    )
    (tmp_path / "rehearsal.yaml").write_text(
        (COMPLETE / "rehearsal.yaml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    status, said = run(capsys, tmp_path)

    assert (status, len(said)) == (2, 1)
    assert "endpoints" in said[0]


def test_the_callers_aws_environment_is_not_there_and_comes_back(monkeypatch):
    """Inside a rehearsal there is no key, profile or endpoint of the caller; afterwards everything is as before."""
    mine = {"AWS_PROFILE": "production", "AWS_ACCESS_KEY_ID": "AKIA", "AWS_ENDPOINT_URL_SSM": "http://x"}
    for name, value in mine.items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)

    with nobodys_account():
        inside = {name: os.environ.get(name) for name in mine}
        files = {os.environ["AWS_CONFIG_FILE"], os.environ["AWS_SHARED_CREDENTIALS_FILE"]}

    assert set(inside.values()) == {None}
    assert files == {os.devnull}
    assert dict(os.environ) == before


@pytest.mark.parametrize("kinds", ["ours", "", "plain;bundled"])
def test_runbooks_that_do_not_exist(capsys, kinds):
    """There are three things to compare."""
    status, said = run(capsys, COMPLETE, f"--compare={kinds}")

    assert (status, len(said)) == (2, 1)
    assert "--compare: must be some of plain,aws-owned,bundled" in said[0]


def test_a_document_that_is_not_there(capsys, tmp_path):
    """AWS's runbook is read from a file, which is named."""
    status, said = run(capsys, COMPLETE, "--compare=aws-owned", f"--aws-owned-document={tmp_path / 'none.json'}")

    assert (status, len(said)) == (2, 1)
    assert "none.json: there is no such document; --aws-owned-document names AWS's runbook" in said[0]


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["--instances=1"], "--instances: must be from 2"),
        (["--instances=10", "--fleets=0"], "--fleets: must be from 1"),
        (["--instances=10", "--scenario=x.yaml"], "--scenario and --instances exclude each other"),
        (["--instances=10", "--concurrency=0"], "--concurrency: must be from 1"),
        (["--plan-json=x.json"], "--plan-json needs --scenario"),
        (["--plan-json=x.json", "--scenario=x.yaml", "--acts=2"], "--factor and --acts belong to scaled time"),
        (["--plan-json=x.json", "--scenario=x.yaml"], "x.yaml: there is no such scenario file"),
        (["--compare=plain", "--concurrency=2"], "--concurrency belongs to --instances"),
        (["--compare=plain", "--factor=10"], "--factor and --acts belong to scaled time"),
        (["--instances=10", "--acts=2"], "--factor and --acts belong to scaled time"),
    ],
)
def test_sizes_that_cannot_be_generated(capsys, args, text):
    """One line for a fleet that makes no sense."""
    status, said = run(capsys, COMPLETE, *args)

    assert (status, len(said)) == (2, 1)
    assert text in said[0]


NO_PLANS = [
    ("{", "is not JSON"),
    ("[]", "is no plan: give what `terraform show -json PLAN` prints"),
    ('{"planned_values": {}, "configuration": {}}', "makes no maintenance window of this module"),
]


@pytest.mark.parametrize(("content", "text"), NO_PLANS, ids=lambda value: value[:12])
def test_a_file_that_is_no_plan(capsys, tmp_path, content, text):
    """The file is named with what is wrong, and no Terraform was needed to find out."""
    (tmp_path / "plan.json").write_text(content, encoding="utf-8")
    scenario = COMPLETE / "rehearsal.yaml"
    status, said = run(capsys, f"--plan-json={tmp_path / 'plan.json'}", f"--scenario={scenario}")

    assert (status, len(said)) == (2, 1)
    assert f"plan.json: {text}" in said[0]
