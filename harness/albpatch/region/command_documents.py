"""Command documents of an account: schema 2.2 with one aws:runShellScript step that feeds a Python program to python3.

Source: Systems Manager user guide, "Command document plugin reference" and "Data elements and parameters". Of the shell
only this one form is understood:

    exec python3 -I - ARGUMENTS <<'END'
    ...
    END
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from albpatch.document import text as document_text
from albpatch.document.model import MISSING, Defect, Parameter, Refused
from albpatch.document.parameters import problems, read_parameters
from albpatch.document.references import UNRESOLVED, resolve
from albpatch.document.values import as_text
from albpatch.region import host_programs, proc_net
from albpatch.region.connections import Connections
from albpatch.region.core import Region
from albpatch.region.hosts import Host
from albpatch.region.operations import AwsError, NotKnownHere
from albpatch.region.patch_baseline import HostLost
from albpatch.region.target_groups import Instances

SHELL_PLATFORMS = ("Linux", "MacOS")
DEFAULT_TIMEOUT = "3600"
LONGEST_OUTPUT = 2500  # characters that Run Command keeps of a step's output
NOT_FOUND = 127
_FED = re.compile(r"(?P<line>(?:[^\n]*\\\n)*[^\n]*)<<'(?P<end>\w+)'\n(?P<program>.*\n)(?P=end)\s*", re.DOTALL)
_FALLBACK = re.compile(r"\$\(command -v python3 \|\| echo ([\w./-]+)\)")
_QUOTED = re.compile(r"'[^']*'|\"[^\"$`\\]*\"|\"\$\(command -v python3 \|\| echo [\w./-]+\)\"")
_BARE = re.compile(r"[\w\s./=,:-]*")


@dataclass(frozen=True)
class ShellRun:
    """One run of such a document on hosts."""

    document: str
    step: str
    platforms: tuple[str, ...]
    only_on: str
    step_timeout: float
    interpreter: str
    arguments: tuple[str, ...]
    program: str
    operation: str = ""

    @property
    def plugins(self) -> tuple[str, ...]:
        return (self.step,)

    def on(self, region: Region, host: Host, _command_id: str) -> tuple[int, str]:
        """Run it, from an activity. Returns exit status and output. Raises HostLost when the host goes down."""
        if self.only_on not in ("", host.profile.platform):
            unmet = f'"StringEquals": [platformType, {self.only_on}]'
            return 0, f"Step execution skipped due to unsatisfied preconditions: '{unmet}'. Step name: {self.step}"
        if not host.profile.python3:
            found = _FALLBACK.fullmatch(self.interpreter)
            return _ended(NOT_FOUND, "", f"sh: {found[1] if found else self.interpreter}: not found\n")
        boots, connections = host.boots, region.part(Connections)
        instance = region.part(Instances).get(host.id)
        address = instance.private_ip if instance is not None else "127.0.0.1"

        def check() -> None:
            if host.boots != boots:
                raise host_programs.MachineDown

        try:
            ended = host_programs.run(
                self.program,
                list(self.arguments),
                region.clock,
                lambda: proc_net.files(host, address, connections),
                check,
            )
        except host_programs.MachineDown:
            raise HostLost(host.id) from None
        return _ended(*ended)


def _ended(status: int, out: str, error: str) -> tuple[int, str]:
    """Exit status and output as the agent reports them."""
    if status:
        error += f"failed to run commands: exit status {status}"
    return status, (f"{out}\n----------ERROR-------\n{error}" if error else out)[:LONGEST_OUTPUT]


@dataclass(frozen=True)
class CommandDocument:
    """A document whose form is understood."""

    name: str
    parameters: tuple[Parameter, ...]
    step: str
    only_on: str
    timeout: str
    shell: str

    def run(self, given: dict[str, list[str]]) -> ShellRun:
        """What to run with these parameters. Raises AwsError InvalidParameters as SendCommand does."""
        unknown = sorted(set(given) - {p.name for p in self.parameters})
        if unknown:
            raise AwsError("InvalidParameters", f"{self.name} has no parameter {', '.join(unknown)}")
        values = {p.name: self._value(p, given.get(p.name)) for p in self.parameters}

        def filled(text: str) -> str:
            return str(resolve(text, lambda name: values.get(name, UNRESOLVED), as_text))

        timeout = filled(self.timeout)
        if not timeout.isdigit():
            raise AwsError("InvalidParameters", f"timeoutSeconds: {timeout!r} is not a number of seconds")
        interpreter, arguments, program = _program(filled(self.shell))
        return ShellRun(
            self.name,
            self.step,
            SHELL_PLATFORMS,
            self.only_on,
            float(timeout),
            interpreter,
            tuple(arguments),
            program,
        )

    def _value(self, parameter: Parameter, given: list[str] | None) -> str:
        if given is None:
            if parameter.default is MISSING:
                raise AwsError("InvalidParameters", f"{parameter.name}: a value is required")
            return as_text(parameter.default)
        if len(given) != 1:
            raise AwsError("InvalidParameters", f"{parameter.name}: one value expected, {len(given)} given")
        wrong = problems(parameter, given[0])
        if wrong:
            raise AwsError("InvalidParameters", f"{parameter.name}: {wrong[0]}")
        return given[0]


@lru_cache(maxsize=64)
def read(name: str, text: str) -> CommandDocument:
    """Read a document. Raises Refused for what CreateDocument would refuse, NotKnownHere for every other form."""
    raw = document_text.parse(text)
    if not isinstance(raw, dict) or str(raw.get("schemaVersion")) != "2.2":
        raise NotKnownHere(f"{name}: a Command document of another schema than 2.2")
    _only(name, raw, "schemaVersion", "description", "parameters", "mainSteps")
    defects: list[Defect] = []
    parameters = read_parameters(raw.get("parameters") or {}, lambda where, what: defects.append(Defect(where, what)))
    if defects:
        raise Refused(defects)
    if any(p.type != "String" for p in parameters.values()):
        raise NotKnownHere(f"{name}: parameters of other types than String")
    steps = raw.get("mainSteps")
    if not isinstance(steps, list) or len(steps) != 1 or steps[0].get("action") != "aws:runShellScript":
        raise NotKnownHere(f"{name}: other steps than one aws:runShellScript")
    _only(name, steps[0], "name", "action", "precondition", "inputs")
    inputs = steps[0].get("inputs") or {}
    _only(name, inputs, "timeoutSeconds", "runCommand")
    commands = inputs.get("runCommand")
    if not isinstance(commands, list) or not all(isinstance(line, str) for line in commands):
        raise Refused([Defect("mainSteps[0].inputs.runCommand", "is a list of lines")])
    return CommandDocument(
        name,
        tuple(parameters.values()),
        str(steps[0]["name"]),
        _precondition(name, steps[0].get("precondition")),
        str(inputs.get("timeoutSeconds", DEFAULT_TIMEOUT)),
        "\n".join(commands),
    )


def _only(name: str, mapping: dict[str, Any], *known: str) -> None:
    unknown = sorted(set(mapping) - set(known))
    if unknown:
        raise NotKnownHere(f"{name}: a Command document with {', '.join(unknown)}")


def _precondition(name: str, raw: Any) -> str:
    if raw is None:
        return ""
    match raw:
        case {"StringEquals": ["platformType", "Linux" | "Windows" | "MacOS" as platform]} if len(raw) == 1:
            return str(platform)
    raise NotKnownHere(f"{name}: the precondition {raw}")


def _program(shell: str) -> tuple[str, list[str], str]:
    """Interpreter, arguments and program of a shell script that only feeds a program to python3."""
    found = _FED.fullmatch(shell)
    line = found["line"].replace("\\\n", " ") if found else ""
    if found is None or _BARE.fullmatch(_QUOTED.sub("", line)) is None or f"\n{found['end']}\n" in found["program"]:
        raise NotKnownHere("a shell script that does more than feed a program to python3")
    words = shlex.split(line)
    words = words[1:] if words[:1] == ["exec"] else words
    interpreter, rest = words[0] if words else "", [word for word in words[1:] if word != "-I"]
    known = interpreter in ("python3", "/usr/bin/python3") or _FALLBACK.fullmatch(interpreter) is not None
    if not known or rest[:1] != ["-"]:
        raise NotKnownHere("a shell script that does more than feed a program to python3")
    return interpreter, rest[1:], found["program"]
