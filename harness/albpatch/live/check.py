"""Deployments checked: once, or until nothing changes by itself any more. Verdicts as findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, get_args

import boto3

from albpatch.errors import Failure, InputError
from albpatch.findings import Block, Finding, Findings, Section, ordered
from albpatch.live import checks, snapshot
from albpatch.live.account import Account
from albpatch.live.calls import Unanswered
from albpatch.live.checks import after_window
from albpatch.live.rules import AFTER_WINDOW, BEFORE_DESTROY, CALLS, RULES, finding
from albpatch.live.verdicts import Check, Look, State, Verdict, judge
from albpatch.settings import Deployment

_NO_CREDENTIALS = ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "NoAuthTokenError")
_REFUSED_CREDENTIALS = ("InvalidClientTokenId", "ExpiredToken", "ExpiredTokenException", "SignatureDoesNotMatch")


@dataclass
class Session:
    """What is to be checked, and the accounts that the caller's credentials lead to, one per region."""

    deployments: Sequence[Deployment]
    now: Callable[[], datetime]
    before: snapshot.Snapshot | None = None
    after_window: bool = False
    before_destroy: bool = False
    boto: boto3.Session | None = None
    accounts: dict[str, Account] = field(default_factory=dict)

    def account(self, region: str) -> Account:
        if region not in self.accounts:
            self.accounts[region] = Account(region, self.boto)
        return self.accounts[region]

    @property
    def checks(self) -> tuple[Check, ...]:
        if self.before_destroy:
            return checks.BEFORE_DESTROY
        if not self.after_window:
            return checks.NOW
        compared = () if self.before is None else (after_window.AS_BEFORE,)
        return (*checks.NOW, *checks.AFTER_WINDOW, *compared)


def once(session: Session) -> Findings:
    """One look at each deployment.

    Raises:
        InputError: the credentials lead to another account than the deployment's.
        Failure: there are no credentials, or AWS does not accept them.
    """
    return _findings(session, look(session))


def settle(
    session: Session,
    timeout: float,
    interval: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    progress: Callable[[str], None],
) -> Findings:
    """Look until no verdict would change by itself, or the time-out is over, which is a finding. Raises as `once`."""
    end = clock() + timeout
    while True:
        judged = look(session)
        waiting = sorted({v.check.id for _, verdicts in judged for v in verdicts if v.passing})
        if not waiting:
            return _findings(session, judged)
        left = end - clock()
        if left <= 0:
            found = _findings(session, judged)
            what = f"After {timeout:g} s still changing: {', '.join(waiting)}; should be: settled."
            return replace(found, findings=ordered([*found.findings, finding("not-settled", "check", what)]))
        progress(f"not settled yet: {', '.join(waiting)}; {left:.0f} s left")
        sleep(min(interval, left))


def take(session: Session) -> dict[str, Any]:
    """A snapshot of all deployments, as JSON values. Raises Failure."""
    taken: dict[str, Any] = {}
    try:
        for deployment in session.deployments:
            groups = {arn for fleet in deployment.fleets.values() for arn in fleet.target_group_arns}
            made = snapshot.take(session.account(deployment.region), groups, session.now())
            taken = {**made, "target_groups": {**taken.get("target_groups", {}), **made["target_groups"]}}
    except Unanswered as error:
        raise Failure(f"no snapshot was taken: {error}") from None
    return taken


Judged = list[tuple[Deployment, list[Verdict]]]


def look(session: Session) -> Judged:
    """The verdicts of one look at each deployment. Raises as `once`."""
    judged: Judged = []
    for account in session.accounts.values():
        account.calls.forget()
    for deployment in session.deployments:
        account = session.account(deployment.region)
        belongs(account, deployment.name, deployment.account_id)
        seen = Look(account, deployment, session.now(), session.before)
        judged.append((deployment, judge(seen, session.checks)))
    return judged


def belongs(account: Account, name: str, account_id: str) -> None:
    """Everything would be missing in another account, which says nothing about this one.

    Raises:
        InputError: the credentials lead to another account than that of the deployment `name`.
        Failure: there are no credentials, or AWS does not accept them.
    """
    try:
        found = account.id
    except Unanswered as error:
        if error.code in (*_NO_CREDENTIALS, *_REFUSED_CREDENTIALS):
            raise Failure(f"AWS credentials: {error.message}") from None
        return  # an endpoint that cannot be reached; the checks say what else cannot
    if found != account_id:
        raise InputError(f"these credentials lead to account {found}, the deployment {name} is in {account_id}")


def _findings(session: Session, judged: Judged) -> Findings:
    sections, found = [], list[Finding]()
    for deployment, verdicts in judged:
        sections.append(_section(deployment, verdicts))
        found += _of(deployment, verdicts)
        found += _unanswered(deployment, verdicts)
    rules = tuple(rule for rule in RULES.values() if _asked(session, rule.id))
    names = ", ".join(f"{d.name} in {d.region}" for d in session.deployments)
    headline = f"{len(judged)} deployment{'s' if len(judged) != 1 else ''} checked: {_counts(judged)}"
    return Findings(names, headline, tuple(sections), ordered(found), rules, "check", "Patching check")


def _asked(session: Session, id: str) -> bool:
    """Whether this look can make the finding."""
    if session.before_destroy:
        return id in BEFORE_DESTROY | CALLS
    return id not in BEFORE_DESTROY and (session.after_window or id not in AFTER_WINDOW)


def _counts(judged: Judged) -> str:
    states: dict[str, int] = {}
    for _, verdicts in judged:
        for verdict in verdicts:
            states[verdict.state] = states.get(verdict.state, 0) + 1
    return ", ".join(f"{states[state]} {state}" for state in get_args(State) if state in states)


def _section(deployment: Deployment, verdicts: Iterable[Verdict]) -> Section:
    title = f"{deployment.name} in {deployment.account_id}, {deployment.region}"
    blocks = tuple(_block(verdict) for verdict in verdicts)
    good = sum(verdict.state in ("as it should be", "noted") for verdict in verdicts)
    content = "as it should be" if good == len(blocks) else f"{good} of {len(blocks)} checks are content"
    return Section(title, content, blocks)


def _block(verdict: Verdict) -> Block:
    """What is and what should be, item by item."""
    facts = [(item.subject, f"{item.found}; should be: {item.wanted}") for item in verdict.items]
    lines = () if verdict.unanswered is None else (f"Unknown: {verdict.unanswered}",)
    return Block(f"{verdict.check.title}: {verdict.state}", tuple(facts), lines)


def _of(deployment: Deployment, verdicts: Iterable[Verdict]) -> list[Finding]:
    return [
        finding(item.rule, f"{deployment.name}: {item.subject}", f"{item.found}; should be: {item.wanted}.")
        for verdict in verdicts
        for item in verdict.wrong
    ]


def _unanswered(deployment: Deployment, verdicts: Iterable[Verdict]) -> list[Finding]:
    """One finding for each call that was not answered, with the checks that could not be made without it."""
    missed: dict[tuple[str, str], tuple[Unanswered, list[str]]] = {}
    for verdict in verdicts:
        if verdict.unanswered is not None:
            key = (verdict.unanswered.service, verdict.unanswered.operation)
            missed.setdefault(key, (verdict.unanswered, []))[1].append(verdict.check.id)
    found = []
    for error, names in missed.values():
        rule = "call-denied" if error.denied else "call-throttled" if error.throttled else "call-failed"
        what = f"{error.action} was not answered ({error.code}: {error.message}); not known: {', '.join(names)}."
        found.append(finding(rule, f"{deployment.name}: {error.service}:{error.operation}", what))
    return found
