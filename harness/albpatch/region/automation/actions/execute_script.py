"""aws:executeScript: a Python script, byte for byte as the document has it. UG "aws:executeScript".

The script's imports of `time`, `datetime` and `boto3` yield the region's; everything else is Python's own. Nothing is
patched outside the script's namespace.
"""

from __future__ import annotations

import builtins
import importlib
import json
import sys
from functools import lru_cache
from types import CodeType
from typing import Any

from albpatch.document.actions import SCRIPT_SECONDS
from albpatch.region.automation.actions import POLLING, RESOLVING, Result, StepFailed, Work, action
from albpatch.region.automation.script_modules import BotoModule, DatetimeModule, TimeModule
from albpatch.region.clock import NoProgress
from albpatch.region.operations import NotKnownHere

PAYLOAD_BYTES = 100 * 1024
LIST_ITEMS = 100
# Modules whose waits, threads or sockets the region's clock does not see.
OUT_OF_REACH = (
    "asyncio",
    "concurrent",
    "http",
    "multiprocessing",
    "requests",
    "sched",
    "signal",
    "socket",
    "subprocess",
    "threading",
    "urllib.request",
    "urllib3",
)


@action("aws:executeScript", seconds=SCRIPT_SECONDS, most=SCRIPT_SECONDS)
def run(work: Work) -> Result:
    runtime = str(work.inputs["Runtime"])
    if not runtime.startswith("python"):
        raise NotKnownHere(f"aws:executeScript with Runtime {runtime}")
    if "Script" not in work.inputs:
        raise NotKnownHere("aws:executeScript with Attachment")
    payload = _returned(_call(work, _handler(work)))
    return Result({"Payload": payload, "OutputPayload": {"Payload": payload}}, {"Payload": payload})


def _handler(work: Work) -> Any:
    name = str(work.inputs["Handler"])
    namespace = {"__name__": "script", "__builtins__": _builtins(work)}
    _guarded(work, lambda: exec(_compiled(str(work.inputs["Script"]), work.step.name), namespace))
    handler = namespace.get(name)
    if not callable(handler):
        raise StepFailed(RESOLVING, f"the script has no function {name!r}", kind="Invalid")
    return handler


def _call(work: Work, handler: Any) -> Any:
    events = json.loads(json.dumps(work.inputs.get("InputPayload") or {}))
    names = ("automation:EXECUTION_ID", "global:ACCOUNT_ID", "global:DATE", "global:DATE_TIME", "global:REGION")
    context = {name: work.scope.lookup(name) for name in names}
    return _guarded(work, lambda: handler(events, context))


def _guarded(work: Work, body: Any) -> Any:
    """Run a piece of the script; its exception is the step's failure, unless the region could not answer."""
    known = len(work.region.unanswered)
    try:
        answer = body()
    except (NotKnownHere, NoProgress):
        raise
    except (Exception, SystemExit) as error:
        _raise_unanswered(work, known)
        text = f"{type(error).__name__} - {error}".rstrip(".")
        raise StepFailed(POLLING, text, kind=type(error).__name__) from None
    _raise_unanswered(work, known)
    return answer


def _raise_unanswered(work: Work, known: int) -> None:
    """A script may have swallowed the exception for a call that the region could not answer."""
    for labels, error in work.region.unanswered[known:]:
        if labels.get("execution") == work.execution.id:
            raise error


def _returned(value: Any) -> Any:
    try:
        text = json.dumps(value)
    except (TypeError, ValueError) as error:
        raise StepFailed(POLLING, f"what the script returned is no JSON: {error}", kind="Invalid") from None
    if len(text.encode()) > PAYLOAD_BYTES:
        raise StepFailed(POLLING, f"the script returned {len(text.encode())} bytes, the limit is {PAYLOAD_BYTES}")
    if isinstance(value, list) and len(value) > LIST_ITEMS:
        raise StepFailed(POLLING, f"the script returned a list of {len(value)} items, the limit is {LIST_ITEMS}")
    return json.loads(text)


@lru_cache(maxsize=256)
def _compiled(text: str, step_name: str) -> CodeType:
    return compile(text, f"<{step_name}>", "exec")


def _builtins(work: Work) -> dict[str, Any]:
    modules = {
        "time": TimeModule(work.clock),
        "datetime": DatetimeModule(work.clock),
        "boto3": BotoModule(work.region, work.execution),
    }

    def import_for_script(
        name: str, globals_: Any = None, locals_: Any = None, fromlist: Any = (), level: int = 0
    ) -> Any:
        root = name.partition(".")[0]
        if root in modules:
            return modules[root].child(name, fromlist)
        if any(name == one or name.startswith(one + ".") for one in OUT_OF_REACH):
            raise NotKnownHere(f"a script that imports {name}")
        if name == "urllib" and "request" in (fromlist or ()):
            raise NotKnownHere("a script that imports urllib.request")
        return importlib.__import__(name, globals_, locals_, fromlist, level)

    def print_to_log(*values: Any, sep: str | None = " ", end: str | None = "\n", file: Any = None, **_: Any) -> None:
        if file is None or file in (sys.stdout, sys.stderr):
            work.run.log.append((sep if sep is not None else " ").join(map(str, values)) + (end or ""))
        else:
            builtins.print(*values, sep=sep, end=end, file=file)

    return {**vars(builtins), "__import__": import_for_script, "print": print_to_log}
