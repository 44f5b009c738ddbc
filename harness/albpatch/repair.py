"""The verb `repair`: starts the restore runbook for instances that an execution left out."""

from __future__ import annotations

import argparse
import re

from albpatch.errors import InputError
from albpatch.operate import options

_INSTANCE = re.compile(r"i-([0-9a-f]{8}|[0-9a-f]{17})")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the verb's arguments."""
    parser = subparsers.add_parser(
        "repair",
        help="put back who was left out",
        description="Starts the restore runbook, one execution for each instance with an open record. It does nothing"
        " while the execution that owns the record is alive, and registers nothing while a patch command may reboot the"
        " machine. Exit status: 0 started or nothing to repair, 1 refused or failed, 2 bad input.",
    )
    parser.add_argument("instances", metavar="INSTANCE", nargs="*", help="ids; see albpatch status")
    parser.add_argument("--all", action="store_true", help="everybody with an open record, but who is kept out")
    options.add_deployment(parser)
    parser.add_argument("--dry-run", action="store_true", help="say what would happen, and start nothing")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--keep-out", action="store_true", help="leave it out on purpose, until it is repaired by name")
    how.add_argument("--forget", action="store_true", help="delete its record and leases, and register nothing")
    options.add_yes(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Say, ask, start; returns the exit status. Raises InputError, Failure."""
    from albpatch.operate import repair, session, show_repair

    if bool(args.instances) == args.all:
        raise InputError("which? name instances, or give --all")
    if strange := [name for name in args.instances if not _INSTANCE.fullmatch(name)]:
        raise InputError(f"{strange[0]!r} is no instance id")
    if not args.dry_run:
        options.can_ask(args)
    seen = session.opened(options.deployment(args))
    action: repair.Action = "keep-out" if args.keep_out else "forget" if args.forget else "restore"
    with session.answered():
        planned = repair.plan(seen, args.instances, action)
    show_repair.plan(seen, planned)
    status = 1 if planned.refused and args.instances else 0
    if args.dry_run or not planned.doable:
        return status
    if not options.agreed(args, "Start the restore runbook?"):
        return 1
    show_repair.begun(repair.begin(seen, planned))
    return status
