"""Removes the guards of tests/mutants/guards.yaml one at a time, in a copy, and looks whether the named test notices.

Run from the project's folder. Exits with 1 when a guard can be removed unnoticed, with 2 when the list does not fit the
project any more.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

ROOT = Path(__file__).resolve().parents[1]
LIST = ROOT / "tests/mutants/guards.yaml"
FAILED = 1  # pytest's exit status when tests ran and one failed


class Unfit(Exception):
    """A guard that is not in its file any more, or a list that cannot be read."""


@dataclass(frozen=True)
class Mutant:
    """A guard, the edit that removes it, and the test that must fail then."""

    guard: str
    file: str
    old: str
    new: str
    test: str


def mutants(path: Path = LIST) -> list[Mutant]:
    """The list. Raises Unfit."""
    try:
        return [Mutant(**entry) for entry in yaml.safe_load(path.read_text(encoding="utf-8"))]
    except (OSError, TypeError, yaml.YAMLError) as error:
        raise Unfit(f"{path.name}: {' '.join(str(error).split())}") from None


def without(mutant: Mutant, root: Path) -> str:
    """The file's text without the guard. Raises Unfit unless the guard stands there exactly once."""
    path = root / mutant.file
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    found = text.count(mutant.old)
    if found != 1 or mutant.new == mutant.old:
        raise Unfit(f"{mutant.guard}: its text stands {found} times in {mutant.file}, not once")
    return text.replace(mutant.old, mutant.new)


@contextmanager
def copied() -> Iterator[Path]:
    """A copy of the project as it lies here, without what git ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    with TemporaryDirectory(prefix="albpatch-mutants-") as folder:
        root = Path(folder).resolve()
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, root / name)
        yield root


def tested(root: Path, tests: Sequence[str]) -> tuple[int, str]:
    """pytest's exit status and last words for these tests of the copy."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(root / "harness"), "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    words = (ended.stdout + ended.stderr).strip().splitlines()
    return ended.returncode, words[-1] if words else "no output"


def played(root: Path, mutant: Mutant) -> str:
    """Why the mutant was not noticed; empty when its test failed."""
    path, text = root / mutant.file, without(mutant, root)
    before = path.read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    try:
        status, words = tested(root, [mutant.test])
    finally:
        path.write_text(before, encoding="utf-8")
    if status == FAILED:
        return ""
    return "the test passes" if status == 0 else f"pytest ended with {status}: {words}"


def main(given: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="mutants.py", description=__doc__, allow_abbrev=False)
    parser.add_argument("--only", metavar="TEXT", default="", help="guards whose sentence or file contains this")
    asked, began, survived = parser.parse_args(given), time.monotonic(), 0
    try:
        mine = [m for m in mutants() if asked.only in m.guard or asked.only in m.file]
        for mutant in mine:
            without(mutant, ROOT)
        if not mine:
            raise Unfit(f"no guard contains {asked.only!r}")
        with copied() as root:
            status, words = tested(root, list(dict.fromkeys(mutant.test for mutant in mine)))
            if status != 0:
                raise Unfit(f"the tests do not pass with every guard in its place: {words}")
            for mutant in mine:
                why = played(root, mutant)
                survived += bool(why)
                print(f"{'NOT NOTICED' if why else 'noticed':<12} {mutant.file}: {mutant.guard}", flush=True)
                if why:
                    print(f"{'':<12} {why}: {mutant.test}", flush=True)
    except Unfit as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{len(mine)} guards removed, {survived} not noticed, {time.monotonic() - began:.0f} s")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
