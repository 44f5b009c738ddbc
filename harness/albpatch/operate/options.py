"""What the operator's verbs have in common: the deployment that is meant, and asking before anything is written."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from albpatch import settings
from albpatch.errors import InputError
from albpatch.settings import Deployment


def add_deployment(parser: argparse.ArgumentParser) -> None:
    """Options that say which deployment is meant."""
    parser.add_argument(
        "--deployment",
        metavar="FILE",
        default="-",
        help="`terraform output -json` or `terraform show -json`; default: -, standard input",
    )
    parser.add_argument("--name", metavar="NAME", help="which deployment, where the file holds several")


def add_yes(parser: argparse.ArgumentParser) -> None:
    """The option of every verb that writes."""
    parser.add_argument("--yes", action="store_true", help="do it without asking")


def deployment(args: argparse.Namespace) -> Deployment:
    """The one deployment that is meant. Raises InputError: none, several, or one that keeps no records."""
    found = _read(args.deployment)
    chosen = [d for d in found if args.name in (None, d.name)]
    names = ", ".join(sorted(d.name for d in found))
    if not chosen:
        raise InputError(f"no deployment named {args.name}, only {names}")
    if len(chosen) > 1:
        raise InputError(f"{len(chosen)} deployments are given, choose one with --name: {names}")
    if chosen[0].lease_table is None or chosen[0].restore is None:
        raise InputError(f"{chosen[0].name} runs a clone of AWS's runbook, which keeps no records: use the console")
    return chosen[0]


def _read(given: str) -> list[Deployment]:
    if given != "-":
        return settings.read_all(Path(given))
    if sys.stdin.isatty():
        raise InputError("no deployment given: --deployment FILE, with what `terraform output -json` prints")
    return settings.parse_text(sys.stdin.read(), "standard input")


def can_ask(args: argparse.Namespace) -> None:
    """Raises InputError where nobody would answer. Before anything is asked of AWS."""
    if not args.yes and not sys.stdin.isatty():
        raise InputError("nobody can be asked here: give --yes, or --deployment FILE in a terminal")


def agreed(args: argparse.Namespace, question: str) -> bool:
    """Whether the person wants it. Says so where nothing will happen."""
    if args.yes:
        return True
    try:
        answer = input(f"{question} [y/N] ")
    except EOFError:
        answer = ""
    if answer.strip().lower() in ("y", "yes"):
        return True
    print("Nothing was done.")
    return False
