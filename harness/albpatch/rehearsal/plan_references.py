"""A plan as `terraform show -json` prints it: the resources that will be, and which resource an unknown value names.

A first plan does not know ids and ARNs. Its `configuration` says which expressions they come from, so the resource that
is meant can be found by following references: through each.value, variables and the outputs of modules. The plan does
not carry the definitions of locals, so a way through one ends there.
https://developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from albpatch.errors import InputError

_INDEX = re.compile(r"\[[^\]]*\]")
_RESOURCE = re.compile(r"^(?P<type>[a-z0-9_]+)\.(?P<name>[\w-]+)(?:\[(?P<index>[^\]]+)\])?")


class PlanError(InputError):
    """A value that is needed cannot be told from the plan. The message names the address."""


@dataclass(frozen=True)
class Planned:
    """One resource instance that exists after the apply.

    `module` are the addresses of its modules from the root on, with their indexes; `key` is its count or for_each key.
    """

    address: str
    type: str
    name: str
    key: str | int | None
    module: tuple[str, ...]
    values: dict[str, Any]
    configuration: dict[str, Any]

    def expression(self, *path: str | int) -> Any:
        """The configuration at an attribute's path, or the nearest expression around it."""
        node: Any = self.configuration.get("expressions", {})
        for step in path:
            inner = _inner(node, step)
            if inner is None:
                break
            node = inner
        return node


def _inner(node: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return node[step] if isinstance(node, list) and step < len(node) else None
    return node.get(step) if isinstance(node, dict) else None


class Plan:
    """The planned resources and the way from an expression to them."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        if "planned_values" not in content or "configuration" not in content:
            raise PlanError("this is not a plan as `terraform show -json PLAN` prints it")
        self._root = content["configuration"].get("root_module", {})
        self._modules: set[tuple[str, ...]] = {()}
        self.resources: dict[str, Planned] = {}
        for planned in self._read(content["planned_values"].get("root_module", {}), ()):
            self.resources[planned.address] = planned

    def of_type(self, *types: str) -> list[Planned]:
        return [planned for planned in self.resources.values() if planned.type in types]

    def named(self, by: Planned, path: Sequence[str | int], wanted: str) -> Planned:
        """The one resource of type `wanted` that the expression at `path` of `by` comes from. Raises PlanError."""
        found, opaque = set[str](), set[str]()
        references = by.expression(*path)
        self._follow(by.module, by, _references(references), wanted, found, opaque, set())
        if len(found) == 1:
            return self.resources[found.pop()]
        shown = ".".join(str(step) for step in path)
        if found:
            raise PlanError(f"{by.address}: {shown} may come from any of {', '.join(sorted(found))}")
        through = f" (it goes through {', '.join(sorted(opaque))}, which a plan does not show)" if opaque else ""
        raise PlanError(f"{by.address}: {shown} is not known in this plan and names no {wanted}{through}")

    def _read(self, module: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Planned]:
        self._modules.add(path)
        for resource in module.get("resources", []):
            if resource["mode"] != "managed":
                continue
            configuration = self._configured(path, resource["type"], resource["name"])
            yield Planned(
                resource["address"],
                resource["type"],
                resource["name"],
                resource.get("index"),
                path,
                resource["values"],
                configuration,
            )
        for child in module.get("child_modules", []):
            step = child["address"][len(".".join(path)) + 1 :] if path else child["address"]
            yield from self._read(child, (*path, step))

    def _module(self, path: tuple[str, ...]) -> dict[str, Any]:
        configuration: dict[str, Any] = self._root
        for step in path:
            configuration = configuration["module_calls"][_call_name(step)]["module"]
        return configuration

    def _configured(self, path: tuple[str, ...], kind: str, name: str) -> dict[str, Any]:
        for resource in self._module(path).get("resources", []):
            if (resource["mode"], resource["type"], resource["name"]) == ("managed", kind, name):
                return dict(resource)
        return {}  # a resource that a later apply will destroy has no configuration

    def _follow(
        self,
        path: tuple[str, ...],
        by: Planned,
        references: Sequence[str],
        wanted: str,
        found: set[str],
        opaque: set[str],
        seen: set[tuple[tuple[str, ...], str]],
    ) -> None:
        for reference in references:
            if (path, reference) in seen:
                continue
            seen.add((path, reference))
            head, _, rest = reference.partition(".")
            if head == "local":
                opaque.add(reference)
            elif reference.startswith("each.value") and path == by.module:
                loop = _references(by.configuration.get("for_each_expression"))
                self._follow(path, by, loop, wanted, found, opaque, seen)
            elif head == "var" and path:
                call = self._module(path[:-1])["module_calls"][_call_name(path[-1])]
                argument = _references(call.get("expressions", {}).get(re.split(r"[.\[]", rest)[0]))
                self._follow(path[:-1], by, argument, wanted, found, opaque, seen)
            elif head == "module":
                for child, output in self._outputs(path, reference):
                    self._follow(child, by, output, wanted, found, opaque, seen)
            else:
                found.update(self._instances(path, by, reference, wanted))

    def _outputs(self, path: tuple[str, ...], reference: str) -> Iterator[tuple[tuple[str, ...], list[str]]]:
        """Per instance of the module that is referred to, the references of its output."""
        parts = _INDEX.sub("", reference).split(".")
        if len(parts) < 3:
            return  # the module as a whole: the same expression names its outputs too
        for child in self._modules:
            if child[:-1] == path and child and _call_name(child[-1]) == parts[1]:
                output = self._module(child).get("outputs", {}).get(parts[2], {})
                yield child, _references(output.get("expression"))

    def _instances(self, path: tuple[str, ...], by: Planned, reference: str, wanted: str) -> set[str]:
        match = _RESOURCE.match(reference)
        if match is None or match["type"] != wanted:
            return set()
        same = [p for p in self.of_type(wanted) if p.module == path and p.name == match["name"]]
        index = match["index"].strip('"') if match["index"] else None
        chosen = [p for p in same if index is not None and str(p.key) == index]
        chosen = chosen or [p for p in same if p.key is not None and p.key == by.key] or same
        return {p.address for p in chosen}


def _call_name(step: str) -> str:
    return _INDEX.sub("", step).removeprefix("module.")


def _references(expression: Any) -> list[str]:
    """Every reference in an expression, also in nested blocks."""
    if isinstance(expression, dict):
        if "references" in expression:
            return list(expression["references"])
        expression = list(expression.values())
    if isinstance(expression, list):
        return [reference for part in expression for reference in _references(part)]
    return []
