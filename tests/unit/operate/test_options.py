"""Which deployment is meant. Bad input is one line and exit status 2, before AWS is asked."""

from __future__ import annotations

import io
import json

import pytest

from albpatch import cli
from unit.test_settings import RECORD

VERBS = ["start", "watch", "status", "stop", "repair"]


def said(capsys, *args: str) -> tuple[int, str]:
    status = cli.main(list(args))
    return status, capsys.readouterr().err


@pytest.fixture
def file(tmp_path):
    def write(*records: object) -> str:
        path = tmp_path / "deployment.json"
        path.write_text(json.dumps({f"deployment_{n}": {"value": record} for n, record in enumerate(records)}))
        return str(path)

    return write


@pytest.mark.parametrize("verb", VERBS)
def test_a_deployment_has_to_be_given(verb, capsys, monkeypatch, file):
    """None, a file that is not there, several without a name, a name that is not there: each is said."""
    args = [verb, *(["--all"] if verb == "repair" else []), *(["--yes"] if verb in ("start", "stop", "repair") else [])]
    two = file(RECORD, {**RECORD, "name": "api"})

    status, line = said(capsys, *args, "--deployment", "nowhere.json")
    assert (status, line) == (2, "albpatch: cannot read nowhere.json: No such file or directory\n")
    status, line = said(capsys, *args, "--deployment", two)
    assert (status, line) == (2, "albpatch: 2 deployments are given, choose one with --name: api, web\n")
    status, line = said(capsys, *args, "--deployment", two, "--name", "db")
    assert (status, line) == (2, "albpatch: no deployment named db, only api, web\n")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    status, line = said(capsys, *args)
    assert (status, line.count("\n"), "no deployment given: --deployment FILE" in line) == (2, 1, True)


def test_a_clone_of_the_runbook_of_aws(capsys, file):
    """It keeps no records: there is nothing to show, to stop or to repair."""
    clone = {**RECORD, "lease_table": None, "restore": None}
    status, line = said(capsys, "status", "--deployment", file(clone))

    assert (status, "web runs a clone of AWS's runbook, which keeps no records" in line) == (2, True)


def test_a_piped_deployment_cannot_answer(capsys, monkeypatch):
    """Standard input is the record, so that nobody can say yes there."""
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(RECORD)))
    for verb in ("start", "stop"):
        status, line = said(capsys, verb)
        assert (status, line.count("\n"), "nobody can be asked here" in line) == (2, 1, True)


@pytest.mark.parametrize(
    "args",
    [
        ["start", "--fleet", "web", "--instance", "i-1"],
        ["start", "--unpause", "--fleet", "web"],
        ["watch", "--roll", "1", "--execution", "2"],
        ["stop", "--pause"],
        ["repair", "--keep-out", "--forget"],
        ["status", "--format", "xml"],
    ],
)
def test_options_that_exclude_each_other(args, capsys):
    """Two answers to one question are refused."""
    assert cli.main(args) == 2
    assert "error: " in capsys.readouterr().err
