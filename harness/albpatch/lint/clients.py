"""Which variables of a script hold clients of boto3, paginators and waiters. Nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from albpatch.lint import services

_ROUNDS = 6
_RESULT = "return"  # no variable can have this name
_BINDING = (
    ast.AnnAssign,
    ast.Assign,
    ast.AsyncFor,
    ast.AsyncFunctionDef,
    ast.Call,
    ast.For,
    ast.FunctionDef,
    ast.Import,
    ast.ImportFrom,
    ast.NamedExpr,
    ast.Return,
    ast.comprehension,
    ast.withitem,
)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True)
class Kind:
    """What a value is: "boto3", "make" (boto3.client), "session", "client", "paginator", "waiter", "text", ..."""

    what: str
    service: str | None = None
    operation: str | None = None


UNKNOWN = Kind("unknown")
_Scope = int
_Values = set[Kind]


class Kinds:
    """What the expressions of a tree may be. An empty set: nothing is known."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._scope: dict[int, _Scope] = {}
        self._parent: dict[_Scope, _Scope] = {}
        self._values: dict[tuple[_Scope, str], _Values] = {}
        self._parameters: dict[_Scope, set[str]] = {}
        self._functions: dict[str, list[ast.FunctionDef | ast.AsyncFunctionDef]] = {}
        self._place(tree, 0)
        self._passed_on()
        self._settle()

    def _place(self, node: ast.AST, scope: _Scope) -> None:
        """Note the scope of every node: the module is 0, a function its own id."""
        self._scope[id(node)] = scope
        inner = scope
        if isinstance(node, _FUNCTIONS):
            inner = id(node)
            self._parent[inner] = scope
            self._parameters[inner] = {a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)}
            if not isinstance(node, ast.Lambda):
                self._functions.setdefault(node.name, []).append(node)
        for child in ast.iter_child_nodes(node):
            self._place(child, inner)

    def _settle(self) -> None:
        nodes = [node for node in ast.walk(self._tree) if isinstance(node, _BINDING)]
        for _ in range(_ROUNDS):
            before = {key: set(values) for key, values in self._values.items()}
            for node in nodes:
                self._bind(node)
            if before == self._values:
                return

    def _bind(self, node: ast.AST) -> None:
        scope = self._scope[id(node)]
        if isinstance(node, ast.Import):
            for alias in node.names:
                is_boto3 = alias.name == "boto3" or (alias.name.startswith("boto3.") and alias.asname is None)
                name = alias.asname or alias.name.split(".")[0]
                self._put(scope, name, {Kind("boto3") if is_boto3 else Kind("module")})
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                known = {"client": Kind("make"), "Session": Kind("make-session"), "resource": Kind("make-resource")}
                kind = known.get(alias.name, UNKNOWN) if (node.module or "").split(".")[0] == "boto3" else UNKNOWN
                self._put(scope, alias.asname or alias.name, {kind})
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                self._assign(scope, target, node.value)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            self._assign(scope, node.target, node.value)
        elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            self._lost(scope, node.target)
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            self._lost(scope, node.optional_vars)
        elif isinstance(node, ast.Call):
            self._arguments(node)
        elif isinstance(node, ast.Return) and node.value is not None:
            self._put(scope, _RESULT, self.of(node.value) or {UNKNOWN})
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self._defaults(node)

    def _put(self, scope: _Scope, name: str, kinds: _Values) -> None:
        self._values.setdefault((scope, name), set()).update(kinds)

    def _assign(self, scope: _Scope, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self._put(scope, target.id, self.of(value) or {UNKNOWN})
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
            self._put(0, f"self.{target.attr}", self.of(value) or {UNKNOWN})
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            for one, its in zip(target.elts, value.elts, strict=True):
                self._assign(scope, one, its)
        else:
            self._lost(scope, target)

    def _lost(self, scope: _Scope, target: ast.expr) -> None:
        for node in ast.walk(target):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                self._put(scope, node.id, {UNKNOWN})

    def _arguments(self, call: ast.Call) -> None:
        """What a function of the script is given is what its parameters are."""
        if not isinstance(call.func, ast.Name):
            return
        for function in self._functions.get(call.func.id, []):
            names = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
            given = [*zip(names, call.args, strict=False), *((k.arg, k.value) for k in call.keywords if k.arg)]
            for name, value in given:
                if isinstance(value, ast.Starred):
                    break
                self._put(id(function), str(name), self.of(value) or {UNKNOWN})

    def _passed_on(self) -> None:
        """A function that is decorated or handed on is called by others, with anything."""
        called = {id(node.func) for node in ast.walk(self._tree) if isinstance(node, ast.Call)}
        handed = {n.id for n in ast.walk(self._tree) if isinstance(n, ast.Name) and id(n) not in called}
        for name, functions in self._functions.items():
            for function in functions:
                if function.decorator_list or name in handed:
                    for parameter in self._parameters[id(function)]:
                        self._put(id(function), parameter, {UNKNOWN})

    def _defaults(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        positional = [*function.args.posonlyargs, *function.args.args]
        pairs = [
            *zip(reversed(positional), reversed(function.args.defaults), strict=False),
            *zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True),
        ]
        for argument, default in pairs:
            if default is not None:  # a caller that is not seen may give anything else
                self._put(id(function), argument.arg, self.of(default) | {UNKNOWN})

    def of(self, node: ast.expr) -> _Values:
        """What an expression may be."""
        if isinstance(node, ast.Constant):
            return {Kind("text", node.value)} if isinstance(node.value, str) else {UNKNOWN}
        if isinstance(node, ast.Name):
            return self._look(self._scope[id(node)], node.id)
        if isinstance(node, ast.IfExp):
            return (self.of(node.body) or {UNKNOWN}) | (self.of(node.orelse) or {UNKNOWN})
        if isinstance(node, ast.NamedExpr):
            return self.of(node.value)
        if isinstance(node, ast.Attribute):
            return self._member(node)
        return self._result(node) if isinstance(node, ast.Call) else set()

    def _look(self, scope: _Scope, name: str) -> _Values:
        while True:
            if (scope, name) in self._values:
                return self._values[scope, name]
            if scope == 0 or name in self._parameters[scope]:
                return set()
            scope = self._parent[scope]

    def _member(self, node: ast.Attribute) -> _Values:
        if isinstance(node.value, ast.Name) and node.value.id == "self":
            return self._values.get((0, f"self.{node.attr}"), set())
        found: _Values = set()
        for kind in self.of(node.value):
            if kind.what == "boto3":
                found |= {"client": {Kind("make")}, "resource": {Kind("make-resource")}, "session": {kind}}.get(
                    node.attr, {Kind("make-session")} if node.attr == "Session" else {UNKNOWN}
                )
            elif kind.what == "session" and node.attr in ("client", "resource"):
                found.add(Kind("make" if node.attr == "client" else "make-resource"))
            elif kind.what == "client" and node.attr in ("get_paginator", "get_waiter"):
                found.add(Kind(node.attr, kind.service))
            elif kind.what in ("client", "module", "unknown", "paginator", "waiter", "resource"):
                found.add(Kind("of-client") if kind.what == "client" else UNKNOWN)
        return found

    def _result(self, node: ast.Call) -> _Values:
        found: _Values = set()
        for kind in self.of(node.func):
            if kind.what == "make":
                found |= {Kind("client", service) for service in self._asked(node)}
            elif kind.what == "make-resource":
                found |= {Kind("resource", service) for service in self._asked(node)}
            elif kind.what == "make-session":
                found.add(Kind("session"))
            elif kind.what in ("get_paginator", "get_waiter") and kind.service:
                found.add(self._repeated(kind, self.text(node.args[0]) if node.args else None))
            elif kind.what == "of-client":
                found.add(Kind("answer"))
            else:
                found.add(UNKNOWN)
        if isinstance(node.func, ast.Name) and node.func.id in self._functions:
            for function in self._functions[node.func.id]:
                found |= self._values.get((id(function), _RESULT), set())
        return found

    @staticmethod
    def _repeated(kind: Kind, name: str | None) -> Kind:
        service = kind.service or ""
        known = services.methods(service) if kind.what == "get_paginator" else services.waiters(service)
        return Kind("paginator" if kind.what == "get_paginator" else "waiter", service, known.get(name or ""))

    def _asked(self, call: ast.Call) -> set[str | None]:
        """The services that a call of boto3.client may name; None where it is not written out, none at all where
        nothing is known."""
        named = [k.value for k in call.keywords if k.arg == "service_name"]
        given = call.args[0] if call.args else named[0] if named else None
        kinds = self.of(given) if given is not None else set()
        return {kind.service if kind.what == "text" else None for kind in kinds}

    def text(self, node: ast.expr) -> str | None:
        """The text that an expression surely is."""
        kinds = self.of(node)
        return next(iter(kinds)).service if len(kinds) == 1 and next(iter(kinds)).what == "text" else None

    def services_asked(self) -> Iterator[tuple[str | None, int]]:
        """(service, line) of every client that is made."""
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Call) and any(kind.what == "make" for kind in self.of(node.func)):
                yield from ((service, node.lineno) for service in sorted(self._asked(node) or {None}, key=str))

    @cached_property
    def services(self) -> set[str]:
        """The services that the script has clients of, as far as they are known."""
        return {service for service, _ in self.services_asked() if service in services.names()}
