"""A Python program that runs on a virtual host: its time is the region's, its /proc/net is the host's.

What else a program could reach on a machine (other files, processes, sockets) is not known here.
"""

from __future__ import annotations

import builtins
import importlib
import io
import sys
import traceback
from collections.abc import Callable
from functools import lru_cache
from types import CodeType, SimpleNamespace
from typing import Any

from albpatch.region.automation.script_modules import TimeModule
from albpatch.region.clock import Clock, NoProgress
from albpatch.region.operations import NotKnownHere

PURE = ("collections", "functools", "ipaddress", "itertools", "json", "math", "re", "typing")
KNOWN_FOLDER = "/proc/net/"
Files = Callable[[], dict[str, str]]


def run(text: str, arguments: list[str], clock: Clock, files: Files, check: Callable[[], None]) -> tuple[int, str, str]:
    """Run the program as `python3 - ARGUMENTS` would. Returns exit status, standard output and standard error.

    Args:
        files: what the host shows under /proc/net at this moment, path to content.
        check: called after every wait; raises when the machine has gone meanwhile.
    """
    program = _Program(arguments, clock, files, check)
    return program.run(text)


class MachineDown(BaseException):
    """The machine went down under the program. No handler of the program may swallow it."""


class _Program:
    def __init__(self, arguments: list[str], clock: Clock, files: Files, check: Callable[[], None]) -> None:
        self._files, self._unknown = files, list[NotKnownHere]()
        self._out, self._error = io.StringIO(), io.StringIO()
        self._time = _HostTime(clock, check)
        self._sys = SimpleNamespace(
            argv=["-", *arguments], exit=_exit, stdout=self._out, stderr=self._error, byteorder=sys.byteorder
        )

    def run(self, text: str) -> tuple[int, str, str]:
        namespace = {"__name__": "__main__", "__builtins__": self._builtins()}
        status = 0
        try:
            exec(_compiled(text), namespace)
        except SystemExit as end:
            status = _status(end.code, self._error)
        except (NotKnownHere, NoProgress):
            raise
        except Exception as error:
            traceback.print_exception(error, file=self._error)
            status = 1
        if self._unknown:  # the program may have swallowed it
            raise self._unknown[0]
        return status, self._out.getvalue(), self._error.getvalue()

    def _builtins(self) -> dict[str, Any]:
        return {**vars(builtins), "__import__": self._import, "open": self._open, "print": self._print}

    def _import(self, name: str, globals_: Any = None, locals_: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        if name == "time":
            return self._time
        if name == "sys":
            return self._sys
        if name.partition(".")[0] not in PURE:
            raise self._not_known(f"a program on a host that imports {name}")
        return importlib.__import__(name, globals_, locals_, fromlist, level)

    def _open(self, path: Any, mode: str = "r", **_: Any) -> io.StringIO:
        if mode not in ("r", "rt") or not str(path).startswith(KNOWN_FOLDER):
            raise self._not_known(f"a program on a host that opens {path} ({mode})")
        files = self._files()
        if str(path) not in files:
            raise FileNotFoundError(2, "No such file or directory", str(path))
        return io.StringIO(files[str(path)])

    def _print(self, *values: Any, file: Any = None, flush: bool = False, **how: Any) -> None:
        builtins.print(*values, file=file or self._out, flush=flush, **how)

    def _not_known(self, what: str) -> NotKnownHere:
        self._unknown.append(NotKnownHere(what))
        return self._unknown[-1]


class _HostTime(TimeModule):
    """The module `time` on a host: a machine that has gone down runs nothing any more."""

    def __init__(self, clock: Clock, check: Callable[[], None]) -> None:
        super().__init__(clock)
        self._check = check

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self._check()


def _exit(code: Any = None) -> None:
    raise SystemExit(code)


def _status(code: Any, error: io.StringIO) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    error.write(f"{code}\n")
    return 1


@lru_cache(maxsize=64)
def _compiled(text: str) -> CodeType:
    return compile(text, "<stdin>", "exec")
