"""The verb `status`: how the last roll ended, and who is out since when and why. Reads only."""

from __future__ import annotations

import argparse
import json
import sys

from albpatch.operate import options


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the verb's arguments."""
    parser = subparsers.add_parser(
        "status",
        help="say how the last roll ended and who is out",
        description="Says how the last roll ended, who is out since when and why, and whether it may be put back."
        " Exit status: 0 nobody has to act, 1 somebody is out whom nobody works on, or the last roll was halted or is"
        " incomplete, 2 bad input.",
    )
    options.add_deployment(parser)
    parser.add_argument("--format", choices=("terminal", "json"), default="terminal", help="default: %(default)s")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Look and print; returns the exit status. Raises InputError, Failure."""
    from albpatch.operate import session, show, status

    deployment = options.deployment(args)
    with session.answered():
        found = status.status(session.opened(deployment))
    if args.format == "json":
        sys.stdout.write(json.dumps(status.as_json(found), indent=2) + "\n")
    else:
        show.show(found)
    return 1 if found.alarming else 0
