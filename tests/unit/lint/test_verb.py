"""The verb `lint`."""

import io
import json

import pytest

from albpatch import cli
from unit.lint.documents import text_of

GOOD = text_of({"steps": [{"name": "A", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}}]})
WARNED = text_of({"steps": [{"name": "A", "action": "aws:approve", "inputs": {"Approvers": ["a"]}}]})
BAD = text_of({"steps": [{"name": "A", "action": "aws:sleep"}]})
DETACH = text_of(
    {
        "steps": [
            {
                "name": "A",
                "action": "aws:executeAwsApi",
                "inputs": {"Service": "autoscaling", "Api": "DetachInstances", "AutoScalingGroupName": "a"}
                | {"ShouldDecrementDesiredCapacity": True},
            }
        ]
    }
)


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(text):
        (tmp_path / "doc.json").write_text(text)
        return "doc.json"

    return write


def test_the_exit_status_follows_the_threshold(file):
    """0 is clean, 1 is a finding at or above --fail-on."""
    assert cli.main(["lint", file(GOOD)]) == 0
    assert cli.main(["lint", file(WARNED)]) == 0
    assert cli.main(["lint", file(WARNED), "--fail-on", "warning"]) == 1
    assert cli.main(["lint", file(BAD)]) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"schemaVersion": "0.3", ', "not valid JSON"),
        ("a: [", "not valid YAML"),
        ("[]", "is no Automation document"),
        ("", "is no Automation document"),
        ('{"schemaVersion": "2.2", "mainSteps": []}', "is a Command or Policy document (schemaVersion 2.2); what"),
    ],
)
@pytest.mark.parametrize("permissions", [[], ["--permissions"]])
def test_what_is_no_automation_document_is_one_line(file, capsys, text, said, permissions):
    """Exit status 2 and one clear line, the file named."""
    assert cli.main(["lint", file(text), *permissions]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("albpatch: doc.json: ")
    assert said in line


@pytest.mark.parametrize("path", ["nothing.json", "."])
def test_a_file_that_cannot_be_read(file, capsys, path):
    """Exit status 2 and one clear line."""
    file(GOOD)

    assert cli.main(["lint", path]) == 2
    assert capsys.readouterr().err.startswith(f"albpatch: {path}: ")


def test_bytes_that_are_no_text(file, tmp_path, capsys):
    """Exit status 2 and one clear line."""
    file(GOOD)
    (tmp_path / "doc.json").write_bytes(b"\xff\xfe\x00")

    assert cli.main(["lint", "doc.json"]) == 2
    assert capsys.readouterr().err == "albpatch: doc.json: is no UTF-8 text\n"


def test_the_standard_input(monkeypatch, capsys):
    """A dash reads the document from the standard input."""
    monkeypatch.setattr("sys.stdin", io.StringIO(BAD))

    assert cli.main(["lint", "-", "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["counts"]["error"] == 1


@pytest.mark.parametrize("name", ["terminal", "markdown", "junit", "json", "annotations", "sarif"])
def test_every_format_has_the_finding(file, capsys, name):
    """Every report names the rule that was broken."""
    assert cli.main(["lint", file(BAD), "--format", name]) == 1
    assert "document-refused" in capsys.readouterr().out


def test_a_document_without_steps_is_refused(file, capsys):
    """What can be parsed but not read further is a finding, not an unreadable file."""
    assert cli.main(["lint", file('{"schemaVersion": "0.3"}'), "--format", "annotations"]) == 1
    assert "mainSteps: is missing" in capsys.readouterr().out


def test_another_pair_of_calls(file, capsys):
    """--undo adds a call that takes out of service and the one that gives back."""
    pair = "autoscaling:DetachInstances=autoscaling:AttachInstances"

    assert cli.main(["lint", file(DETACH), "--fail-on", "warning"]) == 0
    assert cli.main(["lint", file(DETACH), "--fail-on", "warning", "--undo", pair]) == 1
    assert "left-detached" in capsys.readouterr().out


@pytest.mark.parametrize("pair", ["elbv2:DeregisterTargets", "a=b", "elbv2:Deregister=elbv2:RegisterTargets", ""])
def test_a_pair_that_is_none(file, capsys, pair):
    """Exit status 2 and one clear line."""
    assert cli.main(["lint", file(GOOD), "--undo", pair]) == 2
    assert "is no service:Operation" in capsys.readouterr().err


def test_permissions_are_a_policy(file, capsys):
    """The policy alone goes to the output, what cannot be told to the error output."""
    step = {"name": "A", "action": "aws:invokeLambdaFunction", "inputs": {"FunctionName": "f"}}

    assert cli.main(["lint", file(text_of({"steps": [step]})), "--permissions"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["Statement"][0]["Action"] == ["lambda:InvokeFunction"]
    assert err == "albpatch: not told by the document: A: what the function does\n"


def test_permissions_of_a_document_without_steps(file, capsys):
    """There is nothing to tell: exit status 2."""
    assert cli.main(["lint", file('{"schemaVersion": "0.3"}'), "--permissions"]) == 2
    assert "mainSteps: is missing" in capsys.readouterr().err
