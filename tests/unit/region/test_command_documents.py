"""Command documents of the account: parameters, the one form of shell that is understood, programs on a host."""

from __future__ import annotations

import json
from typing import Any

import pytest

from albpatch.region.hosts import Profile
from albpatch.region.operations import AwsError, NotKnownHere
from data_plane import Fleet

PYTHON = '"$(command -v python3 || echo /usr/libexec/platform-python)"'
HELLO = "import sys\nprint('hello', *sys.argv[1:])\n"


@pytest.fixture(scope="module")
def fleet():
    made = Fleet(1)
    made.windows = made.instance(1, Profile(platform="Windows"))
    made.mac = made.instance(2, Profile(platform="MacOS"))
    made.bare = made.instance(3, Profile(python3=False))
    yield made
    made.region.close()


@pytest.fixture(scope="module")
def greeting(fleet):
    return create(fleet, "greeting", document())


@pytest.fixture(scope="module")
def sleeper(fleet):
    return create(fleet, "sleeper", document("import time\ntime.sleep(1000)\nprint('done')\n"))


def document(program: str = HELLO, line: str | None = None, **more: Any) -> dict[str, Any]:
    """A document of one step that runs the program."""
    line = line or f"exec {PYTHON} -I - '{{{{ Word }}}}'"
    inputs = {"timeoutSeconds": "{{ Limit }}", "runCommand": [f"{line} <<'END'\n{program}END\n"]}
    return {
        "schemaVersion": "2.2",
        "parameters": {
            "Word": {"type": "String", "allowedPattern": "^[a-z]+$", "default": "world"},
            "Limit": {"type": "String", "allowedPattern": "^[0-9]+$", "default": "600"},
        },
        "mainSteps": [{"name": "Look", "action": "aws:runShellScript", "inputs": inputs}],
    } | more


def create(fleet: Fleet, name: str, content: Any) -> str:
    text = content if isinstance(content, str) else json.dumps(content)
    fleet.call("ssm", "CreateDocument", Name=name, Content=text, DocumentType="Command", DocumentFormat="JSON")
    return name


def send(fleet: Fleet, name: str, instance_id: str | None = None, wait: bool = True, **parameters: str) -> str:
    given = {key: [value] for key, value in parameters.items()}
    ids = [instance_id or fleet.ids[0]]
    command = fleet.call("ssm", "SendCommand", DocumentName=name, InstanceIds=ids, Parameters=given)["Command"]
    if wait:
        fleet.clock.run()
    return str(command["CommandId"])


def result(fleet: Fleet, command_id: str) -> tuple[str, int, str]:
    """Status, exit status and output of the command's only step."""
    params = {"CommandId": command_id, "Details": True}
    (invocation,) = fleet.call("ssm", "ListCommandInvocations", **params)["CommandInvocations"]
    (plugin,) = invocation["CommandPlugins"]
    assert plugin["Name"] == "Look"
    return invocation["StatusDetails"], plugin["ResponseCode"], plugin["Output"]


def ran(fleet: Fleet, name: str, program: str, **more: Any) -> tuple[str, int, str]:
    return result(fleet, send(fleet, create(fleet, name, document(program, **more))))


class TestParameters:
    """SendCommand refuses what the document does not allow."""

    def test_defaults_and_given_values(self, fleet, greeting):
        """A value given replaces the default, in the text of the script."""
        assert result(fleet, send(fleet, greeting)) == ("Success", 0, "hello world\n")
        assert result(fleet, send(fleet, greeting, Word="there")) == ("Success", 0, "hello there\n")

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"Word": "a'b"}, "does not match the allowed pattern"),
            ({"Word": "$(reboot)"}, "does not match the allowed pattern"),
            ({"Other": "a"}, "has no parameter Other"),
        ],
    )
    def test_refused(self, fleet, greeting, given, message):
        """Nothing that the pattern does not allow reaches the shell."""
        with pytest.raises(AwsError, match="InvalidParameters") as refused:
            send(fleet, greeting, **given)

        assert message in refused.value.message

    def test_a_value_that_is_missing(self, fleet):
        """A parameter without a default has to be given."""
        made = document()
        del made["parameters"]["Word"]["default"]

        with pytest.raises(AwsError, match="a value is required"):
            send(fleet, create(fleet, "missing", made))

    def test_a_document_of_another_kind(self, fleet):
        """Run Command runs documents of type Command only, and only those that exist."""
        content = {"schemaVersion": "0.3", "mainSteps": [{"name": "W", "action": "aws:sleep", "isEnd": True,
                                                          "inputs": {"Duration": "PT1M"}}]}  # fmt: skip
        fleet.call("ssm", "CreateDocument", Name="auto", Content=json.dumps(content), DocumentType="Automation")

        for name in ("auto", "nobody"):
            with pytest.raises(AwsError, match="InvalidDocument"):
                send(fleet, name)

    def test_content_that_is_refused(self, fleet):
        """CreateDocument refuses a document that it cannot read."""
        wrong = document()
        wrong["parameters"]["Word"]["allowedPattern"] = "("

        for content in ("{", wrong):
            with pytest.raises(AwsError, match="InvalidDocumentContent"):
                create(fleet, "wrong", content)


