"""The verb `review`: reads a plan and says what will happen on patch night, what changes and what is wrong."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from albpatch.errors import InputError
from albpatch.findings import SEVERITIES, Finding, Findings, ordered

FORMATS = ("terminal", "markdown", "junit", "json", "annotations", "sarif")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the verb's arguments."""
    parser = subparsers.add_parser(
        "review",
        help="review a Terraform plan that calls the module",
        description="Reads what `terraform show -json PLAN` prints: what happens on patch night, what changes, what is"
        " wrong. Exit status: 0 clean, 1 findings at or above --fail-on, 2 input that cannot be read.",
    )
    parser.add_argument("plan", metavar="PLAN.json", help="the plan, as `terraform show -json PLAN` printed it")
    parser.add_argument(
        "--base", metavar="OTHER.json", help="compare with what this plan leads to, not with what exists"
    )
    parser.add_argument("--fail-on", choices=SEVERITIES, default="error", help="default: error")
    parser.add_argument(
        "--accept",
        metavar="ID[@ADDRESS]",
        action="append",
        default=[],
        help="a finding that is wanted: it is shown as a note; may be repeated",
    )
    parser.add_argument("--require-call", action="store_true", help="fail if the plan does not call the module")
    parser.add_argument("--format", choices=FORMATS, default="terminal", help="what is printed; default: terminal")
    parser.add_argument(
        "--write",
        metavar="FORMAT=FILE",
        action="append",
        default=[],
        help=f"write a report to a file as well, may be repeated; FORMAT: {', '.join(FORMATS[1:])}",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Review and report; returns the exit status. Raises InputError."""
    from albpatch.plan.read import read
    from albpatch.plan.review import calls_the_module, review

    files = [_target(given) for given in args.write]
    accepted = [_accepted(given) for given in args.accept]
    base = read(Path(args.base)) if args.base else None
    found = accept(review(read(Path(args.plan)), base, subject=args.plan), accepted)
    for name, path in files:
        try:
            path.write_text(_text(name, found, args.fail_on), encoding="utf-8")
        except OSError as error:
            raise InputError(f"cannot write {path}: {error.strerror}") from error
    _print(args.format, found, args.fail_on)
    if not calls_the_module(found):
        return 1 if args.require_call else 0
    return 1 if found.reaches(args.fail_on) else 0


def _accepted(given: str) -> tuple[str, str]:
    from albpatch.plan.rules import RULES

    id, _, address = given.partition("@")
    if id not in RULES:
        raise InputError(f"--accept {given}: there is no finding {id}")
    return id, address


def accept(found: Findings, accepted: Sequence[tuple[str, str]]) -> Findings:
    """The same with every finding that is (id, address or empty for any) as a note that says it was accepted."""

    def of(finding: Finding) -> Finding:
        if any(finding.id == id and address in ("", finding.address) for id, address in accepted):
            return replace(finding, severity="note", what=f"Accepted ({finding.severity}): {finding.what}")
        return finding

    return replace(found, findings=ordered(of(finding) for finding in found.findings))


def _target(given: str) -> tuple[str, Path]:
    name, sign, path = given.partition("=")
    if not sign or not path or name not in FORMATS[1:]:
        raise InputError(f"--write {given}: give FORMAT=FILE, FORMAT one of {', '.join(FORMATS[1:])}")
    return name, Path(path)


def _print(name: str, found: Findings, fail_on: str) -> None:
    if name == "terminal":
        from albpatch.report.findings_terminal import show

        show(found)
    else:
        sys.stdout.write(_text(name, found, fail_on))


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
