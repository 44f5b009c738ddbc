"""The scripts of a runbook: which API calls they make, and what two versions of one differ in."""

from __future__ import annotations

import ast
import difflib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from botocore import xform_name

from albpatch.iam.calls import operations

_CODE = re.compile(r"[A-Z][A-Z_]{3,}(?=:|$)")
_OF_ANY_CLIENT = {"can_paginate", "get_paginator", "get_waiter", "close", "exceptions", "meta", "paginate", "wait"}
_NAMED = ("get_paginator", "get_waiter")


@dataclass(frozen=True)
class Calls:
    """The calls of a script: (service, Operation). unknown: what could not be told."""

    made: frozenset[tuple[str, str]]
    unknown: tuple[str, ...] = ()


@cache
def _methods() -> dict[str, dict[str, str]]:
    """Service -> boto3's name of a method -> operation, of everything whose permissions are known."""
    found: dict[str, dict[str, str]] = {}
    for name in operations():
        service, _, operation = name.partition(":")
        found.setdefault(service, {})[xform_name(operation)] = operation
    return found


@lru_cache(maxsize=512)
def calls_of(script: str) -> Calls:
    """Every call that a Python script can make. A client is what a variable or parameter gets from boto3.client."""
    try:
        tree = ast.parse(script)
    except (SyntaxError, ValueError):
        return Calls(frozenset(), ("a script that is no Python",))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    services, unknown = set(), []
    for node in calls:
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("client", "resource"):
            service = _constant(node)
            if service is None or node.func.attr == "resource":
                unknown.append("a client whose service is not written out")
            else:
                services.add(service)
    clients = _clients(tree)
    made: set[tuple[str, str]] = set()
    for node in calls:
        name, on = _called(node)
        direct = _client_of(node)
        asked = sorted(services) if direct is None else [direct]
        owners = [service for service in asked if name in _methods().get(service, {})]
        made |= {(service, _methods()[service][name]) for service in owners}
        if not owners and (on in clients or direct) and name not in _OF_ANY_CLIENT:
            unknown.append(f"{direct or clients[on]}:{name}")
    return Calls(frozenset(made), tuple(dict.fromkeys(unknown)))


def _constant(node: ast.Call) -> str | None:
    first = node.args[0] if node.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def _called(node: ast.Call) -> tuple[str, str]:
    """(method, the variable it is called on); a paginator counts as the call that it repeats."""
    assert isinstance(node.func, ast.Attribute)
    on = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
    if node.func.attr in _NAMED:
        return _constant(node) or node.func.attr, on
    return node.func.attr, on


def _client_of(node: ast.Call) -> str | None:
    """The service of boto3.client("ssm").describe_x(), None where a variable stands before the dot."""
    assert isinstance(node.func, ast.Attribute)
    made = node.func.value
    is_client = isinstance(made, ast.Call) and isinstance(made.func, ast.Attribute) and made.func.attr == "client"
    return _constant(made) if isinstance(made, ast.Call) and is_client else None


def _clients(tree: ast.AST) -> dict[str, str]:
    """Variables that are clients, by the service they are for."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target, value in _pairs(node):
                if (
                    isinstance(value, ast.Call)
                    and isinstance(value.func, ast.Attribute)
                    and value.func.attr == "client"
                ):
                    found[target] = _constant(value) or "a service"
    return found


def _pairs(node: ast.Assign) -> Iterator[tuple[str, ast.expr]]:
    target, value = node.targets[0], node.value
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        yield from ((t.id, v) for t, v in zip(target.elts, value.elts, strict=False) if isinstance(t, ast.Name))


def compare(before: str, after: str) -> Iterator[tuple[str, bool]]:
    """What differs between two versions of a script: (text, whether it checks less)."""
    old, new = _shape(before), _shape(after)
    if old is None or new is None:
        yield "script changed" if new is not None else "script changed, and is no Python any more", new is None
        return
    if old.code == new.code:
        yield "script changed in comments and layout only", False
        return
    lost = sorted(old.codes - new.codes)
    if lost:
        yield f"the script no longer says {', '.join(lost)}", True
    if new.raises < old.raises:
        yield f"the script raises in {new.raises} places instead of {old.raises}", True
    gone, come = (sorted((a - b).elements()) for a, b in ((old.tests, new.tests), (new.tests, old.tests)))
    if gone:
        now = f", and tests {'; '.join(come)} instead" if come else ""
        yield f"the script no longer tests {'; '.join(gone)}{now}", True
    lines = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    added, removed = (sum(line.startswith(sign) for line in lines) for sign in ("+ ", "- "))
    yield f"script changed: {added} lines added, {removed} removed", False


@dataclass(frozen=True)
class _Shape:
    code: str
    codes: frozenset[str]
    raises: int
    tests: Counter[str]


def _tests(node: ast.AST) -> Iterator[str]:
    """What a node decides by, as text."""
    if isinstance(node, ast.If | ast.IfExp | ast.While | ast.Assert):
        yield ast.unparse(node.test)
    elif isinstance(node, ast.comprehension):
        yield from (ast.unparse(test) for test in node.ifs)
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Compare | ast.BoolOp | ast.UnaryOp):
        yield ast.unparse(node.value)


def _shape(script: str) -> _Shape | None:
    try:
        tree = ast.parse(script)
    except (SyntaxError, ValueError):
        return None
    nodes = list(ast.walk(tree))
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return _Shape(
        ast.dump(tree),
        frozenset(code for text in texts for code in _CODE.findall(text)),
        sum(isinstance(node, ast.Raise) for node in nodes),
        Counter(text for node in nodes for text in _tests(node)),
    )
