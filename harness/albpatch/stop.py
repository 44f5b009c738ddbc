"""The verb `stop`: no further instance of a roll is taken out; what is out is put back by its own execution."""

from __future__ import annotations

import argparse
import sys

from albpatch.operate import options


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the verb's arguments."""
    parser = subparsers.add_parser(
        "stop",
        help="stop a roll, or pause all of them",
        description="Halts a roll and cancels the opening of its window. No execution is cancelled: each goes on to its"
        " own end, and who was not patched yet is put back. Exit status: 0 stopped, 1 refused, failed or, with --wait,"
        " somebody is left out, 2 bad input.",
    )
    options.add_deployment(parser)
    parser.add_argument("--roll", metavar="ID", help="default: the roll that is under way")
    parser.add_argument("--pause", metavar="REASON", help="also let no later roll take anybody out, until --unpause")
    parser.add_argument("--wait", action="store_true", help="wait until nothing of it runs, and say who is where")
    options.add_yes(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Say, ask, stop; returns the exit status. Raises InputError, Failure."""
    from albpatch.operate import session, show_stop, stop, table

    options.can_ask(args)
    seen = session.opened(options.deployment(args))
    with session.answered():
        found = stop.find(seen, args.roll)
        running = found is not None and found.roll.under_way
        show_stop.plan(seen, found, args.pause)
        if not running and args.pause is None:
            return 0
        if not options.agreed(args, "Stop?" if running else "Pause?"):
            return 1
        if args.pause is not None:
            table.pause(seen, args.pause, stop.caller(seen))
            show_stop.paused(seen)
        if found is None or not running:
            return 0
        show_stop.stopped(found, stop.stop(found))
        if not args.wait:
            return 0
        try:
            roll, left = stop.wait(found, show_stop.waiting)
        except KeyboardInterrupt:
            print("albpatch: not waiting any more; the roll is halted all the same", file=sys.stderr)
            return 130
        show_stop.ended(seen, roll, left)
    return 1 if any(one.out for one in left) else 0
