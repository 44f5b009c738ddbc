"""`albpatch rehearse`: apply a configuration to a region on this machine, play its patch night, show what happened."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, TextIO

from albpatch.errors import Failure, InputError
from albpatch.rehearsal.asked import COMPARED, SCENARIO, Asked, asked

if TYPE_CHECKING:
    from albpatch.report.model import Report

DEFAULT_ROOT, DEFAULT_REPORT = "examples/complete", "report"
STAND_IN = "tests/fixtures/aws-documents/AWSEC2-PatchLoadBalancerInstance.json"
INTERRUPTED = 130  # as a shell reports an end by Ctrl-C


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the verb's arguments."""
    parser = subparsers.add_parser(
        "rehearse",
        help="play a patch night on this machine",
        description="Applies a Terraform configuration to an AWS region on this machine, opens its maintenance window "
        "under real HTTP traffic, and reports what happened. No AWS account is touched. Exit status: 0 the contract "
        "held, 1 it did not, was not put to the test, or something failed, 2 bad input.",
    )
    parser.add_argument("root", metavar="DIR", nargs="?", default=DEFAULT_ROOT, help=f"default: {DEFAULT_ROOT}")
    parser.add_argument(
        "--scenario",
        metavar="FILE",
        help=f"what exists and how it behaves; default: DIR/{SCENARIO}. Named, it is played in virtual time, unless "
        "--factor or --acts ask for scaled time",
    )
    parser.add_argument(
        "--plan-json",
        metavar="FILE",
        help="with --scenario: play what `terraform show -json PLAN` prints; Terraform is not run and DIR not read",
    )
    parser.add_argument("--report", metavar="DIR", default=DEFAULT_REPORT, help="where report.html and result.json go")
    parser.add_argument("--factor", type=float, metavar="N", help="region seconds in a second; default: 40")
    parser.add_argument(
        "--acts",
        metavar="LIST",
        help="1 plain patching, 2 the module's window, 3 cancelled during a reboot; default: 1,2,3",
    )
    parser.add_argument(
        "--compare",
        metavar="LIST",
        help="play the scenario with each of these in virtual time instead, and put them side by side: "
        f"{', '.join(COMPARED)}",
    )
    parser.add_argument(
        "--aws-owned-document",
        metavar="FILE",
        default=STAND_IN,
        help="AWS's runbook as `aws ssm get-document --name AWSEC2-PatchLoadBalancerInstance --query Content --output "
        "text` prints it; default: this project's stand-in for it",
    )
    parser.add_argument(
        "--instances",
        type=int,
        metavar="N",
        help="a generated fleet of N instances in virtual time; DIR is then the module's own folder",
    )
    parser.add_argument("--fleets", type=int, metavar="M", default=1, help="with --instances: in M fleets; default: 1")
    parser.add_argument(
        "--concurrency",
        type=int,
        default=1,
        metavar="C",
        help="with --instances: so many instances of a fleet at a time; default: 1",
    )
    parser.add_argument("--seed", type=int, metavar="S", default=1, help="with --instances: what is drawn; default: 1")
    parser.add_argument("--json", action="store_true", help="print the result as JSON; progress goes to stderr")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Rehearse; returns the exit status. Raises InputError and Failure."""
    wanted = asked(args)
    out = sys.stderr if args.json else sys.stdout
    where = "an AWS region on this machine; no account is touched"
    print(f"albpatch: rehearsing {args.plan_json or args.root} in {where}", file=out, flush=True)
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        with nobodys_account():
            report = _made(args, wanted, out)
        written = _write(report, Path(args.report))
    except KeyboardInterrupt:
        print("albpatch: interrupted; nothing is left running", file=sys.stderr)
        return INTERRUPTED
    finally:
        signal.signal(signal.SIGTERM, before)
    _show(report, written, args.json)
    return 0 if report.held else 1


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def nobodys_account() -> Iterator[None]:
    """Inside, nothing of the caller's AWS environment is there: no keys, profiles, endpoints or files."""
    before = dict(os.environ)
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _made(args: argparse.Namespace, wanted: Asked, out: TextIO) -> Report:
    try:
        import moto  # noqa: F401 (only whether it is there)
    except ImportError:
        raise InputError("rehearse needs the extra `rehearse`: pip install 'albpatch[rehearse]'") from None
    from albpatch.rehearsal.generate import Size
    from albpatch.rehearsal.rehearse import rehearse
    from albpatch.rehearsal.scenario import load
    from albpatch.rehearsal.side_by_side import from_plan, generated, side_by_side
    from albpatch.report.terminal import screen

    size = None if args.instances is None else Size(args.instances, args.fleets, args.seed, args.concurrency)
    made = None if size is not None else load(wanted.scenario)
    shown = screen(out)
    try:
        if size is not None:
            return generated(wanted.root, size, wanted.kinds or (), wanted.document, shown.line)
        assert made is not None
        if wanted.plan is not None:
            return from_plan(wanted.plan, made, wanted.kinds or (), shown.line)
        if wanted.kinds is not None:
            return side_by_side(wanted.root, made, wanted.kinds, wanted.document, shown.line)
        return rehearse(wanted.root, made, wanted.acts, wanted.factor, shown)
    finally:
        shown.close()


def _write(report: Report, folder: Path) -> list[Path]:
    """Write both files, each whole or not at all."""
    from albpatch.report import result
    from albpatch.report.html import page

    contents = {"report.html": page(report), "result.json": result.text(report)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            descriptor, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(content)
                Path(temporary).chmod(0o644)
                Path(temporary).replace(folder / name)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise Failure(f"{folder}: the report cannot be written: {error.strerror or error}") from None
    return [folder / name for name in contents]


def _show(report: Report, written: list[Path], as_json: bool) -> None:
    from albpatch.report import result
    from albpatch.report.terminal import summary

    summary(report, sys.stderr if as_json else sys.stdout)
    print(f"written: {', '.join(map(str, written))}", file=sys.stderr if as_json else sys.stdout)
    if as_json:
        sys.stdout.write(result.text(report))
