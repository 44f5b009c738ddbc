"""The verb `check`: compares an account with what was applied, or looks at what the last window did. Reads only."""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from albpatch import settings
from albpatch.errors import InputError
from albpatch.report import findings_output

TIMEOUT_SECONDS = 1800
INTERVAL_SECONDS = 15


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the verb's arguments."""
    parser = subparsers.add_parser(
        "check",
        help="compare an account with a deployment, after an apply or after a window",
        description="Reads the account with your own credentials and compares it with the module's output `deployment`."
        " Exit status: 0 clean, 1 findings at or above --fail-on, 2 input that cannot be read.",
    )
    parser.add_argument(
        "--deployment",
        metavar="FILE",
        default="-",
        help="`terraform output -json` or `terraform show -json`; default: -, standard input",
    )
    parser.add_argument("--after-window", action="store_true", help="judge what the last opening of the window did too")
    parser.add_argument(
        "--before-destroy",
        action="store_true",
        help="only: does an execution run, or is an instance out that the lease table remembers?",
    )
    parser.add_argument(
        "--snapshot",
        metavar="FILE",
        help="write who is registered where; with --after-window: compare with such a file",
    )
    parser.add_argument("--wait", action="store_true", help="look again until nothing changes by itself any more")
    parser.add_argument(
        "--timeout", metavar="SECONDS", type=_seconds, default=TIMEOUT_SECONDS, help="of --wait; default: %(default)s"
    )
    findings_output.add_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check and report; returns the exit status. Raises InputError, Failure."""
    from albpatch.live import check, snapshot

    findings_output.files(args)
    if args.before_destroy and (args.after_window or args.snapshot):
        raise InputError("--before-destroy looks at nothing else: give no --after-window and no --snapshot with it")
    deployments = _deployments(args.deployment)
    if args.snapshot and not args.after_window:
        _writable(Path(args.snapshot))
    before = snapshot.read(Path(args.snapshot)) if args.snapshot and args.after_window else None
    session = check.Session(deployments, now=_now, before=before, after_window=args.after_window)
    session.before_destroy = args.before_destroy
    if args.wait:
        found = check.settle(session, args.timeout, INTERVAL_SECONDS, time.monotonic, time.sleep, _progress)
    else:
        found = check.once(session)
    if args.snapshot and not args.after_window:
        taken = json.dumps(check.take(session), indent=2) + "\n"
        Path(args.snapshot).write_text(taken, encoding="utf-8")
    findings_output.emit(found, args)
    return 1 if found.reaches(args.fail_on) else 0


def _deployments(given: str) -> list[settings.Deployment]:
    """Every deployment in the file, or in standard input."""
    if given != "-":
        return settings.read_all(Path(given))
    if sys.stdin.isatty():
        raise InputError("no deployment given: terraform output -json | albpatch check, or --deployment FILE")
    return settings.parse_text(sys.stdin.read(), "standard input")


def _writable(path: Path) -> None:
    """A snapshot that cannot be kept is said before the account is asked."""
    try:
        with path.open("a"):
            pass
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from None


def _seconds(given: str) -> int:
    if not given.isdigit():
        raise argparse.ArgumentTypeError(f"{given} is no whole number of seconds")
    return int(given)


def _now() -> datetime:
    return datetime.now(UTC)


def _progress(words: str) -> None:
    print(f"albpatch: {words}", file=sys.stderr, flush=True)
