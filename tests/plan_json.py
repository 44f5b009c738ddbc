"""Reads the module's calls out of a plan as `terraform show -json` prints it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml

SCHEMA = "alb-patching/deployment/"


@dataclass(frozen=True)
class Resource:
    """A planned resource: address, type, the values that are known, and which of the others come with the apply."""

    address: str
    type: str
    values: dict[str, Any]
    unknown: dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One call of the module: its address (empty in the module itself), its record, resources and configuration."""

    address: str
    resources: tuple[Resource, ...]
    configuration: dict[str, Any]

    @property
    def record(self) -> Resource:
        return next(r for r in self.resources if is_record(r))

    @property
    def deployment(self) -> dict[str, Any]:
        """The known part of the record."""
        known: dict[str, Any] = self.record.values["input"]
        return known

    def of(self, kind: str) -> list[Resource]:
        return [resource for resource in self.resources if resource.type == kind]

    def role(self, kind: str) -> Resource:
        """automation_role or window_role, by the name that the record gives."""
        return next(r for r in self.of("aws_iam_role") if r.values["name"] == self.deployment[kind]["name"])

    def policies(self, kind: str) -> dict[str, dict[str, Any] | None]:
        """Name of an inline policy of a role => its document, None where it comes with the apply."""
        part = {"automation_role": "module.automation_role.", "window_role": "module.maintenance_window."}[kind]
        found = [r for r in self.of("aws_iam_role_policy") if r.address.removeprefix(self.prefix).startswith(part)]
        return {r.values["name"]: json.loads(r.values["policy"]) if "policy" in r.values else None for r in found}

    def statements(self, kind: str) -> list[dict[str, Any]]:
        """Every known statement of a role's policies, actions and resources as lists."""
        known = [policy for policy in self.policies(kind).values() if policy is not None]
        return [normal(statement) for policy in known for statement in policy["Statement"]]

    @property
    def prefix(self) -> str:
        return f"{self.address}." if self.address else ""

    @cached_property
    def document(self) -> dict[str, Any]:
        """The patching runbook, parsed."""
        parsed: dict[str, Any] = yaml.safe_load(self.patch_document.values["content"])
        return parsed

    @property
    def patch_document(self) -> Resource:
        name = self.deployment["document"]["name"]
        return next(r for r in self.of("aws_ssm_document") if r.values["name"] == name)

    def fleets(self) -> Iterator[tuple[dict[str, Any], Resource, Resource]]:
        """The record of each fleet with its window target and its window task."""
        for fleet in self.deployment["fleets"].values():
            target, task = (
                next(r for r in self.of(f"aws_ssm_maintenance_window_{kind}") if r.values["name"] == fleet["name"])
                for kind in ("target", "task")
            )
            yield fleet, target, task


def calls(plan: dict[str, Any]) -> list[Call]:
    """Every call of the module in a plan, under any module path."""
    resources = [
        Resource(change["address"], change["type"], change["change"]["after"] or {}, change["change"]["after_unknown"])
        for change in plan.get("resource_changes", [])
        if change["mode"] == "managed" and change["change"]["actions"] != ["delete"]
    ]
    found = []
    for record in filter(is_record, resources):
        address = record.address.removesuffix("terraform_data.deployment").removesuffix(".")
        prefix = f"{address}." if address else ""
        own = tuple(resource for resource in resources if resource.address.startswith(prefix))
        found.append(Call(address, own, configuration(plan, address)))
    return found


def is_record(resource: Resource) -> bool:
    value = resource.values.get("input")
    return (
        resource.type == "terraform_data"
        and isinstance(value, dict)
        and str(value.get("schema", "")).startswith(SCHEMA)
    )


def configuration(plan: dict[str, Any], address: str) -> dict[str, Any]:
    """The configuration of the module at an address; instances of one call share it."""
    module = plan["configuration"]["root_module"]
    for name in re.findall(r"module\.([^.\[]+)", address):
        module = module["module_calls"][name]["module"]
    found: dict[str, Any] = module
    return found


def normal(statement: dict[str, Any]) -> dict[str, Any]:
    """A statement whose actions and resources are lists."""
    lists = {key: [value] if isinstance(value, str) else value for key, value in statement.items()}
    return {**statement, **{key: lists[key] for key in ("Action", "Resource") if key in lists}}


def unknown_paths(unknown: Any, path: str = "") -> list[str]:
    """The places in a value that come with the apply, dotted, numbers for the places of a list."""
    if unknown is True:
        return [path]
    items = unknown.items() if isinstance(unknown, dict) else enumerate(unknown if isinstance(unknown, list) else [])
    return [found for key, item in items for found in unknown_paths(item, f"{path}.{key}" if path else str(key))]
