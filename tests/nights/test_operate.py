"""An operator's night: rolls that are started, followed, stopped and repaired by hand, from the command line."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from albpatch.region.automation.service import Automation
from albpatch.region.core import Region
from albpatch.region.services.windows import Windows
from albpatch.rehearsal.from_plan import Loaded
from albpatch.rehearsal.nights import Night, night
from albpatch.rehearsal.world import World
from albpatch.report.model import Held
from night_fleet import group, machine, scene
from operating import Operator, Said, Tools

Act = Callable[[Operator], None]
Play = Callable[..., Night]
FOUR = {"a": "patches", "b": "compliant", "c": "patches", "d": "patches"}
GUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.fixture
def play(plan: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Play:
    """Play a night in which the operator acts."""

    def played(scenario: Any, act: Act, *fleets: str) -> Night:
        def start(region: Region, world: World, loaded: Loaded) -> str:
            tools = Tools(tmp_path, monkeypatch, capsys, fleets or ("web",))
            act(Operator(plan, region, world, loaded, tools))
            return "SUCCESS"

        return night(plan, scenario, start=start)

    return played


def started(said: Said) -> str:
    """The roll that a start names."""
    assert said.status == 0, said.err
    found = re.search(rf"Started roll ({GUID})", said.out)
    assert found is not None
    return found[1]


def fire(o: Operator) -> str:
    """The window opens."""
    (window,) = o.loaded.window_ids
    return o.region.part(Windows).fire(window)


def until(o: Operator, step: str) -> tuple[str, str]:
    """Let time pass until an execution is at this step: its id and its instance."""
    automation = o.region.part(Automation)
    for _ in range(2000):
        for execution in automation.executions.values():
            if not execution.over and execution.current is not None and execution.current.step.name == step:
                return execution.id, (execution.target or execution.given.get("InstanceId", [""])[0])
        o.region.clock.sleep(1)
    raise AssertionError(f"nobody came to {step}")


def kept(played: Night) -> None:
    """Floor, exact return, and no lost request if there was a reboot."""
    held = {id: played.promises[id].held for id in ("C2", "C3", "C4")}
    assert (held["C2"], held["C3"]) == (Held.HELD, Held.HELD)
    assert held["C4"] in (Held.HELD, Held.NOT_EXERCISED) and played.lost == 0


def test_a_started_roll_is_the_windows_roll(play):
    """Started by hand the fleet is patched with the window's parameters, one at a time, and is followed to its end."""

    def act(o):
        roll = started(o("start", "--yes"))
        watched = o("watch", "--roll", roll)
        (parent,) = [x for x in o.region.part(Automation).executions.values() if x.targets]
        given = dict(parent.given)
        seen.update(given=given, version=parent.version, rate=(parent.max_concurrency, parent.max_errors))
        seen.update(roll=roll, watched=watched, status=o("status"), items=o.items())

    seen: dict[str, Any] = {}
    played = play(scene(FOUR), act)

    arn = played.world.groups["web"]
    assert seen["given"] == {
        "MaxUnavailable": ["1"],
        "MinHealthyCount": ["1"],
        "MinHealthyPercent": ["50"],
        "TargetGroupArns": [arn],
        "WindowExecutionId": [seen["roll"]],
    }
    assert (seen["version"], seen["rate"]) == ("1", ("1", "0"))
    assert (seen["watched"].status, seen["watched"].out.splitlines()[-1]) == (0, "done: 1 compliant, 3 patched")
    assert (seen["status"].status, "nights: done" in seen["status"].text) == (0, True)
    assert [item for item in seen["items"].values() if len(item) > 1] == []
    kept(played)


def turns(o: Operator) -> dict[str, tuple[str, str]]:
    """Machine -> its fleet and how its turn went, by `status`."""
    listed = o("status", "--format", "json").json["roll"]["turns"]
    return {o.world.machine_name(t["instance"]): (t["fleet"], t["outcome"]) for t in listed}


def test_all_fleets_share_one_roll(play):
    """One execution for each fleet, side by side, all with the same roll, so that one stop halts them all."""
    groups = {"web": group(), "api": group(8080), "admin": group(8081)}
    machines = {name: machine(number, "many", ("api", "admin")) for number, name in enumerate("xyz")}
    ended: dict[str, tuple[str, str]] = {}

    def act(o):
        roll = started(o("start", "--yes"))
        parents = [x for x in o.region.part(Automation).executions.values() if x.targets]
        assert [x.given["WindowExecutionId"] for x in parents] == [[roll], [roll]]
        until(o, "AwaitDelay")
        stopped = o("stop", "--yes", "--wait")
        assert (stopped.status, "has ended: halted, 6 deferred" in stopped.text) == (0, True), stopped.out
        ended.update(turns(o))

    scenario = scene(dict.fromkeys("abcxyz", "patches"), groups=groups, machines=machines)
    played = play(scenario, act, "web", "many")

    assert ended == {**dict.fromkeys("abc", ("web", "deferred")), **dict.fromkeys("xyz", ("many", "deferred"))}
    kept(played)


