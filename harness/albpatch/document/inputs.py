"""What single actions ask of their inputs, beyond which inputs there are. UG, the page of each action."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from albpatch.document import selectors
from albpatch.document.actions import RUNTIMES, SCRIPT_SECONDS
from albpatch.document.references import REFERENCE

Complain = Callable[[str, str], None]
Inputs = dict[str, Any]


def check_inputs(action: str, inputs: Inputs, step: dict[str, Any], complain: Complain, warn: Complain) -> None:
    """Tell what is wrong: `complain` for what is refused at creation, `warn` for what only shows at run time."""
    if action == "aws:executeScript":
        _script(inputs, step, complain, warn)
    elif action in _CHECKS:
        _CHECKS[action](inputs, complain)


def _script(inputs: Inputs, step: dict[str, Any], complain: Complain, warn: Complain) -> None:
    runtime = inputs.get("Runtime")
    if runtime is not None and runtime not in RUNTIMES:
        complain("inputs.Runtime", f"{runtime!r} is no runtime (known: {', '.join(RUNTIMES)})")
    if isinstance(runtime, str) and runtime.startswith("python") and not inputs.get("Handler"):
        complain("inputs.Handler", "is missing")
    if "Script" not in inputs and "Attachment" not in inputs:
        complain("inputs", "has either Script or Attachment, or both")
    if isinstance(step.get("timeoutSeconds"), int) and step["timeoutSeconds"] > SCRIPT_SECONDS:
        warn("timeoutSeconds", f"a script is ended after {SCRIPT_SECONDS} seconds whatever is written here")


def _api(inputs: Inputs, complain: Complain) -> None:
    for key in ("Service", "Api"):
        if key in inputs and not isinstance(inputs[key], str):
            complain(f"inputs.{key}", "is a text")


def _property(inputs: Inputs, complain: Complain) -> None:
    _api(inputs, complain)
    selector = inputs.get("PropertySelector")
    if selector is not None and not (isinstance(selector, str) and REFERENCE.search(selector)):
        try:
            selectors.check(selectors.rooted(selector))
        except selectors.BadSelector as error:
            complain("inputs.PropertySelector", str(error))
    desired = inputs.get("DesiredValues")
    if desired is not None and not isinstance(desired, (list, str)):
        complain("inputs.DesiredValues", "is a list")


def _sleep(inputs: Inputs, complain: Complain) -> None:
    if ("Duration" in inputs) == ("Timestamp" in inputs):
        complain("inputs", "has either Duration or Timestamp")


def _command(inputs: Inputs, complain: Complain) -> None:
    if "InstanceIds" not in inputs and "Targets" not in inputs:
        complain("inputs", "InstanceIds or Targets is needed")
    ids = inputs.get("InstanceIds")
    if isinstance(ids, list) and len(ids) > 50:
        complain("inputs.InstanceIds", f"has {len(ids)} ids, at most 50 are allowed")
    if ids is not None and not isinstance(ids, (list, str)):
        complain("inputs.InstanceIds", "is a list")
    seconds = inputs.get("TimeoutSeconds")
    if isinstance(seconds, int) and not 30 <= seconds <= 2_592_000:
        complain("inputs.TimeoutSeconds", "is between 30 and 2592000 (the delivery time-out)")
    if not isinstance(inputs.get("Parameters", {}), (dict, str)):
        complain("inputs.Parameters", "is a map")


def _update_variable(inputs: Inputs, complain: Complain) -> None:
    name = inputs.get("Name")
    if name is not None and not (isinstance(name, str) and name.startswith("variable:")):
        complain("inputs.Name", "is written variable:NAME")


_CHECKS: dict[str, Callable[[Inputs, Complain], None]] = {
    "aws:assertAwsResourceProperty": _property,
    "aws:executeAwsApi": _api,
    "aws:runCommand": _command,
    "aws:sleep": _sleep,
    "aws:updateVariable": _update_variable,
    "aws:waitForAwsResourceProperty": _property,
}
