"""What a region remembers of a night: the executions, and when the window ends."""

from __future__ import annotations

from albpatch.region.automation.interpreter import NO_OUTPUT
from albpatch.region.automation.service import Automation
from albpatch.region.core import Region
from albpatch.region.event_bus import DELIVERY_SECONDS, EventBus
from albpatch.region.services.window_definitions import WindowDefinitions
from albpatch.region.services.windows import SECONDS_PER_HOUR, Windows
from albpatch.rehearsal.evidence import Execution
from albpatch.rehearsal.interfere import instance_of
from albpatch.rehearsal.world import World


def executions(region: Region, world: World, since: float) -> list[Execution]:
    """The executions that concern one machine, in the order of their start; a child is a part of its parent."""
    found = []
    for id_, execution in region.part(Automation).executions.items():
        instance = instance_of(region, world, id_)
        is_child = execution.parent_id is not None and execution.target is None
        if instance is None or execution.children or is_child or execution.started < since:
            continue
        found.append(
            Execution(
                id=id_,
                instance=instance,
                started=execution.started,
                ended=execution.ended,
                status=execution.status,
                killed=execution.dead,
                outputs={k: v for k, v in execution.outputs.items() if _said(v)},
            )
        )
    return sorted(found, key=lambda x: x.started)


def until_quiet(region: Region) -> None:
    """Wait, as an activity, until no execution runs and none is on its way: what the window did not start goes on."""
    automation, bus = region.part(Automation), region.part(EventBus)
    while True:
        running = [x for x in automation.executions.values() if not x.over]
        if running:
            running[0].finished.wait()
        elif bus.pending:
            region.clock.sleep(DELIVERY_SECONDS)
        else:
            return


def _said(values: list[str]) -> bool:
    """Whether an output has a value: a step that did not run leaves a placeholder, or its reference as it stands."""
    return bool(values) and not any(NO_OUTPUT in v or "{{" in v for v in values)


def window_end(region: Region) -> float | None:
    """When the last opened window ends, in seconds since the epoch."""
    opened = list(region.part(Windows).executions.values())
    if not opened:
        return None
    window = region.part(WindowDefinitions).get(opened[-1].window_id)
    return float(opened[-1].start + window.members["Duration"] * SECONDS_PER_HOUR)
