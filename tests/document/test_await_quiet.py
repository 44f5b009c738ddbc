"""The Command document that looks for connections on the host: what reaches the shell, and that the shell runs it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from albpatch.document import patterns
from albpatch.region import command_documents
from albpatch.region.operations import AwsError
from document.render import RUNBOOK

PROGRAM = (RUNBOOK / "host/await_quiet.py").read_text(encoding="utf-8")
LOOK = "1,65535 10.0.0.0/20,2001:db8::/64 65 30"
GIVEN = {"Mode": ["await"], "Look": [LOOK]}


@pytest.fixture(scope="module")
def text(outputs: dict[str, Any]) -> str:
    return str(outputs["await_quiet_document"])


@pytest.fixture(scope="module")
def content(text: str) -> dict[str, Any]:
    return dict(yaml.safe_load(text))


@pytest.fixture(scope="module")
def shell(content: dict[str, Any]) -> str:
    (step,) = content["mainSteps"]
    (command,) = step["inputs"]["runCommand"]
    return str(command)


def test_the_program_is_embedded_byte_for_byte(shell: str) -> None:
    """What runs on the host is the file that is tested."""
    line, _, rest = shell.partition("<<'END'\n")

    assert rest == f"{PROGRAM}END\n"
    assert "{{" not in PROGRAM and "\nEND\n" not in PROGRAM
    assert "{{" in line


def test_nothing_is_put_into_the_shell_unquoted(content: dict[str, Any], shell: str) -> None:
    """Every parameter stands between single quotes, and none may hold one: the shell takes it as it is."""
    line = shell.partition("<<")[0]

    assert set(re.findall(r"'\{\{ (\w+) \}\}'", line)) == set(content["parameters"])
    assert "{{" not in re.sub(r"'\{\{ \w+ \}\}'", "", line)
    for name, parameter in content["parameters"].items():
        allowed = "".join(parameter.get("allowedValues", []))
        assert "'" not in allowed + parameter.get("allowedPattern", ""), name
        assert "allowedValues" in parameter or not patterns.matches(parameter["allowedPattern"], "1';reboot;'"), name
        assert "allowedValues" in parameter or not patterns.matches(parameter["allowedPattern"], "1\n2"), name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Look", "80, 10.0.0.0/20 65 30"),
        ("Look", "80 81 65 30"),
        ("Look", "$(reboot) 10.0.0.0/20 65 30"),
        ("Look", "80 10.0.0.0 65 30"),
        ("Look", "80 example.org/8 65 30"),
        ("Look", "80 10.0.0.0/20 65"),
        ("Look", "80 10.0.0.0/20 65 30 1"),
        ("Look", "none"),
        ("Mode", "restart"),
        ("QuietSeconds", "0"),
        ("LimitSeconds", "99999"),
    ],
)
def test_values_that_are_refused(text: str, name: str, value: str) -> None:
    """Run Command sends nothing that a pattern does not allow."""
    document = command_documents.read("await-quiet", text)
    assert document.run(GIVEN).arguments[:2] == ("await", LOOK)

    with pytest.raises(AwsError, match="InvalidParameters"):
        document.run({**GIVEN, name: [value]})


def test_it_ends_with_its_limit(text: str) -> None:
    """Run Command ends the program where it gives up itself: a host that hangs costs no more than the delay."""
    run = command_documents.read("await-quiet", text).run({**GIVEN, "LimitSeconds": ["305"]})

    assert (run.step_timeout, run.only_on) == (305, "Linux")


@pytest.mark.parametrize("mode", ["probe", "await"])
def test_a_shell_runs_it(shell: str, mode: str) -> None:
    """A real sh feeds the program to a real Python: nobody is connected to port 1, and the limit is too short."""
    given = {"Mode": mode, "Look": "1 192.0.2.0/24 1 30", "QuietSeconds": "30", "LimitSeconds": "1", "LookSeconds": "2"}
    script = re.sub(r"\{\{ (\w+) \}\}", lambda found: given[found[1]], shell)

    done = subprocess.run(
        [str(shutil.which("sh")), "-c", script], capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.returncode, done.stderr) == (1, "")
    assert json.loads(done.stdout) == {
        "mode": mode,
        "done": False,
        "seconds": 0,
        "looks": 1,
        "open": 0,
        "seen": [],
    }
