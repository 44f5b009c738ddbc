"""The verb `watch`: follows a roll to its end. Reads only."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing

from albpatch.operate import options


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the verb's arguments."""
    parser = subparsers.add_parser(
        "watch",
        help="follow a roll",
        description="Shows where every instance of a roll is, in its execution and in its target groups, until the roll"
        " ends. Ctrl-C ends the watching, not the roll. Exit status: 0 it ended well, 1 it was halted or is incomplete,"
        " 2 bad input, 130 Ctrl-C.",
    )
    options.add_deployment(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--roll", metavar="ID", help="default: the roll that began last")
    which.add_argument("--execution", metavar="ID", help="one execution, of the patching or the restore runbook")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Follow; returns the exit status. Raises InputError, Failure."""
    from albpatch.operate import screen, session, show, watch

    seen = session.opened(options.deployment(args))
    with session.answered():
        followed = watch.source(seen, args.roll, args.execution)
        if followed is None:
            print(f"{seen.deployment.name}: no roll in the last 30 days")
            return 1
        last = None
        try:
            with closing(screen.screen()) as shown:
                for frame in watch.frames(seen, followed):
                    shown.show(frame)
                    last = frame.roll
        except KeyboardInterrupt:
            print(
                f"albpatch: not watching any more, the roll goes on: albpatch stop --roll {followed.id}",
                file=sys.stderr,
            )
            return 130
    assert last is not None
    show.end(last)
    return 0 if last.outcome in ("done", "nothing to do") else 1
