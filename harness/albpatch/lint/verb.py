"""The verb `lint`: reads an Automation document and says what is wrong with it, or which permissions it needs."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from albpatch.errors import InputError
from albpatch.report import findings_output


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the verb's arguments."""
    parser = subparsers.add_parser(
        "lint",
        help="check an Automation document",
        description="Reads an Automation document, JSON or YAML: what AWS would refuse, what fails only when it runs,"
        " what is dangerous. Exit status: 0 clean, 1 findings at or above --fail-on, 2 input that cannot be read.",
    )
    parser.add_argument("document", metavar="FILE", help="the document; - is the standard input")
    parser.add_argument(
        "--undo",
        metavar="CALL=CALL",
        action="append",
        default=[],
        help="a call that takes out of service and the one that gives back, as service:Operation; may be repeated",
    )
    parser.add_argument(
        "--permissions",
        action="store_true",
        help="print the permissions that the steps need as an IAM policy; what cannot be told goes to the error output",
    )
    findings_output.add_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Lint and report; returns the exit status. Raises InputError."""
    findings_output.files(args)
    undo, text = _undo(args.undo), _text(args.document)
    if args.permissions:
        return _permissions(text, args.document)
    from albpatch.lint.lint import lint

    found = lint(text, args.document, undo)
    findings_output.emit(found, args)
    return 1 if found.reaches(args.fail_on) else 0


def _permissions(text: str, name: str) -> int:
    from albpatch.lint.lint import document_of
    from albpatch.lint.permissions import permissions
    from albpatch.lint.subject import Subject

    document, defects = document_of(text, name)
    if document is None or not document.steps:
        raise InputError("\n".join(f"{name}: {defect}" for defect in defects))
    found = permissions(Subject(document, defects))
    print(json.dumps(found.policy, indent=2))
    for step, what in found.not_told:
        print(f"albpatch: not told by the document: {step}: {what}", file=sys.stderr)
    return 0


def _undo(given: list[str]) -> dict[str, str]:
    from albpatch.lint import services
    from albpatch.lint.subject import UNDO

    found = dict(UNDO)
    for pair in given:
        taken, sign, back = pair.partition("=")
        for call in (taken, back):
            service, _, operation = call.partition(":")
            if not sign or services.operation(service, operation) is None:
                raise InputError(f"--undo {pair}: {call!r} is no service:Operation, such as elbv2:DeregisterTargets")
        found[taken] = back
    return found


def _text(path: str) -> str:
    try:
        return sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    except ValueError:
        raise InputError(f"{path}: is no UTF-8 text") from None
