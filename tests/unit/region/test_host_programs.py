"""What a program on a virtual host can reach: the region's time, /proc/net, pure modules, and nothing else."""

from __future__ import annotations

import pytest

from albpatch.region import host_programs
from albpatch.region.clock import VirtualClock
from albpatch.region.operations import NotKnownHere

FILES = {"/proc/net/tcp": "a\nb\n"}


def run(program: str, *arguments: str) -> tuple[int, str, str]:
    return host_programs.run(program, list(arguments), VirtualClock(), lambda: FILES, lambda: None)


def test_arguments_and_output():
    """argv is what python3 - would see; what is printed to standard error is kept apart."""
    program = "import sys\nprint(sys.argv)\nprint('oh', file=sys.stderr)\nsys.exit()\n"

    assert run(program, "a", "b") == (0, "['-', 'a', 'b']\n", "oh\n")


def test_files():
    """Files of /proc/net are those of the moment; others of it do not exist."""
    assert run("print(list(open('/proc/net/tcp')))") == (0, "['a\\n', 'b\\n']\n", "")

    status, _, error = run("open('/proc/net/udp')")
    assert status == 1 and "FileNotFoundError" in error


@pytest.mark.parametrize(
    "program",
    [
        "import os",
        "import socket",
        "from urllib import request",
        "open('/etc/passwd')",
        "open('/proc/net/tcp', 'w')",
        "try:\n    import subprocess\nexcept Exception:\n    pass",
        "def read():\n    try:\n        open('/etc/shadow')\n    except BaseException:\n        return\nread()",
    ],
)
def test_not_known_here(program):
    """Everything else on a machine is not known here, even if the program swallows the error."""
    with pytest.raises(NotKnownHere, match="a program on a host that"):
        run(program)


def test_waits_are_the_clocks():
    """The wall clock is not waited for, and a machine that went down meanwhile ends the program for good."""
    clock, down, ended = VirtualClock(), [], []

    def check() -> None:
        if down:
            raise host_programs.MachineDown

    def work() -> None:
        program = "import time\ntry:\n    time.sleep(3600)\nexcept Exception:\n    pass\nprint(time.time())\n"
        began = clock.time()
        ended.append(float(host_programs.run(program, [], clock, lambda: FILES, check)[1]) - began)
        down.append(True)
        with pytest.raises(host_programs.MachineDown):
            host_programs.run(program, [], clock, lambda: FILES, check)

    clock.run(clock.spawn("work", work))
    clock.close()

    assert ended == [3600]
