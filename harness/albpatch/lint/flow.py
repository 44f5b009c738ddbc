"""The ways through an Automation document: success, failure and cancellation, those inside loops included.

Systems Manager User Guide, "Properties shared by all actions": nextStep is followed on success only, onFailure
Continue goes to the next step of the list, isEnd ends the execution. Where a step has both isEnd and onFailure
step:NAME, a failure goes to that step: AWS-ResizeInstance is built on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from albpatch.document.model import Document, Step

END = "(end)"
Kind = Literal["success", "failure", "cancel"]


@dataclass(frozen=True)
class Edge:
    """One way on."""

    source: str
    target: str
    kind: Kind


@dataclass(frozen=True)
class _Outside:
    """What lies around the steps of a loop: where it leads when it is over, fails or is cancelled."""

    over: tuple[str, ...]
    failed: str
    cancelled: str


class Flow:
    """The graph of a document."""

    def __init__(self, document: Document) -> None:
        self.steps = {step.name: step for step in document.all_steps()}
        self.start = document.steps[0].name if document.steps else END
        self.edges: dict[str, list[Edge]] = {name: [] for name in self.steps}
        self.loop_of: dict[str, str] = {}
        self._add(document.steps, _Outside((END,), END, END))

    def _add(self, steps: tuple[Step, ...], outside: _Outside) -> None:
        for number, step in enumerate(steps):
            later = (steps[number + 1].name,) if number + 1 < len(steps) else outside.over
            following = self._following(step, later, outside)
            failed, cancelled = self._failed(step, later, outside), self._cancelled(step, outside)
            for target in following:
                self._edge(step, target, "success")
            self._edge(step, failed, "failure")
            self._edge(step, cancelled, "cancel")
            if step.steps:
                inner = step.steps[0].name
                self._edge(step, inner, "success")
                self.loop_of |= {one.name: step.name for one in step.steps}
                self._add(step.steps, _Outside((inner, *following), failed, cancelled))

    def _edge(self, step: Step, target: str, kind: Kind) -> None:
        self.edges[step.name].append(Edge(step.name, target if target in self.steps else END, kind))

    @staticmethod
    def _following(step: Step, later: tuple[str, ...], outside: _Outside) -> tuple[str, ...]:
        if step.choices or step.default_choice is not None:
            chosen = tuple(choice.next_step for choice in step.choices)
            if step.default_choice is not None:
                return (*chosen, step.default_choice)
            return (*chosen, *(outside.over if step.is_end else later))
        if step.is_end:
            return outside.over
        return (step.next_step,) if step.next_step is not None else later

    @staticmethod
    def _failed(step: Step, later: tuple[str, ...], outside: _Outside) -> str:
        if step.on_failure == "Abort":
            return outside.failed
        if step.on_failure == "Continue":
            return outside.over[-1] if step.is_end else later[-1]
        return step.on_failure.removeprefix("step:")

    @staticmethod
    def _cancelled(step: Step, outside: _Outside) -> str:
        return outside.cancelled if step.on_cancel == "Abort" else step.on_cancel.removeprefix("step:")

    def reachable(self, start: str, skip: Callable[[Edge], bool] = lambda _: False) -> set[str]:
        """The steps on some way from `start`, itself included, along the edges that are not skipped."""
        found: set[str] = set()
        open_ends = [start]
        while open_ends:
            name = open_ends.pop()
            if name == END or name in found:
                continue
            found.add(name)
            open_ends += [edge.target for edge in self.edges[name] if not skip(edge)]
        return found

    def into(self, name: str) -> Iterator[Edge]:
        """The edges that lead to a step from steps that can run."""
        for source in self.live:
            yield from (edge for edge in self.edges[source] if edge.target == name)

    @cached_property
    def live(self) -> set[str]:
        """The steps that can run at all."""
        return self.reachable(self.start)

    @cached_property
    def begun(self) -> dict[str, set[str]]:
        """For each step those that can have begun before it."""
        after = {name: self.reachable_after(name) for name in self.live}
        return {name: {other for other, later in after.items() if name in later} for name in self.live}

    def reachable_after(self, name: str) -> set[str]:
        """The steps that can come after this one; itself only if a way leads back."""
        return set().union(*(self.reachable(edge.target) for edge in self.edges[name]))

    @cached_property
    def sure(self) -> dict[str, set[str]]:
        """For each step that can run those that have succeeded on every way to it."""
        order = [name for name in self.steps if name in self.live]
        everything = set(order)
        found = {name: set(everything) if name != self.start else set() for name in order}
        incoming = {name: list(self.into(name)) for name in order}
        changed = True
        while changed:
            changed = False
            for name in order:
                ways: Iterable[set[str]] = [
                    found[edge.source] | ({edge.source} if edge.kind == "success" else set()) for edge in incoming[name]
                ]
                now = set() if name == self.start else set.intersection(*ways)
                if now != found[name]:
                    found[name], changed = now, True
        return found
