"""Reads a scenario's mappings: every mistake is one line that names its place in the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from albpatch.errors import InputError

Made = TypeVar("Made")


class Place:
    """A value of the file together with where it stands, for example `exists.target_groups.web.port`."""

    def __init__(self, source: str, path: str, value: Any) -> None:
        self.source, self.path, self.value = source, path, value

    def wrong(self, what: str) -> InputError:
        """The error to raise: `rehearsal.yaml: traffic.timeout: must be ...`."""
        return InputError(f"{self.source}: {self.path or 'the file'}: {what}")

    def mapping(self, *known: str, required: tuple[str, ...] = ()) -> Place:
        """This place, checked to be a mapping of `known` keys (any keys if none are given) with the `required` ones."""
        if not isinstance(self.value, dict):
            raise self.wrong(f"must be a mapping, not {_shown(self.value)}")
        for key in self.value:
            if not isinstance(key, str):
                raise self.wrong(f"the key {_shown(key)} must be text")
            if known and key not in known:
                raise self.at(key).wrong(f"is not known here; known are {', '.join(known)}")
        for key in required:
            if key not in self.value:
                raise self.wrong(f"{key} is missing")
        return self

    def at(self, key: str | int) -> Place:
        """The value under `key`; None where there is none."""
        if isinstance(key, int):
            return Place(self.source, f"{self.path}[{key}]", self.value[key])
        return Place(self.source, f"{self.path}.{key}" if self.path else key, self.value.get(key))

    def items(self) -> Iterator[tuple[str, Place]]:
        """The members of a mapping in the file's order."""
        for key in self.mapping().value:
            yield key, self.at(key)

    def entries(self) -> Iterator[Place]:
        """The members of a list."""
        if not isinstance(self.value, list):
            raise self.wrong(f"must be a list, not {_shown(self.value)}")
        for number in range(len(self.value)):
            yield self.at(number)

    def text(self, default: str | None = None) -> str:
        if self.value is None and default is not None:
            return default
        if not isinstance(self.value, str) or not self.value:
            raise self.wrong(f"must be text, not {_shown(self.value)}")
        return self.value

    def one_of(self, allowed: tuple[str, ...], default: str | None = None) -> str:
        value = self.text(default)
        if value not in allowed:
            raise self.wrong(f"must be one of {', '.join(allowed)}, not {_shown(value)}")
        return value

    def whole(self, low: int, high: int, default: int | None = None) -> int:
        if self.value is None and default is not None:
            return default
        if isinstance(self.value, bool) or not isinstance(self.value, int) or not low <= self.value <= high:
            raise self.wrong(f"must be a whole number from {low} to {high}, not {_shown(self.value)}")
        return self.value

    def number(self, low: float, high: float, default: float | None = None) -> float:
        if self.value is None and default is not None:
            return default
        if isinstance(self.value, bool) or not isinstance(self.value, int | float) or not low <= self.value <= high:
            raise self.wrong(f"must be a number from {low:g} to {high:g}, not {_shown(self.value)}")
        return float(self.value)

    def truth(self, default: bool) -> bool:
        if self.value is None:
            return default
        if not isinstance(self.value, bool):
            raise self.wrong(f"must be true or false, not {_shown(self.value)}")
        return self.value

    def texts(self) -> dict[str, str]:
        """A mapping of text to text. Numbers and truth values are written as AWS writes them."""
        if self.value is None:
            return {}
        return {key: place.scalar() for key, place in self.items()}

    def scalar(self) -> str:
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        if isinstance(self.value, int | float | str):
            return str(self.value)
        raise self.wrong(f"must be text or a number, not {_shown(self.value)}")

    def each(self, make: Callable[[Place], Made]) -> tuple[Made, ...]:
        """`make` of every entry of a list; nothing where the list is absent."""
        return () if self.value is None else tuple(make(entry) for entry in self.entries())

    def named(self, make: Callable[[Place], Made]) -> dict[str, Made]:
        """`make` of every member of a mapping; nothing where the mapping is absent."""
        return {} if self.value is None else {name: make(place) for name, place in self.items()}


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
