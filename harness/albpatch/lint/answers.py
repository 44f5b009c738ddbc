"""What a selector finds in the answer of an operation, by the shapes of botocore."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from botocore.model import OperationModel, Shape

_TOKEN = re.compile(
    r"\.\.(?P<deep>[\w\-]+|\*)|\.(?P<child>[\w\-]+|\*)|\.'(?P<dotted>[^']*)'"
    r"|\.?\[\s*(?P<quote>['\"])(?P<quoted>[^'\"]*)(?P=quote)\s*\]"
    r"|\.?\[\s*(?P<index>-?\d+|\*|[\d:\-]+)\s*\]|\.?\[\s*(?P<filter>\?.*?\))\s*\]"
)
_METADATA = "ResponseMetadata"  # boto3 adds it to every answer


class Anything(Exception):
    """The path leaves what the shapes describe, so nothing can be said against it."""


class Nothing(Exception):
    """No answer of the operation has this. `part` is the part of the path that nothing matches."""

    def __init__(self, part: str, known: Iterable[str] = ()) -> None:
        super().__init__(part)
        self.part, self.known = part, sorted(known)


def selected(called: OperationModel, selector: str) -> tuple[list[Shape], bool]:
    """The shapes that the path can find, and whether it finds a list of them (deep scan, wildcard or filter).

    Raises:
        Anything: it cannot be told.
        Nothing: the answer has no such thing.
    """
    shapes: list[Shape] = [called.output_shape] if called.output_shape is not None else []
    many, at, first = False, 1, True
    while at < len(selector):
        match = _TOKEN.match(selector, at)
        if match is None:
            raise Anything
        name = match["child"] or match["quoted"] or match["dotted"]
        if first and (name == _METADATA or match["deep"] in (_METADATA, "RequestId", "HTTPStatusCode")):
            raise Anything
        found = list(_step(shapes, match))
        if not found:
            raise Nothing(match[0], {m for shape in shapes for m in getattr(shape, "members", {})})
        many = many or bool(match["deep"] or match["filter"]) or "*" in (name, match["index"])
        shapes, at, first = found, match.end(), False
    if not shapes and selector != "$":
        raise Nothing(selector)
    return shapes, many


def _step(shapes: list[Shape], match: re.Match[str]) -> Iterator[Shape]:
    name = match["child"] or match["quoted"] or match["dotted"]
    for shape in shapes:
        if getattr(shape, "is_document_type", False):
            raise Anything
        if match["deep"]:
            yield from _deep(shape, match["deep"])
        elif name == "*" or match["index"] or match["filter"]:
            yield from _items(shape, match["index"] is not None)
        elif shape.type_name == "structure" and name in shape.members:
            yield shape.members[name]
        elif shape.type_name == "map":
            yield shape.value


def _items(shape: Shape, indexed: bool) -> Iterator[Shape]:
    if shape.type_name == "list":
        yield shape.member
    elif not indexed and shape.type_name == "structure":
        yield from shape.members.values()
    elif not indexed and shape.type_name == "map":
        yield shape.value


def _deep(top: Shape, name: str) -> Iterator[Shape]:
    """Every shape below that a member of this name has."""
    seen: set[str] = set()
    open_ends = [top]
    while open_ends:
        shape = open_ends.pop()
        if shape.name in seen and shape.type_name in ("structure", "list", "map"):
            continue
        seen.add(shape.name)
        if getattr(shape, "is_document_type", False):
            raise Anything
        if shape.type_name == "structure":
            for member, inner in shape.members.items():
                if name in (member, "*"):
                    yield inner
                open_ends.append(inner)
        elif shape.type_name == "list":
            open_ends.append(shape.member)
        elif shape.type_name == "map":
            raise Anything  # its keys are anybody's
