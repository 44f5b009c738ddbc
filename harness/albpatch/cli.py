"""The command `albpatch`: arguments only. What a verb does stands in the verb's module.

A verb module has `add_parser(subparsers)`, which describes its arguments and sets `run`, and `run(args) -> int`, the
exit status. Exit status 2 is bad input, 1 a failure or a verdict against the user, 130 Ctrl-C, 0 everything else.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from albpatch import __version__
from albpatch.errors import Failure, InputError

VERBS = [
    "albpatch.simulate",
    "albpatch.rehearsal.verb",
    "albpatch.review",
    "albpatch.check",
    "albpatch.lint.verb",
    "albpatch.start",
    "albpatch.watch",
    "albpatch.status",
    "albpatch.stop",
    "albpatch.repair",
]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit status."""
    parser = _parser()
    try:
        args = parser.parse_args(argv)
        if not hasattr(args, "run"):
            parser.print_help(sys.stderr)
            return 2
        return int(args.run(args))
    except SystemExit as end:  # argparse has said what is wrong
        return int(end.code or 0)
    except InputError as error:
        return _say(error, 2)
    except Failure as error:
        return _say(error, 1)
    except KeyboardInterrupt:
        return _say(Failure("interrupted"), 130)
    except BrokenPipeError:  # the reader of our output is gone, for example `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="albpatch", description="Rehearses and checks patching behind a load balancer."
    )
    parser.add_argument("--version", action="version", version=f"albpatch {__version__}")
    subparsers = parser.add_subparsers(title="verbs", metavar="VERB")
    for name in VERBS:
        importlib.import_module(name).add_parser(subparsers)
    return parser


def _say(error: Exception, status: int) -> int:
    for line in str(error).splitlines() or [type(error).__name__]:
        print(f"albpatch: {line}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
