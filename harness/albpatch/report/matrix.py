"""What a run of the fault matrix shows: faults injected and violations, as lines and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from albpatch.report.words import many

SCHEMA = "alb-patching/faults/1"


@dataclass(frozen=True)
class Violation:
    """One thing that was not true after a night: which invariant, and what was seen instead."""

    invariant: str
    words: str


@dataclass(frozen=True)
class Played:
    """One night with one fault.

    `seconds` are of this machine's processor. `struck` False: the night never came to the fault's moment.
    """

    name: str
    fleet: str
    kind: str
    violations: tuple[Violation, ...] = ()
    seconds: float = 0.0
    struck: bool = True


@dataclass(frozen=True)
class Matrix:
    """All nights of a run. `command` plays one of them again: it is formatted with the night's name."""

    played: tuple[Played, ...]
    invariants: Sequence[str]
    command: str = "make faults ONLY='{name}'"
    facts: Sequence[tuple[str, str]] = field(default_factory=tuple)

    @property
    def nights(self) -> list[Played]:
        """The nights whose fault came to pass, and those that went wrong without it."""
        return [night for night in self.played if night.struck or night.violations]

    @property
    def missed(self) -> int:
        """Nights that never came to their fault's moment: they prove nothing."""
        return len(self.played) - len(self.nights)

    @property
    def bad(self) -> list[Played]:
        return [night for night in self.nights if night.violations]

    @property
    def fleets(self) -> list[str]:
        return list(dict.fromkeys(night.fleet for night in self.nights))

    @property
    def kinds(self) -> list[str]:
        return list(dict.fromkeys(night.kind for night in self.nights))

    def injected(self, kind: str, fleet: str | None = None) -> int:
        """The nights with that kind of fault."""
        return sum(night.kind == kind and fleet in (None, night.fleet) for night in self.nights)

    def violated(self, kind: str, fleet: str | None = None) -> int:
        """Those of them that ended with a violation."""
        return sum(night.kind == kind and fleet in (None, night.fleet) for night in self.bad)

    def broken(self, invariant: str) -> int:
        """The nights after which an invariant did not hold."""
        return sum(any(v.invariant == invariant for v in night.violations) for night in self.bad)

    @property
    def verdict(self) -> str:
        faults = f"{many(len(self.nights), 'fault')} injected"
        missed = f"; {many(self.missed, 'night')} never came to the fault" if self.missed else ""
        if not self.bad:
            return f"{faults}, no violation{missed}"
        return f"{faults}, {many(len(self.bad), 'night')} with a violation{missed}"


def lines(matrix: Matrix) -> list[str]:
    """The result as a terminal shows it: violations first, then the tables."""
    said = []
    for night in matrix.bad:
        said.append(night.name)
        said += [f"  {violation.invariant}: {violation.words}" for violation in night.violations]
        said.append(f"  again: {matrix.command.format(name=night.name)}")
    fleets = matrix.fleets
    said += ["", f"{'fault':<30}" + "".join(f"{fleet:>10}" for fleet in fleets) + f"{'violated':>10}"]
    for kind in matrix.kinds:
        counts = "".join(f"{matrix.injected(kind, fleet):>10}" for fleet in fleets)
        said.append(f"{kind:<30}{counts}{matrix.violated(kind):>10}")
    said += ["", f"{'invariant':<30}{'nights':>10}{'violated':>10}"]
    said += [f"{name:<30}{len(matrix.nights):>10}{matrix.broken(name):>10}" for name in matrix.invariants]
    return [*said, "", matrix.verdict]


def as_json(matrix: Matrix) -> str:
    """The result for a program."""
    nights = [asdict(night) for night in matrix.played]
    return json.dumps({"schema": SCHEMA, "verdict": matrix.verdict, "facts": dict(matrix.facts), "nights": nights})
