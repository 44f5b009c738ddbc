"""The verb `start`: begins a roll now, with the settings of the window."""

from __future__ import annotations

import argparse

from albpatch.errors import Failure
from albpatch.operate import options


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the verb's arguments."""
    parser = subparsers.add_parser(
        "start",
        help="start a roll now",
        description="Starts what the window would start: one rate-controlled execution for each fleet, all in one roll."
        " Says what it will do and asks. Exit status: 0 started, 1 refused or failed, 2 bad input.",
    )
    options.add_deployment(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--fleet", metavar="NAME", action="append", default=[], help="this fleet; may be repeated")
    which.add_argument("--instance", metavar="ID", action="append", default=[], help="this one; may be repeated")
    which.add_argument("--unpause", action="store_true", help="lift the pause of `stop --pause`; starts nothing")
    options.add_yes(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Say, ask, start; returns the exit status. Raises InputError, Failure."""
    from albpatch.operate import pausing, session, show_start, start

    options.can_ask(args)
    seen = session.opened(options.deployment(args))
    with session.answered():
        if args.unpause:
            return pausing.lift(seen, lambda question: options.agreed(args, question))
        planned = start.plan(seen, args.fleet, args.instance)
    show_start.plan(seen, planned)
    if planned.pause is not None:
        raise Failure("it is paused, nothing would be patched: albpatch start --unpause lifts the pause")
    if not options.agreed(args, "Start?"):
        return 1
    show_start.begun(planned, start.begin(seen, planned))
    return 0