def test_one_instance_alone(play):
    """--instance patches that one and touches no other."""

    def act(o):
        started(o("start", "--yes", "--instance", o.instance("c")))
        assert o("watch").status == 0
        assert turns(o) == {"c": ("web", "patched")}

    played = play(scene(FOUR), act)

    assert [x.instance for x in played.executions] == [played.world.machines["c"]]
    kept(played)


def test_what_start_refuses(play):
    """A wrong fleet or instance is bad input, a deployment that changed a failure; each is one line, nothing starts."""

    def act(o):
        task = {"WindowId": o.record["window"]["id"], "WindowTaskId": o.record["fleets"]["web"]["task_id"]}
        before = o.call("ssm", "GetMaintenanceWindowTask", **task)["TaskInvocationParameters"]["Automation"]

        def pass_on(**parameters: list[str]) -> None:
            changed = {"Automation": {**before, "Parameters": parameters}}
            o.call("ssm", "UpdateMaintenanceWindowTask", **task, TaskInvocationParameters=changed)

        def refused(status: int, words: str, *args: str) -> None:
            said = o("start", "--yes", *args)
            assert (said.status, said.err.count("\n")) == (status, 1), said
            assert words in said.err

        refused(2, "nights has no fleet nobody, only web", "--fleet", "nobody")
        refused(2, "i-0123456789abcdef0: no instance of nights's fleets", "--instance", "i-0123456789abcdef0")
        pass_on(InstanceId=["{{RESOURCE_ID}}"], WindowExecutionId=["{{WINDOW_ID}}"])
        refused(1, "its window task passes what only a window can fill in")
        pass_on(InstanceId=["{{RESOURCE_ID}}"])
        refused(1, "its window task passes no roll, so that nothing could stop it")
        o.write({**o.record, "account_id": "111122223333"})
        refused(2, "these credentials lead to account 123456789012, the deployment nights is in 111122223333")
        o.write({**o.record, "lease_table": "gone"})
        refused(1, "there is no lease table gone")
        fleet = {**o.record["fleets"]["web"], "tags": {"Fleet": ["nobody"]}}
        o.write({**o.record, "fleets": {"web": fleet}})
        refused(2, "no instance belongs to fleet web")
        o.write({**o.record, "lease_table": None, "restore": None})
        refused(2, "nights runs a clone of AWS's runbook, which keeps no records")
        o.write(o.record)
        o.call("ssm", "DeregisterTaskFromMaintenanceWindow", **task)
        refused(1, "is gone, so nobody knows what to pass")

    assert play(scene({"a": "compliant"}), act).executions == []


def test_more_instances_than_a_hand_start_takes(play):
    """Systems Manager takes 50 values at a time: more are refused before anything starts."""

    def act(o):
        said = o("start", "--yes")
        assert (said.status, "fleet web has 51 instances" in said.err) == (2, True)
        assert o("start", "--yes", "--instance", o.instance("m7")).status == 0

    play(scene({f"m{number}": "compliant" for number in range(51)}), act)


def test_a_start_that_fails_half_way_names_what_runs(play):
    """AWS refuses the second fleet: the first one's execution and the roll are named, the exit status is 1."""
    groups = {"web": group(), "api": group(8080), "admin": group(8081)}
    machines = {"x": machine(0, "many", ("api", "admin"))}

    def act(o):
        calls = []

        def second(_service: str, operation: str) -> str | None:
            calls.extend([operation] if operation == "StartAutomationExecution" else [])
            return "ThrottlingException" if len(calls) > 1 and operation == calls[0] else None

        o.boto.refuse = second
        said = o("start", "--yes")
        (execution,) = o.region.part(Automation).executions
        assert said.status == 1
        assert "fleet many: AWS throttles ssm:StartAutomationExecution" in said.err
        assert re.search(rf"started before: fleet web as {execution}, roll {GUID}$", said.err)

    play(scene({"a": "compliant", "x": "compliant"}, groups=groups, machines=machines), act, "web", "many")


def test_what_writes_asks(play):
    """Without --yes a person is asked, and anything but yes changes nothing; where nobody can answer, AWS is not even
    asked what there is."""

    def act(o):
        for verb, args in (("start", ()), ("stop", ("--pause", "why")), ("repair", ("--all",))):
            said = o(verb, *args)
            assert (said.status, said.err) == (
                2,
                "albpatch: nobody can be asked here: give --yes, or --deployment FILE in a terminal\n",
            )
            assert o.boto.made == set()
        o.answers("n", "", None, "no", "y")
        for answer in range(4):
            said = o(*(("start",) if answer < 2 else ("stop", "--pause", "why")))
            assert (said.status, said.out.splitlines()[-1]) == (1, "Nothing was done.")
        assert o.items() == {} and not o.region.part(Automation).executions
        assert o("start").status == 0
        assert o.region.part(Automation).executions

    play(scene({"a": "compliant"}), act)


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
