"""A child process whose output is followed line by line and which never outlives an interruption."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO


class Child:
    """Runs one command at a time, in a process group of its own.

    The terminal's Ctrl-C therefore reaches the child once, through us, and what it started goes with it.
    grace_seconds: how long an interrupted child may take to end by itself.
    """

    def __init__(self, on_line: Callable[[str], None] | None = None, grace_seconds: float = 10.0) -> None:
        self.cancelled = False
        self._on_line, self._grace_seconds = on_line, grace_seconds
        self._process: subprocess.Popen[str] | None = None
        self._deaf: Exception | None = None

    def run(self, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> tuple[int, str, str]:
        """Exit status (negative: the signal), standard output, standard error. Raises OSError when it cannot start."""
        process = self._process = subprocess.Popen(
            list(command),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        outputs: list[tuple[IO[str], list[str]]] = [(process.stdout, []), (process.stderr, [])]
        readers: list[threading.Thread] = []
        try:
            # Inside the block: an interruption between the start of the child and its first line must find it, too.
            for output in outputs:
                reader = threading.Thread(target=self._read, args=output, daemon=True)
                reader.start()
                readers.append(reader)
            if self.cancelled:
                _end(process, self._grace_seconds)
            process.wait()
            if self.cancelled:
                _end(process, 0)
        except BaseException:
            _end(process, self._grace_seconds)
            raise
        finally:
            # The outputs end with the last process that holds them; closing one under its reader would block.
            for reader in readers:
                reader.join()
            for stream, _ in outputs:
                stream.close()
            self._process = None
        if self._deaf is not None:
            raise self._deaf
        return process.returncode, "".join(outputs[0][1]), "".join(outputs[1][1])

    def cancel(self) -> None:
        """Ends the running command, if any, and every later one; from any thread."""
        self.cancelled = True
        process = self._process
        if process is not None:
            _end(process, self._grace_seconds)

    def _read(self, stream: IO[str], lines: list[str]) -> None:
        for line in stream:
            lines.append(line)
            if self._on_line is not None and self._deaf is None:
                try:
                    self._on_line(line.rstrip("\n"))
                except Exception as error:  # passed on by run(): a reader that stopped would block the child
                    self._deaf = error
                    self.cancel()


def _end(process: "subprocess.Popen[str]", grace_seconds: float) -> None:
    """Asks the child to stop, then kills its whole group. A second interruption shortens the waiting."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
    try:
        process.wait(grace_seconds)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        pass
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
