"""Is everything that is taken out of service put back, on every way?

The failure of a look that guards the putting back is no such way: after a command that may still reboot the host, it is
right not to put it back as long as the look has not succeeded. A step that runs another runbook, as a child or by
itself, counts where its names say that it restores.
"""

from __future__ import annotations

from collections.abc import Iterator

from albpatch.findings import Finding
from albpatch.lint.calls import does, restores_elsewhere
from albpatch.lint.flow import END, Edge, Kind
from albpatch.lint.rules import finding
from albpatch.lint.subject import Subject

_KINDS: tuple[Kind, ...] = ("success", "failure", "cancel")
_COMMANDS = ("aws:runCommand",)
_NOTES = ("SendCommand", "UpdateItem")  # to see whether the host answers; to write down that it does


def check(subject: Subject) -> Iterator[Finding]:
    for step in subject.steps:
        made = subject.made[step.name]
        taken = [call for call in subject.undo if does(step, made, call)]
        back = {
            name
            for name, other in subject.flow.steps.items()
            if restores_elsewhere(other, subject.made[name])
            or any(does(other, subject.made[name], subject.undo[call]) for call in taken)
        }
        if taken and step.name not in back and step.name in subject.flow.live:
            yield from _ways(subject, step.name, taken, back)


def _ways(subject: Subject, start: str, taken: list[str], back: set[str]) -> Iterator[Finding]:
    flow = subject.flow
    names = " or ".join(dict.fromkeys(subject.undo[call] for call in taken))
    if not back:
        yield finding("left-detached", flow.steps[start].where, f"no step calls {names} after {start}")
        return
    guards = _guards(subject, start, back)

    def skip(edge: Edge) -> bool:
        return edge.source in back or (edge.kind == "failure" and edge.source in guards)

    def hopeful(name: str) -> bool:
        return name != END and bool(back & flow.reachable(name, _cancels))

    passed = flow.reachable(start, skip)
    for kind in _KINDS:
        last = [
            edge
            for name in flow.steps
            if name in passed and (hopeful(name) or name == start)
            for edge in flow.edges[name]
            if edge.kind == kind and not skip(edge) and not hopeful(edge.target)
        ]
        if last:
            shown = ", ".join(f"{edge.source} to {_end(edge)}" for edge in last)
            text = f"after {start} no {names} follows the {kind} of {shown}"
            yield finding("left-detached", flow.steps[start].where, text)


def _end(edge: Edge) -> str:
    return "the end" if edge.target == END else edge.target


def _guards(subject: Subject, start: str, back: set[str]) -> set[str]:
    """The looks without whose success no way leads from some command to a step that puts back."""
    flow = subject.flow
    later = flow.reachable(start, _cancels)
    commands = [
        name
        for name, step in flow.steps.items()
        if name in later
        and (step.action in _COMMANDS or any(call.operation == "SendCommand" for call in subject.made[name].calls))
    ]
    found = set()
    for name in flow.steps:
        if not subject.made[name].looks and not _waits(subject, name):
            continue

        def succeeds(edge: Edge, name: str = name) -> bool:
            return edge.kind == "cancel" or (edge.source == name and edge.kind == "success")

        after = [c for c in commands if c != name and name in flow.reachable(c)]
        if any(not back & flow.reachable(command, succeeds) for command in after):
            found.add(name)
    return found


def _cancels(edge: Edge) -> bool:
    return edge.kind == "cancel"


def _waits(subject: Subject, name: str) -> bool:
    """Whether a script looks, and besides sends a command of its own to the host or keeps a note of what it saw."""
    calls = subject.made[name].calls
    looks = any(call.reads for call in calls)
    return looks and all(call.reads or call.operation in _NOTES for call in calls)
