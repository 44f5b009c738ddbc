"""Do the scripts compile, is their handler there, and do their calls exist?"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator

from albpatch.document.model import Step
from albpatch.document.references import REFERENCE
from albpatch.findings import Finding
from albpatch.lint import services
from albpatch.lint.requests import missing, values
from albpatch.lint.rules import finding
from albpatch.lint.script import Call, Script, script
from albpatch.lint.subject import Subject

# boto3 brings these along. "." is a relative import.
_WITH_BOTO3 = {"boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3"}
_OF_PAGINATOR, _OF_WAITER = ("PaginationConfig",), ("WaiterConfig",)


def check(subject: Subject) -> Iterator[Finding]:
    for step in subject.steps:
        if step.action == "aws:executeScript":
            yield from _step(subject, step)


def _step(subject: Subject, step: Step) -> Iterator[Finding]:
    text, runtime, where = step.inputs.get("Script"), step.inputs.get("Runtime"), f"{step.where}.inputs.Script"
    if not isinstance(text, str):
        yield finding("not-read", step.where, "the script lies in an attachment")
        return
    yield from _braces(text, where)
    if not isinstance(runtime, str) or not runtime.startswith("python"):
        yield finding("not-read", where, f"a script for {runtime} is not read")
        return
    read = script(text)
    if read.error is not None:
        yield from _syntax(read.error, runtime, where)
        return
    yield from _handler(read, step)
    if "Attachment" not in step.inputs:  # else they may lie there
        yield from _imports(read, where)
    yield from _calls(read, where)
    for line, what in dict.fromkeys((one.line, one.text) for one in read.not_told):
        yield finding("not-read", f"{where} line {line}", what)
    if read.calls and not subject.document.assume_role.strip():
        yield finding("role-missing", step.where, f"the script calls {read.calls[0].service}:{read.calls[0].operation}")


def _braces(text: str, where: str) -> Iterator[Finding]:
    for number, line in enumerate(text.splitlines(), start=1):
        if "{{" in line:
            reference = REFERENCE.search(line)
            what = f"{reference[0]} is put in as text" if reference else "two braces stand side by side"
            yield finding("script-braces", f"{where} line {number}", what)


def _syntax(error: SyntaxError, runtime: str, where: str) -> Iterator[Finding]:
    here = f"python{sys.version_info.major}.{sys.version_info.minor}"
    place = f"{where} line {error.lineno}" if error.lineno else where
    if runtime in ("python3.12",) and sys.version_info < (3, 12):
        yield finding("not-read", place, f"the script is for {runtime} and does not compile under {here}: {error.msg}")
    else:
        yield finding("script-syntax", place, f"{error.msg} ({here})")


def _handler(read: Script, step: Step) -> Iterator[Finding]:
    name, where = step.inputs.get("Handler"), f"{step.where}.inputs.Handler"
    if not isinstance(name, str) or not name or "{{" in name:
        return
    bound = read.bound(name.rpartition(".")[2])
    if not bound:
        if not read.binds_anything and "Attachment" not in step.inputs:
            yield finding("handler-missing", where, f"the script defines no {name}")
        return
    functions = [
        node for node in bound if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.decorator_list
    ]
    if len(functions) == len(bound) and not any(_takes_two(node.args) for node in functions):
        yield finding("handler-parameters", where, f"{name}({ast.unparse(functions[-1].args)}) does not take two")


def _takes_two(given: ast.arguments) -> bool:
    positional = len(given.posonlyargs) + len(given.args)
    needed = positional - len(given.defaults)
    keyword_only = any(default is None for default in given.kw_defaults)
    return needed <= 2 and (positional >= 2 or given.vararg is not None) and not keyword_only


def _imports(read: Script, where: str) -> Iterator[Finding]:
    for line, name in dict.fromkeys(read.imports):
        if name not in sys.stdlib_module_names and name not in _WITH_BOTO3:
            what = "a relative import finds nothing" if name == "." else f"{name} is not of the standard library"
            yield finding("script-import", f"{where} line {line}", what)


def _calls(read: Script, where: str) -> Iterator[Finding]:
    for problem in read.problems:
        yield finding(problem.rule, f"{where} line {problem.line}", problem.text)
    for call in read.calls:
        if call.sure:
            yield from _call(call, f"{where} line {call.line}")


def _call(call: Call, where: str) -> Iterator[Finding]:
    called = services.operation(call.service, call.operation)
    if called is None:
        return
    name = f"{call.service}:{call.operation}"
    if call.positional and call.via == "call":
        yield finding("input-shape", where, f"a call of {name} takes its arguments by name only")
        return
    besides = {"paginate": _OF_PAGINATOR, "wait": _OF_WAITER}.get(call.via, ())
    literal = dict(call.literal)
    known = {one: literal.get(one) for one in call.names or literal}
    found = list(values(called, known, lambda _: None, besides))
    if call.names is not None and not call.positional:
        found += missing(called, known)
    for problem in found:
        yield finding(problem.rule, where, problem.text)
