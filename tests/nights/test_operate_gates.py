"""What an operator has decided is kept: a pause, and a machine that was mended after it failed."""

from __future__ import annotations

import pytest

from albpatch.region.hosts import Hosts
from night_fleet import scene
from operating import fire, kept, started, turns

PAIR = {"a": "patches", "b": "patches"}


def test_a_pause_is_honoured_by_everybody(play):
    """While it stands, the window takes nobody out and its roll is incomplete; lifted, the fleet is patched."""

    def act(o):
        assert o("stop", "--pause", "an incident", "--yes").status == 0
        fire(o)
        assert o("watch").status == 1
        assert set(turns(o).values()) == {("web", "deferred")}
        assert "PAUSED" in o("status").text
        assert o("start", "--unpause", "--yes").status == 0
        started(o("start", "--yes"))
        assert o("watch").status == 0

    kept(play(scene(PAIR), act))


@pytest.mark.parametrize("mended", [True, False])
def test_who_failed_last_time(play, mended):
    """status says for whom windows wait; started by hand and mended it is patched, and nobody waits any more."""

    def act(o):
        fire(o)
        assert o("watch").status == 1
        (name,) = o("status", "--format", "json").json["failed_last_time"]
        assert f"{name} failed last time (" in o("status").text
        if mended:
            host = o.region.part(Hosts)[name]
            host.profile = o.region.part(Hosts)[o.instance("c")].profile
            started(o("start", "--instance", name, "--yes"))
            assert o("watch").status == 0
        else:
            o.region.clock.sleep(3600)
            fire(o)
            assert o("watch").status == 1
            assert turns(o)[o.world.machine_name(name)] == ("web", "deferred")
            assert "FAILED_LAST_TIME" in o("status").text
        assert (name in o("status", "--format", "json").json["failed_last_time"]) is not mended

    play(scene({"a": "broken-patch", "b": "broken-patch", "c": "compliant"}), act)