class TestShell:
    """Of the shell only one form is understood."""

    @pytest.mark.parametrize(
        "line",
        ["python3 - a", "exec python3 -I - 'a' \\\n  b", "/usr/bin/python3 - a", f"exec {PYTHON} - 'a'"],
    )
    def test_understood(self, fleet, line):
        """Interpreter, options and quoted arguments in the usual spellings."""
        status, _, output = ran(fleet, f"line-{sum(line.encode())}", HELLO, line=line)

        assert (status, output.split()[:2]) == ("Success", ["hello", "a"])

    @pytest.mark.parametrize(
        "line",
        [
            "python3 - $HOME",
            "python3 - `id`",
            "reboot; python3 -",
            'python3 - "$(id)"',
            "python3 - a > /tmp/out",
            "perl -",
            "python3 /tmp/program.py",
            "python3 -c pass -",
        ],
    )
    def test_not_known_here(self, fleet, line):
        """Everything else is an error of the region, not a guess."""
        name = create(fleet, f"unknown-{sum(line.encode())}", document(line=line))

        with pytest.raises(NotKnownHere):
            send(fleet, name)

    def test_other_steps(self, fleet):
        """So is every other step, field or schema."""
        two = document()
        two["mainSteps"] *= 2
        other = document()
        other["mainSteps"][0]["action"] = "aws:softwareInventory"
        field = document()
        field["mainSteps"][0]["onFailure"] = "exit"

        for number, content in enumerate((two, other, field, document(schemaVersion="1.2"))):
            with pytest.raises(NotKnownHere):
                send(fleet, create(fleet, f"other-{number}", content))


class TestProgram:
    """A program sees the region's time and the host's connections, and nothing else."""

    def test_time_is_the_regions(self, fleet):
        """Sleeping costs no time of this machine; the clock of the program is the region's."""
        program = "import time\nbegun = time.monotonic()\ntime.sleep(300)\nprint(round(time.monotonic() - begun))\n"
        before = fleet.clock.time()

        assert ran(fleet, "time", program) == ("Success", 0, "300\n")
        assert fleet.clock.time() - before >= 301

    def test_exit_status_and_errors(self, fleet):
        """A status other than 0 is Failed; what went wrong is in the output."""
        assert ran(fleet, "exit", "import sys\nprint('no')\nsys.exit(3)\n") == (
            "Failed",
            3,
            "no\n\n----------ERROR-------\nfailed to run commands: exit status 3",
        )
        status, code, output = ran(fleet, "raise", "int('x')\n")
        assert (status, code) == ("Failed", 1) and "ValueError: invalid literal" in output
        status, code, output = ran(fleet, "words", "import sys\nsys.exit('gone wrong')\n")
        assert (status, code) == ("Failed", 1) and "gone wrong" in output

    def test_the_kernels_tables(self, fleet):
        """/proc/net/tcp is there with its head; connection tracking is not, unless the host shows it."""
        program = (
            "print(open('/proc/net/tcp').read().split()[:2])\n"
            "try:\n    open('/proc/net/nf_conntrack')\nexcept FileNotFoundError as error:\n    print(error.filename)\n"
        )

        assert ran(fleet, "tables", program)[2] == "['sl', 'local_address']\n/proc/net/nf_conntrack\n"

    def test_no_python(self, fleet):
        """Without Python the shell finds no interpreter."""
        name = create(fleet, "no-python", document())

        status, code, output = result(fleet, send(fleet, name, fleet.bare))

        assert (status, code) == ("Failed", 127) and "platform-python: not found" in output


class TestPlatforms:
    """A shell script runs where there is a shell."""

    def test_windows(self, fleet):
        """SendCommand refuses a machine that none of the document's steps can run on."""
        with pytest.raises(AwsError, match="UnsupportedPlatformType"):
            send(fleet, create(fleet, "windows", document()), fleet.windows)

    def test_a_precondition_that_is_not_met(self, fleet):
        """A skipped step is a success that did nothing."""
        made = document()
        made["mainSteps"][0]["precondition"] = {"StringEquals": ["platformType", "Linux"]}
        name = create(fleet, "linux-only", made)

        status, code, output = result(fleet, send(fleet, name, fleet.mac))

        assert (status, code) == ("Success", 0) and "skipped due to unsatisfied preconditions" in output
        assert result(fleet, send(fleet, name))[2] == "hello world\n"


class TestEnds:
    """How a command ends whose program does not."""

    def test_execution_timeout_is_the_documents(self, fleet, sleeper):
        """timeoutSeconds may be a parameter."""
        began = fleet.clock.time()
        command = send(fleet, sleeper, wait=False, Limit="90")
        fleet.pass_time(1100)

        assert result(fleet, command)[0] == "ExecutionTimedOut"
        assert fleet.journal.of("command", command)[-1].time == began + 1 + 90

    def test_an_agent_that_goes_away(self, fleet, sleeper):
        """Nobody reports the end: the service waits for delivery and execution time-out together."""
        began, own = fleet.clock.time(), fleet.instance(4)
        command = send(fleet, sleeper, own, wait=False, Limit="2000")
        fleet.pass_time(10)
        fleet.hosts[own].lose_agent()
        fleet.pass_time(6000)

        assert result(fleet, command)[0] == "ExecutionTimedOut"
        assert fleet.journal.of("command", command)[-1].time == began + 3600 + 2000

    def test_a_reboot_ends_the_program(self, fleet, sleeper):
        """A machine that went down runs nothing on: the command is never a success."""
        own = fleet.instance(5)
        command = send(fleet, sleeper, own, wait=False, Limit="2000")
        fleet.pass_time(10)
        fleet.hosts[own].reboot()
        fleet.pass_time(6000)

        status, _, output = result(fleet, command)
        assert (status, output) == ("ExecutionTimedOut", "")

    def test_get_command_invocation(self, fleet):
        """A document of one step needs no PluginName."""
        command = send(fleet, create(fleet, "get", document()))
        params = {"CommandId": command, "InstanceId": fleet.ids[0]}

        answer = fleet.call("ssm", "GetCommandInvocation", **params)

        assert (answer["DocumentName"], answer["PluginName"]) == ("get", "Look")
        assert (answer["Status"], answer["StandardOutputContent"]) == ("Success", "hello world\n")
