"""The verb `review`: reads a plan and says what will happen on patch night, what changes and what is wrong."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from albpatch.errors import InputError
from albpatch.findings import Finding, Findings, ordered
from albpatch.report import findings_output


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
    parser.add_argument(
        "--accept",
        metavar="ID[@ADDRESS]",
        action="append",
        default=[],
        help="a finding that is wanted: it is shown as a note; may be repeated",
    )
    parser.add_argument("--require-call", action="store_true", help="fail if the plan does not call the module")
    findings_output.add_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Review and report; returns the exit status. Raises InputError."""
    from albpatch.plan.read import read
    from albpatch.plan.review import calls_the_module, review

    findings_output.files(args)
    accepted = [_accepted(given) for given in args.accept]
    base = read(Path(args.base)) if args.base else None
    found = accept(review(read(Path(args.plan)), base, subject=args.plan), accepted)
    findings_output.emit(found, args)
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
