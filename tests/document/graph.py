"""The document's steps as a graph, read from the YAML itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

END = "(end)"
Steps = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Edge:
    """From one step to the next. `kind` is success, failure or cancel."""

    source: str
    target: str
    kind: str


def edges(steps: Steps) -> list[Edge]:
    """Every way from a step to another, or to the end."""
    found, names = [], list(steps)
    for at, (name, step) in enumerate(steps.items()):
        following = names[at + 1] if at + 1 < len(names) else END
        for target in _successors(step, following):
            found.append(Edge(name, target, "success"))
        found.append(Edge(name, _named(step.get("onFailure", "Abort"), following), "failure"))
        if str(step.get("onCancel", "Abort")).startswith("step:"):
            found.append(Edge(name, _named(step["onCancel"], following), "cancel"))
    return found


def _successors(step: dict[str, Any], following: str) -> list[str]:
    if step["action"] == "aws:branch":
        choices = [choice["NextStep"] for choice in step["inputs"]["Choices"]]
        return [*choices, step["inputs"].get("Default", following)]
    return [END if step.get("isEnd") else step.get("nextStep", following)]


def _named(route: str, following: str) -> str:
    return route.removeprefix("step:") if route.startswith("step:") else following if route == "Continue" else END


def reachable(steps: Steps, start: str, without: tuple[str, ...] = (), kinds: tuple[str, ...] = ()) -> set[str]:
    """Every step that can come after `start`, not passing through `without`, along edges of the kinds (empty: all)."""
    found, open_ = set(), [start]
    while open_:
        here = open_.pop()
        for edge in edges(steps):
            blocked = edge.target in without or edge.target in found
            if edge.source == here and not blocked and (not kinds or edge.kind in kinds):
                found.add(edge.target)
                open_.append(edge.target)
    return found


def surely_before(steps: Steps) -> dict[str, set[str]]:
    """For each step those that have succeeded on every way to it."""
    everything, first = set(steps), next(iter(steps))
    sure = {name: (set() if name == first else set(everything)) for name in steps}
    changed = True
    while changed:
        changed = False
        for name in steps:
            ways = [
                sure[edge.source] | ({edge.source} if edge.kind == "success" else set())
                for edge in edges(steps)
                if edge.target == name
            ]
            now = set.intersection(*ways) if ways else set()
            if name != first and now != sure[name]:
                sure[name], changed = now, True
    return sure
