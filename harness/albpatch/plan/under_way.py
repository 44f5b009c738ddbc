"""What goes on in the account while a plan is reviewed: given to the review by whoever asked the account."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Working:
    """An execution that is under way. instance: empty if it is for several, or none that it names."""

    id: str
    document: str
    status: str
    instance: str
    groups: tuple[str, ...]

    @property
    def words(self) -> str:
        whom = f", for {self.instance}" if self.instance else ""
        return f"execution {self.id} of {self.document} is {self.status}{whom}"


@dataclass(frozen=True)
class Out:
    """An instance with an open record: out of its target groups, or about to be. words: who, since when, why."""

    instance: str
    groups: tuple[str, ...]
    words: str


@dataclass(frozen=True)
class UnderWay:
    """What one call of the module has under way. unknown: what the account did not answer."""

    working: tuple[Working, ...] = ()
    out: tuple[Out, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def anything(self) -> bool:
        return bool(self.working or self.out)

    @property
    def sentences(self) -> list[str]:
        """One for each."""
        return [*(f"{one.words}" for one in self.working), *(f"open record: {one.words}" for one in self.out)]


def together(found: Iterable[UnderWay]) -> UnderWay:
    """What several calls have under way, each once."""
    parts = list(found)
    return UnderWay(
        tuple(dict.fromkeys(one for part in parts for one in part.working)),
        tuple(dict.fromkeys(one for part in parts for one in part.out)),
        tuple(dict.fromkeys(one for part in parts for one in part.unknown)),
    )
