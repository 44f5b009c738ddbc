"""The verb `simulate`: run an Automation document in virtual time against canned API answers.

Exit status 0: the execution ran to its end, whatever its status; the result is JSON on stdout. 2: the document or the
start would be refused, or a file is bad. 1: the execution cannot go on, because a call has no canned answer or an
action is not known here.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

from albpatch.canned import Canned
from albpatch.document.model import Refused
from albpatch.document.read import load
from albpatch.document.text import Unreadable, parse
from albpatch.errors import Failure, InputError

_CANCEL = re.compile(r"([A-Za-z0-9_]+):([0-9]+(?:\.[0-9]+)?)")
ROLE = "simulation"


def add_parser(subparsers: Any) -> None:
    """Describe the verb's arguments."""
    parser = subparsers.add_parser(
        "simulate",
        help="run an Automation document against canned API answers",
        description="Runs an Automation document in virtual time against canned API answers and prints what happened"
        " as JSON. What an execution reads of its own record needs no canned answer. The clock begins at"
        " 2026-01-04T03:00:00Z. Where the document names no role, it runs as when a maintenance window lends it one.",
    )
    parser.add_argument("document", metavar="DOCUMENT", help="the document, JSON or YAML")
    parser.add_argument("--parameters", metavar="FILE", help="parameter name -> value, JSON or YAML")
    parser.add_argument(
        "--responses",
        metavar="FILE",
        help="service.Operation -> answers, used in order, the last repeats; an item {error: Code} raises that code",
    )
    parser.add_argument("--cancel", metavar="STEP:SECONDS", help="cancel so many seconds after this step has begun")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Simulate and print the result."""
    text = _text(args.document)
    parameters = _mapping(args.parameters, "parameters") if args.parameters else {}
    canned = Canned(_mapping(args.responses, "responses") if args.responses else {})
    result = simulate(text, parameters, canned, _cancel(args.cancel), name=Path(args.document).stem)
    print(json.dumps(result, indent=2))
    return 0


def simulate(
    text: str,
    parameters: dict[str, Any],
    canned: Canned,
    cancel: tuple[str, float] | None = None,
    name: str = "document",
) -> dict[str, Any]:
    """What an execution of the document does.

    Args:
        text: the document.
        parameters: name -> value as JSON has it.
        canned: the answers to its API calls.
        cancel: (step, seconds): cancel so long after the step has begun.

    Raises:
        InputError: AWS would refuse the document or the start; one line for each reason.
        Failure: a call without an answer, or something that is not known here.
    """
    from albpatch.region.automation.api_operations import OWN_RECORD
    from albpatch.region.automation.service import Automation
    from albpatch.region.clock import NoProgress, VirtualClock
    from albpatch.region.core import Region
    from albpatch.region.operations import AwsError, NotKnownHere

    try:
        document = load(text)
    except Refused as refused:
        raise InputError("\n".join(f"refused: {defect}" for defect in refused.defects)) from None
    if cancel is not None and cancel[0] not in [step.name for step in document.all_steps()]:
        raise InputError(f"--cancel: the document has no step {cancel[0]!r}")

    def answer(caller: Any, service: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        own = OWN_RECORD.get(operation) if service == "ssm" else None
        mine = params.get("AutomationExecutionId") in automation.executions  # that of a child is canned
        return own(region, caller, params) if own and mine else canned.answer(caller, service, operation, params)

    region = Region(VirtualClock(), responder=answer)
    region.faults = canned.faults()
    automation, begin = region.part(Automation), region.clock.time()
    caller = region.assumed_role(ROLE, ROLE)
    try:
        given = {key: api_value(key, value) for key, value in parameters.items()}
        execution_id = automation.start(caller, name, None, given, content=text)
        if cancel is not None:
            _arm(region, automation, execution_id, *cancel)
        execution = automation.run_until_over(execution_id)
        return {**_result(region, execution, begin), "unused_responses": canned.unused}
    except AwsError as error:
        lines = error.message.splitlines()
        raise InputError("\n".join(f"refused: {error.code}: {line}" for line in lines)) from None
    except (NotKnownHere, NoProgress) as error:
        raise Failure(str(error)) from None
    finally:
        region.close()


def api_value(name: str, value: Any) -> list[str]:
    """A parameter as the API takes it: a list of strings. Raises InputError for a value that is missing."""
    if value is None:
        raise InputError(f"parameters: {name} has no value")
    items = value if isinstance(value, list) else [value]
    return [item if isinstance(item, str) else json.dumps(item) for item in items]


def _arm(region: Any, automation: Any, execution_id: str, step: str, seconds: float) -> None:
    """Cancel so long after the step has first begun."""
    armed = [True]

    def stop() -> None:
        execution = automation.executions[execution_id]
        if not execution.over and execution.stop is None:
            automation.stop(execution_id)

    def listen(entry: Any) -> None:
        if (
            armed[0]
            and entry.kind == "step"
            and entry.detail["step"] == step
            and entry.detail["status"] == "InProgress"
        ):
            armed[0] = False
            if seconds:
                region.clock.call_at(region.clock.time() + seconds, stop)
            else:
                stop()

    region.journal.listeners.append(listen)


def _result(region: Any, execution: Any, begin: float) -> dict[str, Any]:
    result: dict[str, Any] = {
        "status": execution.status,
        "elapsed_seconds": _seconds(execution.ended - begin),
        "failure_message": execution.message,
        "outputs": execution.outputs,
        "variables": execution.variables,
        "steps": [_step(run, begin) for run in execution.steps],
        "calls": [
            {
                "service": call.service,
                "operation": call.operation,
                "params": json.loads(json.dumps(call.params, default=str)),
                "second": _seconds(call.time - begin),
                **({"error": call.error} if call.error else {}),
                **({"step": call.labels["step"]} if "step" in call.labels else {}),
            }
            for call in region.calls
        ],
    }
    return result


def _step(run: Any, begin: float) -> dict[str, Any]:
    step: dict[str, Any] = {"name": run.step.name, "action": run.step.action, "status": run.status}
    if run.started is not None:
        step.update(attempts=run.attempts, started=_seconds(run.started - begin), ended=_seconds(run.ended - begin))
        step["outputs"] = {name: value for name, value in run.outputs.items() if name != "OutputPayload"}
    if run.iteration is not None:
        step.update(loop=run.parent.step.name, iteration=run.iteration)
    if run.message:
        step["failure_message"] = run.message
    if run.log:
        step["log"] = "".join(run.log)
    return step


def _seconds(value: float) -> float:
    rounded = round(value, 3)
    return int(rounded) if rounded == int(rounded) else rounded


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    except ValueError:
        raise InputError(f"{path}: is no UTF-8 text") from None


def _mapping(path: str, what: str) -> dict[str, Any]:
    try:
        value = parse(_text(path))
    except Unreadable as error:
        raise InputError(f"{path}: {error}") from None
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise InputError(f"{path}: {what} are a map of names")
    return value


def _cancel(text: str | None) -> tuple[str, float] | None:
    if text is None:
        return None
    match = _CANCEL.fullmatch(text)
    if match is None:
        raise InputError(f"--cancel: {text!r} is not STEP:SECONDS")
    return match[1], float(match[2])
