"""The text of a script: what it imports, which handler it has, and which calls of boto3 it makes.

Read only, never run. What a variable holds is followed through assignments, parameters and results of functions; where
that ends, a call counts by its name if the script has a client that knows it.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from albpatch.lint import services
from albpatch.lint.clients import UNKNOWN, Kind, Kinds


@dataclass(frozen=True)
class Call:
    """One call of an operation. `literal` are the arguments written out; `names` None: they cannot all be told.

    sure: the variable is surely a client of that service. via: "call", "paginate" or "wait".
    """

    service: str
    operation: str
    line: int
    sure: bool = True
    names: tuple[str, ...] | None = None
    literal: tuple[tuple[str, Any], ...] = ()
    positional: bool = False
    via: str = "call"


@dataclass(frozen=True)
class Problem:
    """Something that is surely wrong: the id of its rule, the line, what."""

    rule: str
    line: int
    text: str


@dataclass(frozen=True)
class NotTold:
    """A call that could not be told from the text."""

    line: int
    text: str


class Script:
    """A script in Python. `error` is set instead of a tree where it does not compile."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.error: SyntaxError | None = None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of the compiler, about escapes and the like
                compile(text, "script", "exec", dont_inherit=True)
                self.tree = ast.parse(text)
        except SyntaxError as error:
            self.error, self.tree = error, ast.Module([], [])
        except (ValueError, RecursionError, MemoryError) as error:
            self.error, self.tree = SyntaxError(str(error)), ast.Module([], [])

    @property
    def imports(self) -> Iterator[tuple[int, str]]:
        """(line, first part of the name) of every module that it imports."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name.split(".")[0]) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield node.lineno, (node.module or "").split(".")[0] if not node.level else "."

    def bound(self, name: str) -> list[ast.AST]:
        """What binds a name in the module, whatever block it stands in."""
        return [node for node in _module_level(self.tree) if name in _binds(node)]

    @property
    def binds_anything(self) -> bool:
        """Whether a star import may bind any name."""
        return any(isinstance(n, ast.ImportFrom) and any(a.name == "*" for a in n.names) for n in ast.walk(self.tree))

    @cached_property
    def _read(self) -> tuple[list[Call], list[Problem], list[NotTold]]:
        try:
            return _Reader(self.tree).read()
        except RecursionError:
            return [], [], [NotTold(1, "the calls of a script that is nested too deeply")]

    @property
    def calls(self) -> list[Call]:
        return self._read[0]

    @property
    def problems(self) -> list[Problem]:
        return self._read[1]

    @property
    def not_told(self) -> list[NotTold]:
        return self._read[2]


@lru_cache(maxsize=512)
def script(text: str) -> Script:
    """The script, read once."""
    return Script(text)


def _module_level(tree: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(tree):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield from _module_level(child)


def _binds(node: ast.AST) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return {node.id}
    return set()


class _Reader:
    """Finds the calls in a tree."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree, self._kinds = tree, Kinds(tree)
        self._calls: list[Call] = []
        self._problems: list[Problem] = []
        self._not_told: list[NotTold] = []

    def read(self) -> tuple[list[Call], list[Problem], list[NotTold]]:
        called = {id(node.func): node for node in ast.walk(self._tree) if isinstance(node, ast.Call)}
        for service, line in self._kinds.services_asked():
            if service is None:
                self._not_told.append(NotTold(line, "a client whose service is not written out"))
            elif service not in services.names():
                self._problems.append(Problem("service-unknown", line, f"boto3 has no service {service!r}"))
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                self._attribute(node, called.get(id(node)))
        return self._calls, self._problems, self._not_told

    def _attribute(self, node: ast.Attribute, call: ast.Call | None) -> None:
        kinds = self._kinds.of(node.value)
        for kind in sorted(kinds, key=str):
            if kind.what == "client" and kind.service is None:
                self._not_told.append(NotTold(node.lineno, f"{node.attr} of a client whose service is not written out"))
            elif kind.what == "client":
                self._of_client(node, call, kind, sure=kinds == {kind})
            elif kind.what in ("paginator", "waiter") and node.attr in ("paginate", "wait") and kind.operation:
                self._add(kind.service or "", kind.operation, node, call, True, node.attr)
            elif kind.what == "resource" and node.attr != "meta":
                self._not_told.append(NotTold(node.lineno, f"what {node.attr} of a resource of boto3 calls"))
        if not kinds or UNKNOWN in kinds:
            self._by_name(node, call)

    def _of_client(self, node: ast.Attribute, call: ast.Call | None, kind: Kind, sure: bool) -> None:
        service = kind.service or ""
        if service not in services.names():
            return
        name = services.methods(service).get(node.attr)
        if name is not None:
            self._add(service, name, node, call, sure, "call")
        elif not services.is_method(service, node.attr):
            if sure:
                text = f"a client of {service} has no method {node.attr!r} ({services.VERSION})"
                self._problems.append(Problem("api-unknown", node.lineno, text))
        elif node.attr in ("get_paginator", "get_waiter") and call is not None and sure:
            self._repeated(service, node, call)
        elif service == "s3" and node.attr.startswith(("upload", "download", "copy")):
            reads = node.attr.startswith("download")
            self._calls.append(Call(service, "GetObject" if reads else "PutObject", node.lineno, sure=False))

    def _repeated(self, service: str, node: ast.Attribute, call: ast.Call) -> None:
        asked = self._kinds.text(call.args[0]) if call.args else None
        if asked is None:
            self._not_told.append(NotTold(node.lineno, f"which operation {node.attr} of {service} repeats"))
        elif node.attr == "get_waiter" and asked not in services.waiters(service):
            self._problems.append(Problem("api-unknown", node.lineno, f"{service} has no waiter {asked!r}"))
        elif node.attr == "get_paginator" and services.methods(service).get(asked) not in services.pages(service):
            self._problems.append(Problem("api-unknown", node.lineno, f"{service} has no paginator {asked!r}"))

    def _by_name(self, node: ast.Attribute, call: ast.Call | None) -> None:
        for service in sorted(self._kinds.services):
            name = services.methods(service).get(node.attr)
            if name is not None:
                self._add(service, name, node, call, False, "call")

    def _add(
        self, service: str, operation: str, node: ast.Attribute, call: ast.Call | None, sure: bool, via: str
    ) -> None:
        if call is None:
            self._calls.append(Call(service, operation, node.lineno, sure=False, via=via))
            return
        given = [keyword.arg for keyword in call.keywords]
        names = None if None in given else tuple(str(name) for name in given)
        literal = tuple(
            (keyword.arg, value)
            for keyword in call.keywords
            if keyword.arg is not None and (value := _literal(keyword.value)) is not None
        )
        positional = any(not isinstance(argument, ast.Starred) for argument in call.args)
        self._calls.append(Call(service, operation, node.lineno, sure, names, literal, positional, via))


def _literal(node: ast.expr) -> Any:
    """The value where it is written out, None where it is not."""
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
