"""Child processes: followed line by line, and gone when we are."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from albpatch.process import Child

POLITE = (
    "import os, signal; signal.signal(signal.SIGINT, signal.SIG_DFL); print(os.getpid(), flush=True); signal.pause()"
)
DEAF = POLITE.replace("SIG_DFL", "SIG_IGN")


@pytest.fixture(autouse=True)
def heard_interruptions() -> Iterator[None]:
    """A shell starts what it runs in the background with SIGINT ignored; here an interruption must arrive."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_both_outputs_and_the_status_come_back(tmp_path: Path) -> None:
    """Exit status and both outputs come back in full."""
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"

    assert Child().run(python(code), tmp_path, os.environ) == (3, "out\n", "err\n")


def test_lines_are_told_as_they_come(tmp_path: Path) -> None:
    """Each line is told without its end, while the child still runs."""
    lines: list[str] = []
    child = Child(lines.append)
    child.run(python("print('one'); print('two')"), tmp_path, os.environ)

    assert lines == ["one", "two"]


def test_much_output_does_not_block(tmp_path: Path) -> None:
    """More than a pipe holds, on both outputs at once, blocks neither side."""
    code = "import sys; print('x' * 300000); print('y' * 300000, file=sys.stderr)"
    _, out, err = Child().run(python(code), tmp_path, os.environ)

    assert (len(out), len(err)) == (300001, 300001)


def test_environment_is_the_given_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The child sees the environment it is given and nothing of ours."""
    monkeypatch.setenv("OURS", "1")
    code = "import os; print(os.environ.get('OURS'), os.environ['THEIRS'])"
    _, out, _ = Child().run(python(code), tmp_path, {"THEIRS": "2"})

    assert out == "None 2\n"


@pytest.mark.parametrize("code", [POLITE, DEAF], ids=["polite", "deaf"])
def test_interruption_ends_the_child(tmp_path: Path, code: str) -> None:
    """Ctrl-C reaches us, not the child, and the child is gone before it goes on, even one that ignores the request."""
    started: list[int] = []

    def interrupt(line: str) -> None:
        started.append(int(line))
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        Child(interrupt, grace_seconds=0.1).run(python(code), tmp_path, os.environ)
    with pytest.raises(ProcessLookupError):
        os.kill(started[0], 0)


def test_interruption_before_the_first_line_ends_the_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interruption while the readers are being started leaves no child behind either."""
    started: list[int] = []
    popen = subprocess.Popen

    def start(*args: Any, **kwargs: Any) -> "subprocess.Popen[str]":
        process = popen(*args, **kwargs)
        started.append(process.pid)
        return process

    def interrupted(_thread: threading.Thread) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", start)
    monkeypatch.setattr(threading.Thread, "start", interrupted)

    with pytest.raises(KeyboardInterrupt):
        Child(grace_seconds=0.1).run(python(POLITE), tmp_path, os.environ)
    with pytest.raises(ProcessLookupError):
        os.kill(started[0], 0)


def test_what_the_child_started_goes_with_it(tmp_path: Path) -> None:
    """A grandchild, like a provider of Terraform's, is killed with its group."""
    code = (
        "import signal, subprocess, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); "
        f"subprocess.Popen([sys.executable, '-c', {POLITE!r}]); signal.pause()"
    )
    started: list[int] = []

    def cancel(line: str) -> None:
        started.append(int(line))
        threading.Thread(target=child.cancel).start()

    child = Child(cancel, grace_seconds=0.1)
    status, _, _ = child.run(python(code), tmp_path, os.environ)

    assert status < 0
    assert not Path(f"/proc/{started[0]}/cmdline").exists() or not Path(f"/proc/{started[0]}/cmdline").read_bytes()


def test_nothing_starts_after_a_cancel(tmp_path: Path) -> None:
    """A child that was cancelled before it started anything ends what it starts at once."""
    child = Child(grace_seconds=0.1)
    child.cancel()
    status, _, _ = child.run(python(POLITE), tmp_path, os.environ)

    assert status != 0


def test_failing_listener_ends_the_child(tmp_path: Path) -> None:
    """Somebody who cannot hear the lines any more, such as a closed pipe, ends the child and gets the error back."""

    def fail(line: str) -> None:
        raise BrokenPipeError(line)

    with pytest.raises(BrokenPipeError):
        Child(fail, grace_seconds=0.1).run(python(POLITE), tmp_path, os.environ)
