"""The verb `review`: reads a plan and says what will happen on patch night, what changes and what is wrong."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from albpatch.errors import InputError
from albpatch.findings import Finding, Findings, ordered
from albpatch.report import findings_output

if TYPE_CHECKING:
    from albpatch.plan.model import Call
    from albpatch.plan.read import Plan
    from albpatch.plan.under_way import UnderWay


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the verb's arguments."""
    parser = subparsers.add_parser(
        "review",
        help="review a Terraform plan that calls the module",
        description="Reads what `terraform show -json PLAN` prints: what happens on patch night, what changes, what is"
        " wrong. Exit status: 0 clean, 1 findings at or above --fail-on, 2 input that cannot be read.",
    )
    parser.add_argument("plan", metavar="PLAN.json", help="the plan, as `terraform show -json PLAN` printed it")
    parser.add_argument(
        "--base", metavar="OTHER.json", help="compare with what this plan leads to, not with what exists"
    )
    parser.add_argument(
        "--accept",
        metavar="ID[@ADDRESS]",
        action="append",
        default=[],
        help="a finding that is wanted: it is shown as a note; may be repeated",
    )
    parser.add_argument(
        "--live",
        action="store_true",
        help="ask the account, with your own credentials, what is under way: an apply must not hit a running roll",
    )
    parser.add_argument("--require-call", action="store_true", help="fail if the plan does not call the module")
    findings_output.add_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Review and report; returns the exit status. Raises InputError."""
    from albpatch.plan.read import read
    from albpatch.plan.review import calls_the_module, review

    findings_output.files(args)
    accepted = [_accepted(given) for given in args.accept]
    base, plan = read(Path(args.base)) if args.base else None, read(Path(args.plan))
    under_way = _under_way(plan) if args.live else None
    found = accept(review(plan, base, subject=args.plan, under_way=under_way), accepted)
    findings_output.emit(found, args)
    if not calls_the_module(found):
        return 1 if args.require_call else 0
    return 1 if found.reaches(args.fail_on) else 0


def _under_way(plan: Plan) -> dict[str, UnderWay]:
    """What each call of the plan has under way, as the accounts say that the caller's credentials lead to.

    Raises InputError: they lead to another account than a call's. Failure: AWS does not accept them.
    """
    from albpatch.live import under_way
    from albpatch.live.account import Account
    from albpatch.live.check import belongs
    from albpatch.plan.model import calls
    from albpatch.plan.under_way import UnderWay

    before, after = calls(plan.before), calls(plan.after)
    accounts, found = dict[str, Account](), dict[str, UnderWay]()
    for address in dict.fromkeys([*before, *after]):
        sides = [side[address] for side in (before, after) if address in side]
        region, owner, name = (_shown(sides, member) for member in ("region", "account_id", "name"))
        if not region or not owner:
            found[address] = UnderWay(unknown=("The region and account of this call are not shown by the plan",))
            continue
        account = accounts.setdefault(region[0], Account(region[0]))
        belongs(account, name[0] if name else address, owner[0])
        documents = [*_shown(sides, "document", "name"), *_shown(sides, "restore", "document")]
        found[address] = under_way.look(account, documents, _shown(sides, "lease_table"))
    return found


def _shown(sides: Sequence[Call], *path: str) -> list[str]:
    """What the plan shows of a member of the record, on either side, once each."""
    return list(dict.fromkeys(value for call in sides if isinstance(value := call.get(*path), str)))


def _accepted(given: str) -> tuple[str, str]:
    from albpatch.plan.rules import RULES

    id, _, address = given.partition("@")
    if id not in RULES:
        raise InputError(f"--accept {given}: there is no finding {id}")
    return id, address


def accept(found: Findings, accepted: Sequence[tuple[str, str]]) -> Findings:
    """The same with every finding that is (id, address or empty for any) as a note that says it was accepted."""

    def of(finding: Finding) -> Finding:
        if any(finding.id == id and address in ("", finding.address) for id, address in accepted):
            return replace(finding, severity="note", what=f"Accepted ({finding.severity}): {finding.what}")
        return finding

    return replace(found, findings=ordered(of(finding) for finding in found.findings))
