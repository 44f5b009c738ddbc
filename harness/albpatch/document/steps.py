"""The section `mainSteps`: each step's properties, inputs and outputs, by themselves.

UG "Properties shared by all actions" and the page of each action. What needs the rest of the document is in check.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from albpatch.document import conditions, selectors
from albpatch.document.actions import ACTIONS, NO_ON_CANCEL, Action
from albpatch.document.inputs import check_inputs
from albpatch.document.model import Defect, Output, Step
from albpatch.document.values import PLAIN_TYPES, as_text

PROPERTIES = (
    "name",
    "action",
    "description",
    "maxAttempts",
    "timeoutSeconds",
    "onFailure",
    "onCancel",
    "isEnd",
    "isCritical",
    "nextStep",
    "inputs",
    "outputs",
)
STEP_NAME = re.compile(r"[a-zA-Z0-9_]{1,128}")
Complain = Callable[[str, str], None]


def read_steps(raw: Any, where: str, defects: list[Defect]) -> tuple[Step, ...]:
    """The steps of a list; what is wrong is appended to `defects`."""
    if not isinstance(raw, list) or not raw:
        defects.append(Defect(where, "is a list with at least one step"))
        return ()
    found = []
    for number, item in enumerate(raw):
        if not isinstance(item, dict):
            defects.append(Defect(f"{where}[{number}]", "a step is a map"))
            continue
        found.append(_Reader(item, f"{where}[{number}]", defects).read())
    return tuple(found)


class _Reader:
    """Reads one step."""

    def __init__(self, raw: dict[Any, Any], where: str, defects: list[Defect]) -> None:
        self._raw, self._defects = raw, defects
        name = raw.get("name")
        self._where = name if isinstance(name, str) and name else where
        if not isinstance(name, str) or not STEP_NAME.fullmatch(name):
            self._complain("name", "a step name has letters, digits and '_' only" if name else "is missing")
        self.name = str(name or where)

    def _complain(self, where: str, text: str) -> None:
        self._defects.append(Defect(f"{self._where}.{where}" if where else self._where, text))

    def _warn(self, where: str, text: str) -> None:
        self._defects.append(Defect(f"{self._where}.{where}", text, "run"))

    def read(self) -> Step:
        raw = self._raw
        for key in raw:
            if key not in PROPERTIES:
                self._complain(str(key), f"no property of a step (known: {', '.join(PROPERTIES)})")
        action_name = raw.get("action")
        action = ACTIONS.get(action_name) if isinstance(action_name, str) else None
        if action is None:
            self._complain("action", f"{action_name!r} is no action" if action_name else "is missing")
        inputs = {} if raw.get("inputs") is None else raw["inputs"]
        if not isinstance(inputs, dict):
            self._complain("inputs", "is a map")
            inputs = {}
        extra = self._inputs(str(action_name), action, inputs) if action else {}
        if action_name in NO_ON_CANCEL and "onCancel" in raw:
            self._complain("onCancel", f"is not supported on {action_name}")
        return Step(
            self.name,
            str(action_name),
            {str(k): v for k, v in inputs.items()},
            self._outputs(str(action_name), action),
            self._whole("maxAttempts") or 1,
            self._whole("timeoutSeconds"),
            self._route("onFailure", ("Abort", "Continue")),
            self._route("onCancel", ("Abort",)),
            self._target("nextStep", raw.get("nextStep")),
            self._flag("isEnd") or False,
            self._flag("isCritical"),
            where=self._where,
            **extra,
        )

    def _whole(self, key: str) -> int | None:
        value = self._raw.get(key)
        if value is None:
            return None
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            hint = " (a reference is not resolved here)" if isinstance(value, str) and "{{" in value else ""
            self._complain(key, f"is a whole number, 1 or above{hint}")
            return None
        return value

    def _flag(self, key: str) -> bool | None:
        value = self._raw.get(key)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        self._complain(key, "is true or false")
        return None

    def _route(self, key: str, words: tuple[str, ...]) -> str:
        value = self._raw.get(key)
        if value is None:
            return "Abort"
        for word in words:
            if isinstance(value, str) and value.lower() == word.lower():
                return word
        if isinstance(value, str) and re.fullmatch(r"step:.+", value):
            return "step:" + value.removeprefix("step:").strip()
        self._complain(key, f"is {', '.join(words)} or step:NAME, not {as_text(value)}")
        return "Abort"

    def _target(self, key: str, value: Any) -> str | None:
        if value is None or (isinstance(value, str) and value):
            return value
        self._complain(key, "is the name of a step")
        return None

    def _inputs(self, name: str, action: Action, inputs: dict[Any, Any]) -> dict[str, Any]:
        for required in action.required:
            if inputs.get(required) is None:
                self._complain(f"inputs.{required}", "is missing")
        for key in inputs:
            if not action.takes_anything and key not in (*action.required, *action.optional):
                self._complain(f"inputs.{key}", f"no input of {name}")
        check_inputs(name, inputs, self._raw, self._complain, self._warn)
        if name == "aws:branch":
            return self._branch(inputs)
        return self._loop(inputs) if name == "aws:loop" else {}

    def _outputs(self, name: str, action: Action | None) -> tuple[Output, ...]:
        raw = self._raw.get("outputs")
        if raw is None:
            return ()
        if not isinstance(raw, list):
            self._complain("outputs", "is a list of Name, Selector and Type")
            return ()
        if raw and action is not None and not action.user_outputs:
            self._complain("outputs", f"{name} has no outputs")
        return tuple(found for n, item in enumerate(raw) if (found := self._output(f"outputs[{n}]", item)))

    def _output(self, where: str, raw: Any) -> Output | None:
        if not isinstance(raw, dict):
            self._complain(where, "an output is a map of Name, Selector and Type")
            return None
        for key in raw:
            if key not in ("Name", "Selector", "Type"):
                self._complain(f"{where}.{key}", "no field of an output (known: Name, Selector, Type)")
        name, selector, type_name = raw.get("Name"), raw.get("Selector"), raw.get("Type", "String")
        # Blanks: AWSSupport-ListEC2Resources, "How to terminate resource".
        if not isinstance(name, str) or not re.fullmatch(r"(variable:)?[A-Za-z0-9_.\-]+( [A-Za-z0-9_.\-]+)*", name):
            self._complain(f"{where}.Name", "has letters, digits, blanks and '_' only" if name else "is missing")
            return None
        if type_name not in PLAIN_TYPES:
            self._complain(f"{where}.Type", f"{type_name!r} is no type (known: {', '.join(PLAIN_TYPES)})")
            return None
        try:
            selectors.check(selector)
        except selectors.BadSelector as error:
            self._complain(f"{where}.Selector", str(error))
            return None
        if selectors.is_list(str(selector)) and ".." in str(selector) and type_name not in ("StringList", "MapList"):
            self._warn(f"{where}.Type", f"a deep scan gives a list, the type is {type_name}")
        return Output(name, str(selector), type_name)

    def _branch(self, inputs: dict[str, Any]) -> dict[str, Any]:
        choices = conditions.read_choices(inputs.get("Choices"), "inputs.Choices", self._complain)
        return {"choices": choices, "default_choice": self._target("inputs.Default", inputs.get("Default"))}

    def _loop(self, inputs: dict[str, Any]) -> dict[str, Any]:
        if ("Iterators" in inputs) == ("LoopCondition" in inputs):
            self._complain("inputs", "a loop has either Iterators or LoopCondition")
        if inputs.get("IteratorDataType", "String") not in ("Boolean", "Integer", "String", "StringMap"):
            self._complain("inputs.IteratorDataType", "is Boolean, Integer, String or StringMap")
        limit = inputs.get("MaxIterations", 1)
        if isinstance(limit, int) and not 1 <= limit <= 100:
            self._complain("inputs.MaxIterations", "is between 1 and 100")
        condition = None
        if "LoopCondition" in inputs:
            condition = conditions.read_condition(inputs["LoopCondition"], "inputs.LoopCondition", self._complain)
        steps = read_steps(inputs.get("Steps"), f"{self._where}.inputs.Steps", self._defects)
        return {"steps": steps, "loop_condition": condition}
