"""What two versions of a script of a runbook differ in."""

from __future__ import annotations

import ast
import difflib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

_CODE = re.compile(r"[A-Z][A-Z_]{3,}(?=:|$)")


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
