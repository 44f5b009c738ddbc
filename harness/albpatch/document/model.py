"""An Automation document (schema 0.3) as a typed model, and what can be wrong with one.

Facts: Systems Manager User Guide, "Data elements and parameters" and "Properties shared by all actions".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

Stage = Literal["creation", "run"]


@dataclass(frozen=True)
class Defect:
    """One thing that is wrong: `where` in the document, what, and when AWS would notice.

    "creation": CreateDocument refuses the document. "run": it is accepted and fails, or surprises, when it runs.
    """

    where: str
    text: str
    at: Stage = "creation"

    def __str__(self) -> str:
        return f"{self.where}: {self.text}" if self.where else self.text


class Refused(Exception):
    """AWS would refuse this document or this start. `defects` are the reasons."""

    def __init__(self, defects: list[Defect]) -> None:
        super().__init__("; ".join(str(d) for d in defects))
        self.defects = defects


class Missing:
    """The value of a default that is not there (None is a value that YAML can write)."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


@dataclass(frozen=True)
class Parameter:
    """A declared input. `default` is MISSING when a start must give a value."""

    name: str
    type: str
    default: Any = MISSING
    allowed_values: tuple[Any, ...] | None = None
    allowed_pattern: str | None = None
    min_items: int | None = None
    max_items: int | None = None
    min_chars: int | None = None
    max_chars: int | None = None
    description: str = ""


@dataclass(frozen=True)
class Variable:
    """A typed variable that steps can change."""

    name: str
    type: str
    default: Any = MISSING


@dataclass(frozen=True)
class Output:
    """What a step keeps of its result: `selector` is a JSONPath, or "variable:x" in `name` updates a variable."""

    name: str
    selector: str
    type: str


@dataclass(frozen=True)
class Compare:
    """One comparison of aws:branch: `variable` operator `operand`."""

    variable: Any
    operator: str
    operand: Any


@dataclass(frozen=True)
class Combined:
    """And, Or or Not of conditions."""

    kind: Literal["And", "Or", "Not"]
    parts: tuple[Condition, ...]


Condition = Compare | Combined


@dataclass(frozen=True)
class Choice:
    """A way out of aws:branch."""

    next_step: str
    condition: Condition


@dataclass(frozen=True)
class Step:
    """One step with its properties as declared. `is_critical` None: not declared. Seconds are seconds of an attempt."""

    name: str
    action: str
    inputs: dict[str, Any]
    outputs: tuple[Output, ...] = ()
    max_attempts: int = 1
    timeout_seconds: int | None = None
    on_failure: str = "Abort"
    on_cancel: str = "Abort"
    next_step: str | None = None
    is_end: bool = False
    is_critical: bool | None = None
    choices: tuple[Choice, ...] = ()
    default_choice: str | None = None
    steps: tuple[Step, ...] = ()
    loop_condition: Condition | None = None
    where: str = ""

    @property
    def critical(self) -> bool:
        """isCritical with its default: false where the step continues on failure, else true."""
        return self.is_critical if self.is_critical is not None else self.on_failure != "Continue"

    def targets(self) -> Iterator[tuple[str, str]]:
        """Every step that this one names: (property, step name)."""
        if self.next_step is not None:
            yield "nextStep", self.next_step
        for name, value in (("onFailure", self.on_failure), ("onCancel", self.on_cancel)):
            if value.startswith("step:"):
                yield name, value.removeprefix("step:")
        for choice in self.choices:
            yield "Choices", choice.next_step
        if self.default_choice is not None:
            yield "Default", self.default_choice


@dataclass(frozen=True)
class Document:
    """A whole document. `outputs` are references such as "step.Output"."""

    steps: tuple[Step, ...]
    parameters: dict[str, Parameter] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    assume_role: str = ""
    description: str = ""

    def all_steps(self) -> Iterator[Step]:
        """Every step, those inside loops included, in the order of the text."""

        def walk(steps: tuple[Step, ...]) -> Iterator[Step]:
            for step in steps:
                yield step
                yield from walk(step.steps)

        yield from walk(self.steps)
