"""Where the findings of a verb go: printed in one format, written in any number of others."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from albpatch.errors import InputError
from albpatch.findings import SEVERITIES, Findings

FORMATS = ("terminal", "markdown", "junit", "json", "annotations", "sarif")


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that every verb with findings has: --fail-on, --format, --write."""
    parser.add_argument("--fail-on", choices=SEVERITIES, default="error", help="default: error")
    parser.add_argument("--format", choices=FORMATS, default="terminal", help="what is printed; default: terminal")
    parser.add_argument(
        "--write",
        metavar="FORMAT=FILE",
        action="append",
        default=[],
        help=f"write a report to a file as well, may be repeated; FORMAT: {', '.join(FORMATS[1:])}",
    )


def files(args: argparse.Namespace) -> list[tuple[str, Path]]:
    """What --write asks for: (format, file). Raises InputError."""
    return [_target(given) for given in args.write]


def emit(found: Findings, args: argparse.Namespace) -> None:
    """Write and print as the options say. Raises InputError."""
    for name, path in files(args):
        try:
            path.write_text(_text(name, found, args.fail_on), encoding="utf-8")
        except OSError as error:
            raise InputError(f"cannot write {path}: {error.strerror}") from error
    if args.format == "terminal":
        from albpatch.report.findings_terminal import show

        show(found)
    else:
        sys.stdout.write(_text(args.format, found, args.fail_on))


def _target(given: str) -> tuple[str, Path]:
    name, sign, path = given.partition("=")
    if not sign or not path or name not in FORMATS[1:]:
        raise InputError(f"--write {given}: give FORMAT=FILE, FORMAT one of {', '.join(FORMATS[1:])}")
    return name, Path(path)


def _text(name: str, found: Findings, fail_on: str) -> str:
    from albpatch.report import annotations, findings_json, junit, markdown, sarif

    threshold = next(severity for severity in SEVERITIES if severity == fail_on)
    formats: dict[str, Callable[[], str]] = {
        "markdown": lambda: markdown.text(found),
        "junit": lambda: junit.text(found, threshold),
        "json": lambda: findings_json.text(found),
        "annotations": lambda: annotations.text(found),
        "sarif": lambda: sarif.text(found),
    }
    return formats[name]()
