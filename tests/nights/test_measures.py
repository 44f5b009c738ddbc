"""Nights after which a number says who is out, and an alarm rings for who is out too long."""

from typing import Any

from albpatch.region.core import Region
from albpatch.rehearsal.from_plan import Loaded
from albpatch.rehearsal.nights import Night, fire, night
from albpatch.rehearsal.world import World
from night_fleet import scene
from nights.test_recovery import PAIR, drop, swept

OLDEST, OUT = "ALBPatching OldestRecordAge", "ALBPatching InstancesOut"
ALARM = "nights-alb-sweep-oldest-record"


def then_swept(region: Region, world: World, loaded: Loaded) -> str:
    """The window, and the first standing sweep after it."""
    status = fire(region, world, loaded)
    swept(region, world, loaded)
    return status


def values(played: Night, metric: str) -> list[float]:
    return [e.detail["value"] for e in played.region.journal.of("metric", metric)]


def rung(played: Night) -> set[str]:
    return {e.subject for e in played.region.journal.of("alarm") if e.detail["state"] == "ALARM"}


def test_a_night_that_goes_well_measures_zeros(plan: Any) -> None:
    """The head of the window and the standing sweep measure under the name of the call; nothing rings."""
    played = night(plan, scene(PAIR), start=then_swept)

    assert values(played, OUT) == values(played, OLDEST) == [0, 0]
    dimensions = [e.detail["dimensions"] for e in played.region.journal.of("metric")]
    assert dimensions == [{"Name": "nights"}] * 4
    assert rung(played) == set()


def test_who_stays_out_rings(plan: Any) -> None:
    """A machine that never comes back: the sweep counts it, and its age is past what any patch may take."""
    played = night(plan, scene({"a": "never-back", "b": "patches"}), start=then_swept)

    assert values(played, OUT) == [0, 1] and values(played, OLDEST)[-1] > 5 * 3600
    assert rung(played) == {ALARM}


def test_without_the_right_it_says_so(plan: Any) -> None:
    """A role that may not put metrics sweeps all the same and names what it lacks; the alarm rings for want of them."""

    def without(region: Region, _world: World) -> None:
        drop(region, "nights-restore-us-east-1", "cloudwatch:PutMetricData")

    said: list[str] = []

    def start(region: Region, world: World, loaded: Loaded) -> str:
        status = then_swept(region, world, loaded)
        calls = [c for c in region.calls if c.operation == "PutMetricData"]
        said.extend(f"{c.error} {c.service}:{c.operation}" for c in calls)
        return status

    played = night(plan, scene(PAIR), start=start, prepare=without)

    assert said and {s.split()[0] for s in said} <= {"AccessDenied", "AccessDeniedException"}
    assert played.status == "SUCCESS" and values(played, OUT) == []
