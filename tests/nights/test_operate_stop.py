"""Rolls that an operator stops, pauses and follows, from the command line."""

from __future__ import annotations

from typing import Any

from albpatch.region.automation.service import Automation
from albpatch.region.services.windows import Windows
from night_fleet import scene
from operating import fire, kept, started, turns, until

FOUR = {"a": "patches", "b": "compliant", "c": "patches", "d": "patches"}


def test_stop_lets_what_runs_go_on(play):
    """Stopped in the middle of an installation, the window starts nothing more; who is out comes back patched."""
    stopped: dict[str, Any] = {}

    def act(o):
        opening = fire(o)
        _, instance = until(o, "Install")
        said = o("stop", "--yes", "--wait")
        stopped.update(said=said, machine=o.world.machine_name(instance), made=set(o.boto.made), turns=turns(o))
        stopped["window"] = o.region.part(Windows).get(opening).status
        stopped["roll"] = o.items()[f"ROLL#{opening}"]["Halted"]

    played = play(scene(dict.fromkeys("abcd", "patches")), act)

    assert stopped["said"].status == 0, stopped["said"].out
    assert stopped["window"] == "CANCELLED"
    assert stopped["roll"].startswith("STOPPED by arn:aws:")
    assert stopped["turns"].pop(stopped["machine"]) == ("web", "patched")
    assert set(stopped["turns"].values()) == {("web", "not reached")}
    assert ("ssm", "StopAutomationExecution") not in stopped["made"]
    assert {i for _, _, i in played.evidence.took_out} == {played.world.machines[stopped["machine"]]}
    kept(played)


def test_stop_before_the_point_of_no_return(play):
    """Stopped while it drains, an instance is put back unpatched, and says so."""
    ended: dict[str, Any] = {}

    def act(o):
        fire(o)
        _, instance = until(o, "AwaitDelay")
        assert o("stop", "--yes", "--wait").status == 0
        assert o("watch").status == 1
        ended[o.world.machine_name(instance)] = turns(o)[o.world.machine_name(instance)]

    played = play(scene(FOUR), act)

    assert list(ended.values()) == [("web", "deferred")]
    assert not [e for e in played.evidence.night if e.kind == "command" and e.detail.get("operation") == "Install"]
    kept(played)


def test_stop_when_nothing_runs(play):
    """There is nothing to stop: nothing is written, and that is no failure; an unknown roll is bad input."""

    def act(o):
        assert (o("stop", "--yes").status, o.items()) == (0, {})
        said = o("stop", "--yes", "--roll", "00000000-0000-4000-8000-000000000000")
        assert (said.status, "there is no roll 00000000-0000-4000-8000-000000000000" in said.err) == (2, True)
        opening = fire(o)
        o.region.part(Windows).wait(opening)
        said = o("stop", "--yes", "--roll", opening)
        assert (said.status, "is over: nothing to do" in said.text) == (0, True)
        assert f"ROLL#{opening}" not in o.items()

    play(scene({"a": "compliant", "b": "compliant"}), act)


def test_waiting_for_the_end_of_a_stop_can_be_given_up(play):
    """Ctrl-C ends the waiting with status 130; the roll stays halted."""

    def act(o):
        opening = fire(o)
        until(o, "Install")

        def interrupted(_seconds: float) -> None:
            raise KeyboardInterrupt

        o.sleep = interrupted
        said = o("stop", "--yes", "--wait")
        assert (said.status, said.err) == (130, "albpatch: not waiting any more; the roll is halted all the same\n")
        assert "Halted" in o.items()[f"ROLL#{opening}"]

    kept(play(scene(FOUR), act))


def test_a_pause_stands_until_it_is_lifted(play):
    """stop --pause writes who and why, start refuses while it stands, --unpause lifts it and starts nothing."""

    def act(o):
        assert o("stop", "--yes", "--pause", "an incident").status == 0
        assert o.items()["PAUSE"]["Reason"] == "an incident"
        status = o("status")
        assert (status.status, "an incident" in status.text, ": paused since" not in status.text) == (0, True, True)
        refused = o("start", "--yes")
        assert (refused.status, "albpatch start --unpause" in refused.err) == (1, True)
        lifted = o("start", "--unpause", "--yes")
        assert (lifted.status, o.items(), o.region.part(Automation).executions) == (0, {}, {})
        assert "It is not paused." in o("start", "--unpause", "--yes").out

    play(scene({"a": "compliant"}), act)


def test_watching_ends_and_the_roll_goes_on(play):
    """Ctrl-C ends the watching with status 130 and a word on how to stop; the roll is patched to its end."""

    def act(o):
        fire(o)

        def interrupted(_seconds: float) -> None:
            raise KeyboardInterrupt

        o.sleep = interrupted
        said = o("watch")
        assert (said.status, "the roll goes on: albpatch stop --roll" in said.err) == (130, True)
        o.sleep = o.region.clock.sleep
        assert o("watch").status == 0

    kept(play(scene(FOUR), act))


def test_watching_a_roll_that_fails(play):
    """A broken patch halts the roll: watch says so and ends with 1, as status does; the others were not reached."""

    def act(o):
        fire(o)
        watched, status = o("watch"), o("status")
        assert (watched.status, watched.out.splitlines()[-1]) == (1, "halted: 1 failed, 2 not reached")
        assert (status.status, status.text.startswith("nights: halted")) == (1, True)
        assert "PATCHES_FAILED" in status.text or "INSTALL_FAILED" in status.text

    play(scene(dict.fromkeys("abc", "broken-patch")), act)


def test_an_incomplete_roll_needs_a_look(play):
    """A fleet that could not spare anybody is not green."""

    def act(o):
        started(o("start", "--yes"))
        assert o("watch").status == 1
        status = o("status")
        assert (status.status, "nights: incomplete" in status.text, "FLOOR" in status.text) == (1, True, True)

    play(scene({"a": "patches"}), act)


def test_a_throttled_look_is_repeated(play):
    """While AWS throttles, the last picture stays with a word on it; it goes on when AWS answers again."""

    def act(o):
        fire(o)
        looks = []

        def busy(_service: str, operation: str) -> str | None:
            looks.extend([1] if operation == "Scan" else [])
            return "ThrottlingException" if operation == "Scan" and 3 <= len(looks) <= 4 else None

        o.boto.refuse = busy
        said = o("watch")
        assert said.status == 0, said.err
        assert said.text.count("albpatch AWS throttles dynamodb:Scan: wait a minute and try again") == 1

    play(scene({"a": "patches", "b": "patches"}), act)


def test_watching_what_does_not_exist(play):
    """No roll yet, an unknown id, and an execution of another document: one line each."""

    def act(o):
        nothing = o("watch")
        assert (nothing.status, nothing.out) == (1, "nights: no roll in the last 30 days\n")
        for option in ("--roll", "--execution"):
            said = o("watch", option, "00000000-0000-4000-8000-000000000000")
            assert (said.status, said.err.count("\n")) == (2, 1)
        assert (o("status").status, "no roll in the last 30 days" in o("status").text) == (0, True)

    play(scene({"a": "compliant"}), act)
