"""What the actions of Automation do, one file per action. An action that has no file is not known here."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from albpatch.document.model import Step
from albpatch.region.automation.executions import Execution, StepRun
from albpatch.region.automation.scope import Scope
from albpatch.region.clock import Clock
from albpatch.region.core import Region
from albpatch.region.operations import NotKnownHere

if TYPE_CHECKING:
    from albpatch.region.automation.interpreter import Interpreter

RESOLVING = "validating and resolving the step inputs"
EXECUTING = "Execute/Cancelling action"
POLLING = "Poll action status for completion"


class StepFailed(Exception):
    """One attempt of a step failed. `stage` is where, `outputs` is what is known all the same."""

    def __init__(
        self, stage: str, message: str, *, kind: str = "ActionFailed", outputs: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.stage, self.message, self.kind, self.outputs = stage, message, kind, outputs or {}

    def text(self) -> str:
        """The failure message in AWS's form (UG "Troubleshooting Systems Manager Automation")."""
        return (
            f"Step fails when it is {self.stage}. {self.message}."
            " Please refer to Automation Service Troubleshooting Guide for more diagnosis details."
        )


class Stopped(BaseException):
    """Somebody stops the execution while a step waits. No handler of a script may swallow it."""


@dataclass(frozen=True)
class Result:
    """What an action gives: outputs of its own, and the value that the step's selectors look into."""

    outputs: dict[str, Any] = field(default_factory=dict)
    payload: Any = None
    next_step: str | None = None


@dataclass(frozen=True)
class Work:
    """What an action has at hand. `inputs` are resolved."""

    region: Region
    execution: Execution
    step: Step
    run: StepRun
    inputs: dict[str, Any]
    scope: Scope
    interpreter: Interpreter

    @property
    def clock(self) -> Clock:
        return self.region.clock


Function = Callable[[Work], Result]


@dataclass(frozen=True)
class Known:
    """An action that the region can run: `seconds` is its default time-out, `most` the longest an attempt may take."""

    run: Function
    seconds: float | None = None
    most: float | None = None
    unresolved: tuple[str, ...] = ()


_KNOWN: dict[str, Known] = {}


def action(
    name: str, *, seconds: float | None = None, most: float | None = None, unresolved: tuple[str, ...] = ()
) -> Callable[[Function], Function]:
    """Register the function that runs this action. `unresolved` are inputs that it resolves by itself, later."""

    def keep(function: Function) -> Function:
        _KNOWN[name] = Known(function, seconds, most, unresolved)
        return function

    return keep


def known(name: str) -> Known:
    """The action of this name, or NotKnownHere."""
    load()
    if name not in _KNOWN:
        raise NotKnownHere(name)
    return _KNOWN[name]


@cache
def load() -> None:
    """Import every action."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
