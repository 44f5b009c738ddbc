"""The calls of the module in one side of a plan, recognised by their deployment records.

A record is the input of a `terraform_data.deployment` and carries its schema, whatever the module is called and
wherever it came from. The resources below the record's module belong to the call.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from albpatch.document.model import Defect, Document
from albpatch.document.read import read as read_document
from albpatch.plan.read import UNKNOWN, Mark, PlanError, Resource, State
from albpatch.settings import SCHEMA

_FAMILY = SCHEMA.rpartition("/")[0] + "/"
_RECORD = ("terraform_data", "deployment")
_ASSUME_ROLE = re.compile(r"^assumeRole: (?P<role>[^\s#\"'{}]+)$", re.MULTILINE)


@dataclass(frozen=True)
class Fleet:
    """A fleet as the record says it, with its window task. Every value may be UNKNOWN or SENSITIVE."""

    name: str
    record: Any
    task: Resource | None
    target: Resource | None

    def get(self, *path: str) -> Any:
        return dig(self.record, *path)

    @property
    def target_groups(self) -> list[Any]:
        """ARNs, and a mark in place of each that the plan does not show."""
        found = self.get("target_group_arns")
        listed = found if isinstance(found, list) else [found]
        return [arn if isinstance(arn, str | Mark) else UNKNOWN for arn in listed]

    @property
    def parameters(self) -> dict[str, Any]:
        """What the task passes: name -> list of values, or a mark."""
        found = dig(self.task.values if self.task else {}, "task_invocation_parameters", 0, "automation_parameters", 0)
        given = found.get("parameter") if isinstance(found, Mapping) else None
        listed = given if isinstance(given, list) else []
        return {p["name"]: p.get("values", UNKNOWN) for p in listed if isinstance(p, Mapping) and _text(p.get("name"))}

    @property
    def document_version(self) -> Any:
        path = ("task_invocation_parameters", 0, "automation_parameters", 0, "document_version")
        return dig(self.task.values if self.task else {}, *path)


@dataclass(frozen=True)
class Runbook:
    """A runbook of a call and the role that it assumes. kind: patching, assess or restore."""

    kind: str
    resource: Resource
    role: Resource | None

    @property
    def content(self) -> Any:
        """Its text, or a mark."""
        return self.resource.values.get("content")

    @property
    def document(self) -> Document | None:
        """What its text says; None where the plan does not show it."""
        return document(self.content)[0]


@dataclass(frozen=True)
class Call:
    """One call of the module. address: its module path, empty for the root module itself."""

    address: str
    record_address: str
    record: Any
    resources: dict[str, Resource] = field(default_factory=dict)

    def get(self, *path: str) -> Any:
        """A member of the record; UNKNOWN where the plan does not show it."""
        return dig(self.record, *path)

    @property
    def shown(self) -> str:
        return self.address or "the root module"

    @property
    def name(self) -> Any:
        return self.get("name")

    @property
    def fleets(self) -> list[Fleet]:
        given = self.get("fleets")
        found = given if isinstance(given, Mapping) else {}
        tasks = {r.key: r for r in self.of_type("aws_ssm_maintenance_window_task")}
        targets = {r.key: r for r in self.of_type("aws_ssm_maintenance_window_target")}
        return [Fleet(name, record, tasks.get(name), targets.get(name)) for name, record in found.items()]

    def of_type(self, *types: str) -> Iterator[Resource]:
        return (resource for resource in self.resources.values() if resource.type in types)

    def one(self, kind: str, within: str = "") -> Resource | None:
        """The first resource of a type that the call manages, in a submodule if one is named."""
        wanted = f"{self.address}.module.{within}".lstrip(".") if within else None
        return next((r for r in self.of_type(kind) if r.managed and wanted in (None, r.module)), None)

    @property
    def document(self) -> Resource | None:
        return self.one("aws_ssm_document", "automation_document")

    @property
    def content(self) -> Any:
        """The document's text, a mark, or None where there is no document."""
        return self.document.values.get("content") if self.document else None

    @property
    def runbooks(self) -> list[Runbook]:
        """The patching runbook, its first half and the one that restores, as far as the call has them."""
        assessing = self._named("aws_ssm_document", "assess_document", self.get("assess_document"))
        restoring = self._named("aws_ssm_document", "recovery", self.get("restore", "document"))
        found = [
            ("patching", self.document, "automation"),
            ("assess", assessing, "automation"),
            ("restore", restoring, "restore"),
        ]
        return [Runbook(kind, document, self.role(role)) for kind, document, role in found if document is not None]

    @property
    def documents(self) -> dict[str, Document]:
        """Name -> what a runbook of the call says, as far as the plan shows it."""
        shown = [(runbook.resource.values.get("name"), runbook.document) for runbook in self.runbooks]
        return {name: found for name, found in shown if isinstance(name, str) and found is not None}

    def role(self, which: str) -> Resource | None:
        """The role of "automation", "window", "restore", or of the "events" that start the restore runbook."""
        if which == "restore":
            return self._named("aws_iam_role", "recovery", self.get("restore", "role", "name"))
        if which == "events":
            name = self.get("restore", "events", "role", "name")
            return self._named("aws_iam_role", "recovery", name) if isinstance(name, str) else None
        return self.one("aws_iam_role", {"automation": "automation_role", "window": "maintenance_window"}[which])

    def _named(self, kind: str, submodule: str, name: Any) -> Resource | None:
        """The resource with this name below a submodule, whatever index that has; the first one if none is known."""
        below = re.compile(rf"{re.escape(self.address)}\.?module\.{submodule}(\[\d+\])?(\..*)?")
        found = [resource for resource in self.of_type(kind) if below.fullmatch(resource.module)]
        return next((r for r in found if r.values.get("name") == name), found[0] if found else None)


