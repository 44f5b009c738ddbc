"""Workflows and pipelines against the schemas that their services publish, as check-jsonschema carries them."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
GITHUB = [*sorted(ROOT.glob(".github/workflows/*.yml")), ROOT / "examples/pipeline/github-actions.yml"]
GITLAB = [ROOT / "examples/pipeline/gitlab-ci.yml"]


def validated(schema, *files):
    """The finished check of the files against a schema; gitlab-ci.yml has a tag of its own, !reference."""
    more = ["--data-transform", "gitlab-ci"] if schema == "vendor.gitlab-ci" else []
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *more, *files]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(("schema", "files"), [("vendor.github-workflows", GITHUB), ("vendor.gitlab-ci", GITLAB)])
def test_the_service_would_take_it(schema, files):
    """Every workflow of the project and of its examples is valid against the schema of its service."""
    done = validated(schema, *files)

    assert done.returncode == 0, done.stdout


BROKEN = [
    ("vendor.github-workflows", GITHUB[-1], lambda w: w["jobs"][next(iter(w["jobs"]))].pop("runs-on")),
    ("vendor.github-workflows", GITHUB[-1], lambda w: w["jobs"][next(iter(w["jobs"]))].update(permission={})),
    ("vendor.gitlab-ci", GITLAB[0], lambda w: w.update(plan={"script": 5})),
]


@pytest.mark.parametrize(("schema", "file", "change"), BROKEN)
def test_a_broken_one_is_refused(tmp_path, schema, file, change):
    """The schemas are really applied: a missing, an unknown and a mistyped key are found."""
    workflow = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    change(workflow)
    (tmp_path / "workflow.yml").write_text(yaml.safe_dump(workflow), encoding="utf-8")

    assert validated(schema, tmp_path / "workflow.yml").returncode == 1
