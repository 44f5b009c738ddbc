"""What a check sees, item by item: what is and what should be. And how checks are run: one refusal hides no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from albpatch.live.account import Account
from albpatch.live.calls import Unanswered
from albpatch.live.rules import RULES
from albpatch.live.snapshot import Snapshot
from albpatch.settings import Deployment, Fleet, Role

State = Literal["as it should be", "noted", "not as it should be", "not settled yet", "unknown", "nothing to look at"]


@dataclass(frozen=True)
class Item:
    """One thing that was looked at. rule: the finding that it is, empty if it is right. passing: it will change by
    itself, so that looking again is worth it."""

    subject: str
    found: str
    wanted: str
    rule: str = ""
    passing: bool = False


def right(subject: str, found: str, wanted: str) -> Item:
    return Item(subject, found, wanted)


def wrong(rule: str, subject: str, found: str, wanted: str, passing: bool = False) -> Item:
    return Item(subject, found, wanted, rule, passing)


@dataclass(frozen=True)
class Look:
    """One look at an account. now: aware. before: the snapshot to compare with, if one was given."""

    account: Account
    deployment: Deployment
    now: datetime
    before: Snapshot | None = None

    @property
    def fleets(self) -> Sequence[tuple[str, Fleet]]:
        return list(self.deployment.fleets.items())

    @property
    def documents(self) -> list[str]:
        """The runbooks by name: the one that patches, and those that it starts, if there are any."""
        return [self.deployment.document.name, *self.children]

    @property
    def children(self) -> dict[str, Role]:
        """The runbooks that the patching one starts, by name: the assess and the restore runbook, with their roles."""
        deployment, found = self.deployment, dict[str, Role]()
        if deployment.assess_document is not None:
            found[deployment.assess_document] = deployment.automation_role
        if deployment.restore is not None:
            found[deployment.restore.document] = deployment.restore.role
        return found

    @property
    def groups(self) -> list[str]:
        """The ARNs of all target groups that the fleets name."""
        return sorted({arn for fleet in self.deployment.fleets.values() for arn in fleet.target_group_arns})


@dataclass(frozen=True)
class Check:
    """One question. look yields an item for everything that it looks at; rules: the findings it may yield."""

    id: str
    title: str
    look: Callable[[Look], Iterable[Item]]
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """The answer to one check. unanswered: the call without which nobody knows the rest."""

    check: Check
    items: tuple[Item, ...] = field(default=())
    unanswered: Unanswered | None = None

    @property
    def wrong(self) -> list[Item]:
        return [item for item in self.items if item.rule]

    @property
    def passing(self) -> bool:
        """Whether looking again may give another answer."""
        throttled = self.unanswered is not None and self.unanswered.throttled
        return throttled or any(item.passing for item in self.items)

    @property
    def state(self) -> State:
        lasting = [item for item in self.wrong if not item.passing]
        if any(RULES[item.rule].severity != "note" for item in lasting):
            return "not as it should be"
        if self.unanswered is not None:
            return "unknown"
        if not self.items:
            return "nothing to look at"  # what is missing is a finding of another check
        if len(lasting) < len(self.wrong):
            return "not settled yet"
        return "noted" if lasting else "as it should be"


def judge(look: Look, checks: Iterable[Check]) -> list[Verdict]:
    """The verdict of each check. A call that is not answered ends its own check only."""
    return [_verdict(look, check) for check in checks]


def _verdict(look: Look, check: Check) -> Verdict:
    items: list[Item] = []
    try:
        for item in check.look(look):
            assert not item.rule or item.rule in check.rules, f"{check.id} yields {item.rule}"
            items.append(item)
    except Unanswered as error:
        return Verdict(check, tuple(items), error)
    return Verdict(check, tuple(items))
