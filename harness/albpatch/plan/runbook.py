"""Two versions of a runbook, compared by what they do: steps, routes, guards, time-outs, defaults, scripts.

A guard of a step is a step that must have succeeded on every way to it. Guards matter before a step that takes an
instance out of rotation or may reboot it; after it, what matters is that failures still lead to where the instance is
put back. In a runbook that only puts back, guards matter before that: a machine may still be about to reboot. One that
does neither is there to judge: each of its steps is a guard of whoever started it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from albpatch.document.model import MISSING, Document, Step
from albpatch.document.values import as_text
from albpatch.plan.difference import Difference, Effect, parameters, short
from albpatch.plan.duration import seconds, words
from albpatch.plan.graph import END, Graph
from albpatch.plan.scripts import compare as compare_scripts

# What a smaller number in a step's input means.
_SMALLER_IS_WEAKER = ("PropagationSeconds", "WaitSeconds", "ConsecutiveLooks", "IntervalSeconds", "MinHealthyCount")
_LARGER_IS_WEAKER = ("ScanMaxAgeMinutes",)
_WAITS = ("aws:assertAwsResourceProperty", "aws:waitForAwsResourceProperty")


def compare(
    before: Document,
    after: Document,
    started_before: Mapping[str, Document] | None = None,
    started_after: Mapping[str, Document] | None = None,
) -> list[Difference]:
    """Every difference, in the order of the new document; removed steps first.

    started_before, started_after: the documents that their steps may start, by name, as far as they are known.
    """
    old, new = Graph(before, started_before), Graph(after, started_after)
    found = [
        Difference(name, f"step {name} removed", "weakened" if _guards(old, name) or name in old.restoring else "plain")
        for name in old.steps
        if name not in new.steps
    ]
    added = [name for name in new.steps if name not in old.steps]
    found += [Difference(name, f"step {name} added ({new.steps[name].action})") for name in added]
    for name, step in new.steps.items():
        if name in old.steps:
            found += _Steps(old, new, old.steps[name], step).differences()
    found += _bypassed(old, new)
    found += parameters(before, after)
    if before.assume_role != after.assume_role:
        found.append(Difference("", f"assumeRole {short(before.assume_role)} became {short(after.assume_role)}"))
    if before.outputs != after.outputs:
        found.append(Difference("", "outputs of the document changed"))
    if [n for n in old.steps if n in new.steps] != [n for n in new.steps if n in old.steps]:
        found.append(Difference("", "steps stand in another order"))
    return list(dict.fromkeys(found))


def _guards(graph: Graph, name: str) -> list[str]:
    """The acts that a step guards."""
    if not graph.acts:
        return [END]
    return [one for one in graph.acts if name in graph.guards_of(one)]


def _bypassed(old: Graph, new: Graph) -> Iterator[Difference]:
    """Guards that stand where they stood, but no longer on every way."""
    for name in old.acts:
        if name not in new.reachable(new.start):
            continue
        for guard in sorted(old.guards_of(name) - new.guards_of(name)):
            if guard in new.steps:
                yield Difference(guard, f"{name} can be reached without {guard} having succeeded", "weakened")


class _Steps:
    """One step before and after."""

    def __init__(self, old: Graph, new: Graph, before: Step, after: Step) -> None:
        self._old, self._new, self._before, self._after = old, new, before, after
        self._name = after.name
        self._guarding = bool(_guards(old, self._name))
        self._late = any(self._name in old.reachable(one) for one in old.acts)

    def differences(self) -> Iterator[Difference]:
        if self._before.action != self._after.action:
            effect: Effect = "weakened" if self._guarding else "changed"
            yield self._say(f"{self._before.action} became {self._after.action}", effect)
        yield from self._routes()
        yield from self._passed()
        yield from self._limits()
        yield from self._inputs()
        if self._before.outputs != self._after.outputs:
            yield self._say("outputs changed", "changed")

    def _say(self, text: str, effect: Effect = "plain") -> Difference:
        return Difference(self._name, f"{self._name}: {text}", effect)

    def _routes(self) -> Iterator[Difference]:
        before, after = self._before, self._after
        if before.on_failure != after.on_failure:
            yield self._say(f"onFailure {before.on_failure} became {after.on_failure}", self._route_effect())
        if before.on_cancel != after.on_cancel:
            weaker = before.on_cancel != "Abort" and after.on_cancel == "Abort"
            yield self._say(
                f"onCancel {before.on_cancel} became {after.on_cancel}", "weakened" if weaker else "changed"
            )
        if before.critical and not after.critical:
            yield self._say("isCritical became false: the execution can end as Success though it failed", "weakened")
        elif before.critical != after.critical:
            yield self._say("isCritical became true")
        if before.is_end != after.is_end:
            yield self._say(f"isEnd became {str(after.is_end).lower()}", "changed")
        yield from self._branches()

    def _passed(self) -> Iterator[Difference]:
        """What stood between a step and putting back: a machine must not return while it may still be rebooted."""
        if self._old.disturbing and self._name not in self._old.disturbing:
            return
        old, new = ({e.label: e.target for e in graph.edges[self._name]} for graph in (self._old, self._new))
        for label in (label for label in old if label in new and old[label] != new[label]):
            for act in sorted(self._old.restoring & set(self._new.steps)):
                if act not in self._new.reachable(new[label]):
                    continue
                known = act in self._old.reachable(old[label])
                between = self._old.guards_between(old[label], act) - self._new.guards_between(new[label], act)
                if known and (lost := sorted(between & set(self._new.steps))):
                    yield self._say(f"{label} leads to {act} without {', '.join(lost)} having succeeded", "weakened")
                elif not known and label == "failure" and not self._old.disturbing:
                    yield self._say(f"{label} leads to {act}, which it did not", "weakened")

    def _route_effect(self) -> Effect:
        """A failure that no longer leads to where it led: is a guard passed, or the way back lost?"""
        if self._after.on_failure == "Continue" and self._guarding:
            return "weakened"
        old, new = self._before.on_failure.removeprefix("step:"), self._after.on_failure.removeprefix("step:")
        if self._late and old in self._old.steps and self._old.restores_after(old):
            back = new in self._new.steps and self._new.restores_after(new)
            return "changed" if back else "weakened"
        if self._late and new not in self._new.steps:
            return "weakened"
        return "changed"

    def _branches(self) -> Iterator[Difference]:
        old = {e.label: e.target for e in self._old.edges[self._name] if e.label != "failure"}
        new = {e.label: e.target for e in self._new.edges[self._name] if e.label != "failure"}
        if old == new:
            return
        acts = [one for one in self._old.acts if one in self._new.steps]
        for label in dict.fromkeys([*old, *new]):
            if old.get(label) == new.get(label):
                continue
            gained = [
                one
                for one in acts
                if one in self._new.reachable(new.get(label, END)) and label not in self._old.labels_to(self._name, one)
            ]
            if not self._old.acts:  # a way that stopped here and goes on now
                gained = sorted(self._way(self._new, new.get(label)) - self._way(self._old, old.get(label)))
            lost = self._late and self._back(self._old, old.get(label)) and not self._back(self._new, new.get(label))
            text = f"{label}: {old.get(label, 'nothing')} became {new.get(label, 'nothing')}"
            yield self._say(text, "weakened" if gained or (lost and label in new) else "changed")

    @staticmethod
    def _way(graph: Graph, target: str | None) -> set[str]:
        return graph.reachable(target or END)

    @staticmethod
    def _back(graph: Graph, target: str | None) -> bool:
        return target in graph.steps and graph.restores_after(target or "")

    def _limits(self) -> Iterator[Difference]:
        before, after = self._before, self._after
        if before.timeout_seconds != after.timeout_seconds:
            yield self._say(f"timeoutSeconds {before.timeout_seconds} became {after.timeout_seconds}")
        if before.max_attempts != after.max_attempts:
            fewer = after.max_attempts < before.max_attempts and self._name in self._old.restoring
            yield self._say(
                f"maxAttempts {before.max_attempts} became {after.max_attempts}", "changed" if fewer else "plain"
            )
        if "aws:sleep" == before.action == after.action:
            old, new = seconds(before), seconds(after)
            if old is not None and new is not None and old != new:
                weaker = new < old and (self._guarding or self._late)
                yield self._say(f"waits {words(new)} instead of {words(old)}", "weakened" if weaker else "plain")

    def _inputs(self) -> Iterator[Difference]:
        before, after = self._before.inputs, self._after.inputs
        for key in dict.fromkeys([*before, *after]):
            old, new = before.get(key), after.get(key)
            if old == new or key in ("Choices", "Default", "Duration"):
                continue
            if key == "Script" and isinstance(old, str) and isinstance(new, str):
                for text, weaker in compare_scripts(old, new):
                    yield self._say(text, "weakened" if weaker else "changed")
            elif key in ("InputPayload", "Parameters") and isinstance(old, dict) and isinstance(new, dict):
                yield from self._payload(key, old, new)
            elif key == "DesiredValues" and self._before.action in _WAITS:
                more = isinstance(old, list) and isinstance(new, list) and set(map(str, new)) - set(map(str, old))
                yield self._say(f"DesiredValues {short(old)} became {short(new)}", "weakened" if more else "changed")
            else:
                yield self._say(f"{key} {short(old)} became {short(new)}", "changed")

    def _payload(self, where: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Difference]:
        for key in dict.fromkeys([*before, *after]):
            old, new = before.get(key, MISSING), after.get(key, MISSING)
            if old != new:
                text = f"{where}.{key} {short(old)} became {short(new)}"
                yield self._say(text, _direction(key, old, new))


def _direction(key: str, old: Any, new: Any) -> Effect:
    if isinstance(old, int) and isinstance(new, int):
        if (key in _SMALLER_IS_WEAKER and new < old) or (key in _LARGER_IS_WEAKER and new > old):
            return "weakened"
        return "plain" if key in (*_SMALLER_IS_WEAKER, *_LARGER_IS_WEAKER) or key.endswith("Seconds") else "changed"
    if isinstance(old, str) and "{{" in old and "{{" not in as_text(new):
        return "weakened"  # what was asked for every time is now the same for ever
    return "changed"
