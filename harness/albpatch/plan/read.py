"""`terraform show -json PLAN` -> what is before and what will be after, with unknown and sensitive values marked.

https://developer.hashicorp.com/terraform/internals/json-format
A plan holds sensitive values in the clear beside a mark. They are replaced here, at the only way in, so that nothing
behind this module can show one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from albpatch.errors import InputError


class PlanError(InputError, ValueError):
    """The file is no plan that can be read. One line: what and where."""


class Mark:
    """Stands for a value that the plan does not show."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text

    __str__ = __repr__


UNKNOWN = Mark("(known after apply)")
SENSITIVE = Mark("(sensitive)")


@dataclass(frozen=True)
class Resource:
    """One resource on one side of a plan. values hold UNKNOWN and SENSITIVE where the plan does not show something."""

    address: str
    module: str
    type: str
    name: str
    key: str | int | None
    values: dict[str, Any]
    managed: bool = True


@dataclass(frozen=True)
class Change:
    """What Terraform will do to one resource. replaced_by: the attributes that force a new one."""

    address: str
    type: str
    actions: tuple[str, ...]
    replaced_by: tuple[str, ...] = ()

    @property
    def removes(self) -> bool:
        return "delete" in self.actions

    @property
    def replaces(self) -> bool:
        return self.removes and "create" in self.actions

    @property
    def nothing(self) -> bool:
        return self.actions in (("no-op",), ("read",))


