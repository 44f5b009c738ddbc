"""How long one execution, and a roll, may take: bounds from the document's own time-outs.

One execution takes at most the longest way through the document, failures included. A step counts timeoutSeconds x
maxAttempts (a step is not timed out before its attempts are used up), or less where its input names an absolute limit:
LimitSeconds, TimeoutSeconds, or the deregistration delay that WaitSeconds stands for. A command whose own limit is such
a wait ends within it, and the script that waits for the rest counts from the same moment: of the command only the time
counts until it has to be delivered. Steps without a time-out count
AWS's limit of their action; where AWS states none, nothing is known.
https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from albpatch.document.model import Document, Step
from albpatch.plan.graph import END, Graph

# Seconds that AWS allows an attempt of an action when the step says nothing.
_LIMITS = {
    "aws:branch": 0,
    "aws:updateVariable": 0,
    "aws:createTags": 25,
    "aws:executeAwsApi": 25,
    "aws:assertAwsResourceProperty": 25,
    "aws:executeScript": 600,
    "aws:invokeLambdaFunction": 300,
    "aws:waitForAwsResourceProperty": 3600,
    "aws:changeInstanceState": 3600,
}
_LONGEST_DELAY = 3600  # ELB's limit of deregistration_delay.timeout_seconds
_DELAY_MARGIN = 5  # what the runbook adds to the delay
_PROPAGATION = 120  # and how long it waits at least: a Network Load Balancer goes on sending for two minutes
_WAIT = re.compile(r"\{\{\s*\w+\.WaitSeconds\s*\}\}")
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


@dataclass(frozen=True)
class Bound:
    """The longest way: (step, seconds) in order. unbounded: steps that nothing limits; the sum then means nothing."""

    way: tuple[tuple[str, int], ...]
    unbounded: tuple[str, ...] = ()

    @property
    def seconds(self) -> int | None:
        return None if self.unbounded else sum(seconds for _, seconds in self.way)


def bound(
    document: Document,
    delay_seconds: int | None,
    start: str | None = None,
    started: Mapping[str, Document] | None = None,
) -> Bound:
    """The bound of one execution, from its first step or from `start` on.

    Args:
        delay_seconds: the longest deregistration delay of the target groups; None takes ELB's limit.
        started: documents that a step may start, by name: such a step takes no longer than what it starts.
    """
    delay = max((_LONGEST_DELAY if delay_seconds is None else delay_seconds) + _DELAY_MARGIN, _least_wait(document))
    return _of(Graph(document, started), delay, start)


def _of(graph: Graph, delay: int, start: str | None = None) -> Bound:
    begin = start or graph.start
    if begin not in graph.steps:
        return Bound((), ("no step",))
    reached = graph.reachable(begin)
    weights = {name: _weight(graph, graph.steps[name], delay) for name in reached}
    unbounded = tuple(name for name in graph.steps if name in reached and weights[name] is None)
    if unbounded or _circular(graph, begin):
        return Bound((), unbounded or ("a loop of steps",))
    return Bound(tuple(_longest(graph, begin, {name: weight or 0 for name, weight in weights.items()})))


def _weight(graph: Graph, step: Step, delay: int) -> int | None:
    own, child = seconds(step, delay), graph.child(step)
    within = None if child is None else _of(child, delay).seconds
    found = [limit for limit in (own, None if within is None else within * step.max_attempts) if limit is not None]
    return min(found, default=None)


def _least_wait(document: Document) -> int:
    """What is waited at least, whatever the deregistration delay says."""
    payloads = [step.inputs.get("InputPayload") for step in document.steps]
    given = [p["PropagationSeconds"] for p in payloads if isinstance(p, dict) and "PropagationSeconds" in p]
    return max([_PROPAGATION, *(one for one in given if isinstance(one, int))])


def seconds(step: Step, delay: int = _LONGEST_DELAY + _DELAY_MARGIN) -> int | None:
    """The longest time of one step, None where nothing limits it."""
    if step.action == "aws:sleep":
        return _duration(step.inputs.get("Duration"))
    attempt = step.timeout_seconds if step.timeout_seconds is not None else _LIMITS.get(step.action)
    if attempt is None:
        return None
    whole = attempt * step.max_attempts
    if step.action == "aws:runCommand" and _within_the_wait(step):
        return min(whole, int(step.inputs["TimeoutSeconds"]))
    payload = step.inputs.get("InputPayload")
    limits = _limits(payload, delay) if isinstance(payload, dict) else []
    return min([whole, *limits])


def _within_the_wait(step: Step) -> bool:
    """Whether the command's document ends it when the deregistration delay is over, and its delivery has a limit."""
    limits = (step.inputs.get("Parameters") or {}).get("LimitSeconds")
    return isinstance(limits, list) and _WAIT.fullmatch(str(limits[0])) is not None and "TimeoutSeconds" in step.inputs


def _limits(payload: dict[str, Any], delay: int) -> list[int]:
    found = [payload[name] for name in ("LimitSeconds", "TimeoutSeconds") if isinstance(payload.get(name), int)]
    return [*found, delay] if "WaitSeconds" in payload else found


def _duration(text: Any) -> int | None:
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    days, hours, minutes, rest = (int(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest


def _circular(graph: Graph, start: str) -> bool:
    return any(
        name in graph.reachable(edge.target)
        for name in graph.reachable(start)
        for edge in graph.edges[name]
        if edge.target != END
    )


def _longest(graph: Graph, start: str, weights: dict[str, int]) -> list[tuple[str, int]]:
    best: dict[str, tuple[int, str]] = {END: (0, END)}

    def of(name: str) -> int:
        if name not in best:
            onwards = max({edge.target for edge in graph.edges[name]}, key=of)
            best[name] = (weights[name] + best[onwards][0], onwards)
        return best[name][0]

    of(start)
    way, name = [], start
    while name != END:
        way.append((name, weights[name]))
        name = best[name][1]
    return way


def words(length: int) -> str:
    """Seconds as people say them."""
    if length < 60:
        return f"{length} s"
    minutes = -(-length // 60)
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"
