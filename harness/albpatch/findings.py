"""What a reader of configurations found: findings, and the words around them. The reports show exactly this."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True)
class Rule:
    """What a finding's id stands for, in general. docs/review.md has a row for each."""

    id: str
    severity: Severity
    title: str


@dataclass(frozen=True)
class Known(Rule):
    """A rule with the words that every finding of it carries."""

    why: str
    todo: str

    def finding(self, address: str, what: str) -> Finding:
        """A finding of this rule. what: what was seen, one sentence."""
        return Finding(self.id, self.severity, written(address), written(what), self.why, self.todo)


def known(severity: Severity, *rows: tuple[str, str, str, str]) -> list[Known]:
    """Rules of one severity, each as (id, title, why, todo)."""
    return [Known(id, severity, title, why, todo) for id, title, why, todo in rows]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. address: where in the plan. why: why it matters. todo: what to do about it."""

    id: str
    severity: Severity
    address: str
    what: str
    why: str
    todo: str


@dataclass(frozen=True)
class Block:
    """A headed part of the words: facts are (label, text), lines are sentences."""

    title: str
    facts: tuple[tuple[str, str], ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """What there is to say about one call of the module."""

    title: str
    status: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Findings:
    """The whole answer. subject: the file that was read. rules: every rule that was looked at. verb: whose answer."""

    subject: str
    headline: str
    sections: tuple[Section, ...]
    findings: tuple[Finding, ...]
    rules: tuple[Rule, ...] = ()
    verb: str = "review"
    title: str = "Patch night review"

    def count(self, severity: Severity) -> int:
        return sum(finding.severity == severity for finding in self.findings)

    def reaches(self, threshold: Severity) -> bool:
        """Whether a finding is at or above this severity."""
        return any(at_least(finding.severity, threshold) for finding in self.findings)

    @property
    def verdict(self) -> str:
        """The counts in words."""
        counts = [(self.count(severity), severity) for severity in SEVERITIES]
        shown = [f"{number} {severity}{'s' if number != 1 else ''}" for number, severity in counts if number]
        return ", ".join(shown) or "no findings"


def written(text: str) -> str:
    """The text with what JSON can write and UTF-8 cannot written out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def at_least(severity: Severity, threshold: Severity) -> bool:
    """Whether a severity is the threshold or worse."""
    return SEVERITIES.index(severity) <= SEVERITIES.index(threshold)


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Without repetition, the worst first, then by id and address."""
    unique = dict.fromkeys(findings)
    return tuple(sorted(unique, key=lambda f: (SEVERITIES.index(f.severity), f.id, f.address, f.what)))
