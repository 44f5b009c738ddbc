"""What moto found, as botocore would have read it from moto's answer: without writing XML, and without reading it.

moto's own rules say which attribute of which object a member of the answer is. They are asked once for every kind of
object, not for every object: that is most of the time of a DescribeInstances.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any

from botocore.utils import parse_timestamp
from moto.core.serialize import AttributePickerContext, ResponseSerializer, XFormedAttributePicker
from moto.core.utils import MISSING

Transform = Callable[[Any], Any]
Pick = Callable[[Any, str, Any], Any]
_NAMES = XFormedAttributePicker()


class Unreadable(Exception):
    """A kind of answer that nobody wrote down here."""


class Reader:
    """Reads the results of one operation. Its protocol is one of those that send XML.

    Args:
        operation: moto's model of the operation.
        serializer: moto's class that would write the answer: it knows how a time is written.
        transforms: moto's changes of single members, by the end of their path.
    """

    def __init__(self, operation: Any, serializer: type[ResponseSerializer], transforms: dict[str, Transform]) -> None:
        self._operation, self._transforms = operation, transforms
        self._times = serializer(operation)._timestamp_serializer
        self._members: dict[tuple[str, type], list[_Member]] = {}

    def read(self, result: Any) -> dict[str, Any]:
        """The answer's members. Raises Unreadable."""
        shape = self._operation.output_shape
        return self._structure(shape, result, f"{self._operation.name}.{shape.name}")

    def _structure(self, shape: Any, found: Any, path: str) -> dict[str, Any]:
        kind = (path, type(found))
        if kind not in self._members:
            self._members[kind] = [self._member(shape, name, found, path) for name in shape.members]
        read = {}
        for member in self._members[kind]:
            value = member.of(found)
            if value is not None:
                read[member.name] = self._value(member.shape, value, member.path)
        return read

    def _member(self, shape: Any, name: str, found: Any, path: str) -> _Member:
        member = shape.members[name]
        member.parent = shape  # moto's rules ask for it
        names = _NAMES.get_possible_keys(AttributePickerContext(found, name, member))
        here = f"{path}.{name}"
        transform = next((t for end, t in self._transforms.items() if here.endswith(end)), None)
        pick = _item if hasattr(found, "__getitem__") else getattr  # as moto's get_value chooses, for each value
        return _Member(name, member, here, tuple(dict.fromkeys(names)), pick, transform)

    def _value(self, shape: Any, value: Any, path: str) -> Any:
        kind = shape.type_name
        if kind == "string":
            return str(value)
        if kind == "structure":
            return self._structure(shape, value, path)
        if kind == "list" and not shape.is_flattened:
            items = [self._value(shape.member, item, f"{path}.{shape.member.name}") for item in value]
            return [item for item in items if item != {}]
        if kind == "boolean":
            return str(value).lower() == "true"
        if kind in ("integer", "long"):
            return int(value)
        if kind in ("float", "double"):
            return float(value)
        if kind == "timestamp":
            written = shape.serialization.get("timestampFormat", self._times.default_format)
            return _time(self._times._convert_timestamp_to_str(value, written))
        raise Unreadable(f"{path}: {kind}")


class _Member:
    """One member of a structure, and the names under which moto looks for it in one kind of object."""

    def __init__(
        self, name: str, shape: Any, path: str, names: tuple[str, ...], pick: Pick, transform: Transform | None
    ) -> None:
        self.name, self.shape, self.path = name, shape, path
        self._names, self._pick, self._transform = names, pick, transform

    def of(self, found: Any) -> Any:
        value = None
        for name in self._names:
            picked = self._pick(found, name, MISSING)
            if picked is not MISSING:
                value = picked
                break
        return value if self._transform is None else self._transform(value)


def _item(found: Any, name: str, missing: Any) -> Any:
    try:
        return found[name]
    except (KeyError, IndexError, TypeError, AttributeError):
        return missing


@lru_cache(maxsize=4096)
def _time(written: str) -> datetime:
    return parse_timestamp(written)