@dataclass(frozen=True)
class State:
    """The resources of one side, by address. A resource that moves stands on both sides under its new address."""

    resources: dict[str, Resource] = field(default_factory=dict)

    @cached_property
    def _by_type(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for resource in self.resources.values():
            found.setdefault(resource.type, []).append(resource)
        return found

    def of_type(self, *types: str) -> Iterator[Resource]:
        return (resource for kind in types for resource in self._by_type.get(kind, ()))

    @cached_property
    def instances_by_tag(self) -> dict[tuple[str, str], list[str]]:
        """(key, value) of a tag -> addresses of the instances that the plan manages and that have it."""
        found: dict[tuple[str, str], list[str]] = {}
        for resource in self.of_type("aws_instance"):
            tags = resource.values.get("tags_all")
            tags = tags if isinstance(tags, Mapping) else resource.values.get("tags")
            for key, value in tags.items() if isinstance(tags, Mapping) and resource.managed else ():
                if isinstance(value, str):
                    found.setdefault((key, value), []).append(resource.address)
        return found


@dataclass(frozen=True)
class Plan:
    """A plan. configuration: the root module's, as Terraform prints it."""

    before: State
    after: State
    changes: dict[str, Change]
    configuration: dict[str, Any]
    destroys: bool = False

    @cached_property
    def changing(self) -> list[Change]:
        """What Terraform does anything to."""
        return [change for change in self.changes.values() if not change.nothing]

    def change(self, address: str) -> Change:
        return self.changes.get(address, Change(address, "", ("no-op",)))


def read(path: Path) -> Plan:
    """The plan in a file.

    Raises:
        PlanError: the file cannot be read, is not JSON, or is no plan of a format that is known here.
    """
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise PlanError(f"cannot read {path}: {error.strerror}") from error
    except RecursionError:
        raise PlanError(f"{path} is no plan: it is nested too deeply") from None
    except ValueError as error:
        raise PlanError(f"{path} is not JSON: {error}") from error
    try:
        return parse(content)
    except PlanError as error:
        raise PlanError(f"{path}: {error}") from error


def parse(content: Any) -> Plan:
    """The plan in parsed JSON. Raises PlanError."""
    if not isinstance(content, Mapping) or ("resource_changes" not in content and "planned_values" not in content):
        what = "this is a state" if isinstance(content, Mapping) and "values" in content else "this is no plan"
        raise PlanError(f"{what}: give what `terraform show -json PLAN` prints of a saved plan")
    version = str(content.get("format_version", ""))
    if not version.startswith(("0.", "1.")):
        raise PlanError(f"plan format {version or 'without a version'} is not known here: 1.x is")
    if content.get("errored"):
        raise PlanError("the plan ended with an error, so it shows only a part")
    try:
        before, after, changes = _sides(content)
        data = list(_data(content))
    except (KeyError, TypeError, AttributeError) as error:
        raise PlanError(f"the plan is damaged: {type(error).__name__} at {error}") from error
    kept = {resource.address: resource for resource in data}
    configuration = content.get("configuration", {})
    return Plan(
        State({**kept, **before}),
        State({**kept, **after}),
        changes,
        configuration.get("root_module", {}) if isinstance(configuration, Mapping) else {},
    )


def _sides(content: Mapping[str, Any]) -> tuple[dict[str, Resource], dict[str, Resource], dict[str, Change]]:
    before: dict[str, Resource] = {}
    after: dict[str, Resource] = {}
    changes: dict[str, Change] = {}
    for entry in content.get("resource_changes") or []:
        _check(entry, {**entry["change"]}["actions"])
        if "deposed" in entry:
            continue  # what is left of an earlier replacement; its successor has an entry of its own
        change, address = entry["change"], entry["address"]
        forced = tuple(dict.fromkeys(str(path[0]) for path in change.get("replace_paths") or [] if path))
        changes[address] = Change(address, entry["type"], tuple(change["actions"]), forced)
        if change.get("before") is not None:
            before[address] = _resource(entry, masked(change["before"], False, change.get("before_sensitive", False)))
        if change.get("after") is not None or "create" in change["actions"]:
            unknown, hidden = change.get("after_unknown", False), change.get("after_sensitive", False)
            after[address] = _resource(entry, masked(change.get("after") or {}, unknown, hidden))
    return before, after, changes


def _check(entry: Mapping[str, Any], actions: Any = ()) -> None:
    """Raises TypeError for an entry whose own members are not of the format's types."""
    texts = [entry["address"], entry["type"], entry["name"], entry.get("module_address", ""), *actions]
    if not all(isinstance(text, str) for text in texts) or not isinstance(entry.get("index"), str | int | None):
        raise TypeError(f"{entry['address']}")


def _resource(entry: Mapping[str, Any], values: Any) -> Resource:
    return Resource(
        entry["address"],
        entry.get("module_address", ""),
        entry["type"],
        entry["name"],
        entry.get("index"),
        values if isinstance(values, dict) else {},
        entry.get("mode", "managed") == "managed",
    )


def _data(content: Mapping[str, Any]) -> Iterator[Resource]:
    """What data sources have found already."""
    root = ((content.get("prior_state") or {}).get("values") or {}).get("root_module") or {}
    for module, resource in _resources(root, ""):
        _check({**resource, "module_address": module})
        if resource["mode"] == "data":
            values = masked(resource.get("values") or {}, False, resource.get("sensitive_values", False))
            yield _resource({**resource, "module_address": module}, values)


def _resources(module: Mapping[str, Any], address: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for resource in module.get("resources") or []:
        yield address, resource
    for child in module.get("child_modules") or []:
        yield from _resources(child, child["address"])


def masked(value: Any, unknown: Any, sensitive: Any) -> Any:
    """The value with UNKNOWN and SENSITIVE where the marks beside it say so. Sensitive wins."""
    if sensitive is True:
        return SENSITIVE
    if unknown is True:
        return UNKNOWN
    if not _any(unknown) and not _any(sensitive):
        return value
    if isinstance(unknown, Mapping) or isinstance(value, Mapping):
        return _masked_map(value, unknown, sensitive)
    if (isinstance(unknown, list) and unknown) or isinstance(value, list):
        return _masked_list(value, unknown, sensitive)
    return value


def _masked_map(value: Any, unknown: Any, sensitive: Any) -> Any:
    values = value if isinstance(value, Mapping) else {}
    marks = unknown if isinstance(unknown, Mapping) else {}
    hidden = sensitive if isinstance(sensitive, Mapping) else {}
    keys = dict.fromkeys([*values, *(key for key, mark in marks.items() if _any(mark))])
    if not keys and not isinstance(value, Mapping):
        return value
    return {key: masked(values.get(key), marks.get(key, False), hidden.get(key, False)) for key in keys}


def _masked_list(value: Any, unknown: Any, sensitive: Any) -> Any:
    values = value if isinstance(value, list) else []
    marks = unknown if isinstance(unknown, list) else []
    hidden = sensitive if isinstance(sensitive, list) else []
    if not values and not _any(marks):
        return value
    length = max(len(values), len(marks))
    return [masked(_at(values, n, None), _at(marks, n, False), _at(hidden, n, False)) for n in range(length)]


def _at(items: list[Any], position: int, otherwise: Any) -> Any:
    return items[position] if position < len(items) else otherwise


def _any(mark: Any) -> bool:
    """Whether something below a mark is marked."""
    inner: Iterable[Any] = mark.values() if isinstance(mark, Mapping) else mark if isinstance(mark, list) else ()
    return mark is True or any(_any(item) for item in inner)


def known(value: Any) -> bool:
    """Whether a value, and everything in it, is shown by the plan."""
    if isinstance(value, Mark):
        return False
    if isinstance(value, Mapping):
        return all(known(item) for item in value.values())
    return all(known(item) for item in value) if isinstance(value, list | tuple) else True