def calls(state: State) -> dict[str, Call]:
    """Module address -> call, in the order of the plan. Raises PlanError for a record of another schema."""
    records = [r for r in state.resources.values() if (r.type, r.name) == _RECORD and _is_record(r, state)]
    found, modules = {}, {resource.module for resource in state.resources.values()}
    for record in records:
        deeper = [r.module for r in records if r.module != record.module and _below(r.module, record.module)]
        inside = {m for m in modules if _below(m, record.module) and not any(_below(m, d) for d in deeper)}
        own = {address: resource for address, resource in state.resources.items() if resource.module in inside}
        found[record.module] = Call(record.module, record.address, record.values.get("input"), own)
    return found


def _is_record(resource: Resource, state: State) -> bool:
    given = resource.values.get("input")
    if isinstance(given, Mark):  # nothing of it is shown; what stands beside it tells whose it is
        beside = f"{resource.module}.module.maintenance_window".lstrip(".")
        return any(r.module == beside for r in state.of_type("aws_ssm_maintenance_window"))
    schema = given.get("schema") if isinstance(given, Mapping) else None
    if not isinstance(schema, str) or not schema.startswith(_FAMILY):
        return False
    if schema != SCHEMA:
        raise PlanError(
            f"{resource.address} has schema {schema}, this albpatch reads {SCHEMA}:"
            " install the albpatch that came with the module"
        )
    return True


def _below(module: str, other: str) -> bool:
    return not other or module == other or module.startswith(f"{other}.")


def dig(value: Any, *path: str | int) -> Any:
    """What lies at a path. A mark on the way is the answer; UNKNOWN where nothing is there."""
    for step in path:
        if isinstance(value, Mark):
            return value
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else UNKNOWN
        else:
            value = value.get(step, UNKNOWN) if isinstance(value, Mapping) else UNKNOWN
    return value


def number(value: Any) -> int | None:
    """A whole number, or None where the plan shows none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value != int(value):
        return None
    return int(value)


def _text(value: Any) -> bool:
    return isinstance(value, str)


def document(content: Any) -> tuple[Document | None, list[Defect]]:
    """The parsed document and its defects; nothing for a text that the plan does not show."""
    if not isinstance(content, str):
        return None, []
    # Many calls differ in nothing but the role, which stands alone in its line of the bundled runbook.
    match = _ASSUME_ROLE.search(content)
    if match is None:
        return _read(content)
    found, defects = _read(f"{content[: match.start('role')]}ROLE{content[match.end('role') :]}")
    if found is None:
        return None, defects
    return Document(
        found.steps, found.parameters, found.variables, found.outputs, match["role"], found.description
    ), defects


@lru_cache(maxsize=256)
def _read(content: str) -> tuple[Document | None, list[Defect]]:
    return read_document(content)
