"""Nights in which patching is not wanted now: alarms, a freeze, a pause, the end of the window, a failure last time."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from albpatch.region.automation.service import Automation
from albpatch.region.core import Region
from albpatch.region.hosts import Hosts
from albpatch.rehearsal.from_plan import Loaded
from albpatch.rehearsal.nights import Night, fire, night
from albpatch.rehearsal.world import World
from albpatch.report.model import Held
from night_fleet import group, machine, scene

QUIET = {"errors": {}, "service": {"kind": "CompositeAlarm"}}
OPEN = {"alarms": QUIET, "calendars": {"holidays": "OPEN"}, "topics": ["patching"]}
NOBODY = "00000000-0000-4000-8000-000000000000"  # no window execution has this id


def said(played: Night, machine_name: str, what: str = "Code") -> str:
    """An output of Report in the machine's last execution."""
    return played.of(machine_name).outputs[f"Report.{what}"][0]


def failures(played: Night) -> list[Any]:
    """What the topic was told besides the beginning and the end of the roll."""
    told = played.region.journal.of("notification")
    return [e for e in told if "patching" not in e.detail["title"]]


def touched(played: Night) -> set[str]:
    """The instances that were taken out, by name."""
    return {played.world.machine_name(instance) for _, _, instance in played.evidence.took_out}


def installed(played: Night) -> set[str]:
    installs = [e for e in played.evidence.night if e.kind == "command" and e.detail.get("operation") == "Install"]
    return {played.world.machine_name(e.detail["instance"]) for e in installs}


def item(region: Region, loaded: Loaded, key: str) -> dict[str, Any]:
    (table,) = loaded.tables.values()
    found = region.backend("dynamodb", "GetItem", {"TableName": table, "Key": {"Id": {"S": key}}})
    return dict(found.get("Item", {}))


def pause(region: Region, loaded: Loaded) -> None:
    (table,) = loaded.tables.values()
    region.backend("dynamodb", "PutItem", {"TableName": table, "Item": {"Id": {"S": "PAUSE"}}})


def by_hand(region: Region, world: World, loaded: Loaded, name: str, **more: list[str]) -> str:
    """Start the runbook for one machine as a person does, and wait for its end."""
    document = next(d for d in loaded.documents.values() if d.endswith("-alb-patching"))
    params = {"DocumentName": document, "Parameters": {"InstanceId": [world.machines[name]], **more}}
    started = region.call(region.administrator, "ssm", "StartAutomationExecution", params)
    return str(region.part(Automation).wait(started["AutomationExecutionId"]).status)


def at(step: str, act: str, **what: str) -> dict[str, Any]:
    return {"acts": [{"act": act, "machine": "a", "when": {"step": step}, **what}]}


@pytest.mark.parametrize(
    ("exists", "code"),
    [
        ({**OPEN, "calendars": {"holidays": "CLOSED"}}, "FREEZE"),
        ({**OPEN, "alarms": {**QUIET, "errors": {"state": "ALARM"}}}, "ALARM"),
        ({**OPEN, "alarms": {**QUIET, "service": {"kind": "CompositeAlarm", "state": "ALARM"}}}, "ALARM"),
    ],
    ids=["freeze", "metric alarm", "composite alarm"],
)
def test_a_closed_gate_defers_everybody(gated_plan: Any, exists: dict[str, Any], code: str) -> None:
    """A freeze or an alarm is no failure: everybody ends well, says why, and nothing is taken out or installed."""
    played = night(gated_plan, scene(dict.fromkeys("ab", "patches"), exists=exists))

    assert {(x.status, said(played, m)) for m in "ab" for x in [played.of(m)]} == {("Success", code)}
    assert {said(played, m, "Outcome") for m in "ab"} == {"deferred"}
    assert touched(played) == installed(played) == set()
    assert played.status == "SUCCESS"


def test_open_gates_let_through(gated_plan: Any) -> None:
    """With quiet alarms, one without data, and an open calendar the night is like any other."""
    exists = {**OPEN, "alarms": {**QUIET, "errors": {"state": "INSUFFICIENT_DATA"}}}
    played = night(gated_plan, scene({"a": "patches", "b": "compliant"}, exists=exists))

    assert (played.outcome("a"), played.outcome("b")) == ("patched", "compliant")
    assert installed(played) == {"a"} and played.lost == 0
    assert failures(played) == []


def test_a_missing_alarm_stops_the_roll(gated_plan: Any) -> None:
    """An alarm that does not exist would never speak: the first execution fails untouched, the others do not begin."""
    played = night(gated_plan, scene(dict.fromkeys("ab", "patches"), exists={**OPEN, "alarms": {"errors": {}}}))

    assert (played.of("a").status, said(played, "a")) == ("Failed", "ALARM_MISSING")
    assert "service" in said(played, "a", "Sentence")
    assert touched(played) == set()
    (told,) = failures(played)
    assert told.detail["title"] == f"{played.world.machines['a']}: ALARM_MISSING"
    assert "service" in told.detail["message"] and "untouched" in told.detail["message"]
    assert [x.status for x in played.executions if x.instance != played.world.machines["a"]] in ([], ["Success"])


def test_a_topic_that_refuses_changes_nothing(gated_plan: Any) -> None:
    """The news of a failure is not the failure: without a topic the execution ends with the same words."""
    played = night(gated_plan, scene({"a": "patches"}, exists={"alarms": {}, "calendars": {"holidays": "OPEN"}}))

    assert (played.of("a").status, said(played, "a")) == ("Failed", "ALARM_MISSING")
    assert played.region.journal.of("notification") == []


@pytest.mark.parametrize(
    ("fault", "code"),
    [(at("AwaitDelay", "freeze", calendar="holidays"), "FREEZE"), (at("AwaitDelay", "alarm", alarm="errors"), "ALARM")],
    ids=["freeze", "alarm"],
)
def test_a_gate_that_closes_during_the_drain(gated_plan: Any, fault: dict[str, Any], code: str) -> None:
    """The last moment: the instance is out already, goes back unpatched, and is deferred as are the others."""
    played = night(gated_plan, scene(dict.fromkeys("ab", "patches"), exists=OPEN, faults=fault))

    assert [(played.of(m).status, said(played, m)) for m in "ab"] == [("Success", code)] * 2
    assert said(played, "a", "Rotation") == "returned"
    assert (touched(played), installed(played)) == ({"a"}, set())
    assert played.promises["C3"].held is Held.HELD and played.lost == 0


@pytest.mark.parametrize("call", ["ssm.GetCalendarState", "cloudwatch.DescribeAlarms"])
@pytest.mark.parametrize(("first", "out"), [(1, set()), (2, {"a"})], ids=["before the lease", "before the commit"])
def test_a_gate_that_cannot_be_read_stops(gated_plan: Any, call: str, first: int, out: set[str]) -> None:
    """Who cannot see whether a change is wanted makes none: failed, back in rotation if it was out, and no other."""
    calls = [{"call": call, "code": "AccessDeniedException", "first": first, "times": "for ever"}]
    played = night(gated_plan, scene(dict.fromkeys("ab", "patches"), exists=OPEN, faults={"calls": calls}))

    assert played.of("a").status == "Failed"
    assert (touched(played), installed(played)) == (out, set())
    assert played.promises["C3"].held is not Held.BROKEN


def test_a_pause_holds_everybody(plan: Any) -> None:
    """While an item PAUSE stands in the table nobody is taken out, neither by a window nor by hand."""

    def start(region: Region, world: World, loaded: Loaded) -> str:
        pause(region, loaded)
        status = fire(region, world, loaded)
        by_hand(region, world, loaded, "a")
        return status

    played = night(plan, scene(dict.fromkeys("ab", "patches")), start=start)

    assert {(x.status, x.outputs["Report.Code"][0]) for x in played.executions} == {("Success", "PAUSED")}
    assert len(played.executions) == 3
    assert touched(played) == installed(played) == set()


def test_a_pause_during_the_drain(plan: Any) -> None:
    """A pause counts to the last moment: what is out goes back unpatched."""

    def start(region: Region, world: World, loaded: Loaded) -> str:
        region.journal.listeners.append(
            lambda e: pause(region, loaded) if e.kind == "step" and e.detail["step"] == "AwaitDelay" else None
        )
        return fire(region, world, loaded)

    played = night(plan, scene(dict.fromkeys("ab", "patches")), start=start)

    assert [said(played, m) for m in "ab"] == ["PAUSED", "PAUSED"]
    assert (touched(played), installed(played)) == ({"a"}, set())
    assert played.promises["C3"].held is Held.HELD


LONG = {"long": {"missing_patches": 1, "scan_seconds": 10, "patch_seconds": 1700, "reboot_seconds": 60}}


def test_nobody_is_taken_out_who_may_not_be_back_in_time(plan: Any) -> None:
    """Half an hour each in a window of four: those who might take until after its end are deferred, and told so."""
    names = "abcdefgh"
    played = night(plan, scene(dict.fromkeys(names, "long"), extra=LONG))
    outcomes = [said(played, m) for m in names]
    ended = played.evidence.opened_until

    assert outcomes == sorted(outcomes, key=["PATCHED", "WINDOW_CLOSING"].index)
    assert 3 <= outcomes.count("PATCHED") < len(names)
    assert {x.status for x in played.executions} == {"Success"}
    assert touched(played) == {m for m, code in zip(names, outcomes, strict=True) if code == "PATCHED"}
    assert ended is not None and max(t for t, _, _ in played.evidence.took_out) + 300 + 3600 + 1800 <= ended
    assert played.promises["C9"].held is Held.HELD


@pytest.mark.parametrize("roll", ["", NOBODY], ids=["no id", "an id of no window"])
def test_a_start_by_hand_has_no_deadline(plan: Any, roll: str) -> None:
    """A person may start the runbook at any time: only a window's execution has an end."""

    def start(region: Region, world: World, loaded: Loaded) -> str:
        return by_hand(region, world, loaded, "a", **({"WindowExecutionId": [roll]} if roll else {}))

    played = night(plan, scene({"a": "patches", "b": "patches"}), start=start)

    assert (played.status, played.outcome("a")) == ("Success", "patched")


def nights(*starts: Callable[[Region, World, Loaded], Any]) -> Callable[[Region, World, Loaded], str]:
    """One after the other in one region."""

    def start(region: Region, world: World, loaded: Loaded) -> str:
        return "; ".join(str(one(region, world, loaded)) for one in starts)

    return start


def test_who_failed_last_time_is_left_alone(plan: Any) -> None:
    """The next window patches the others. The one that failed is deferred with the reason, and stays in rotation."""
    kept = {}

    def look(region: Region, world: World, loaded: Loaded) -> str:
        kept.update(item(region, loaded, f"FAILED#{world.machines['a']}"))
        return "looked"

    profiles = {"a": "broken-patch", "b": "patches", "c": "patches"}
    played = night(plan, scene(profiles), start=nights(fire, look, fire))

    assert kept["Failure"]["S"].startswith("INSTALL_FAILED in ")
    assert said(played, "a") == "FAILED_LAST_TIME"
    assert "INSTALL_FAILED" in said(played, "a", "Sentence")
    assert {played.outcome(m) for m in "bc"} == {"patched"}
    assert played.promises["C3"].held is Held.HELD and played.promises["C2"].held is Held.HELD


def test_a_start_by_hand_makes_up_for_a_failure(plan: Any) -> None:
    """By hand it is tried again; once that ends well the next window takes it as any other."""
    left: list[bool] = []

    def mend(region: Region, world: World, _loaded: Loaded) -> str:
        host = region.part(Hosts)[world.machines["a"]]
        host.profile = dataclasses.replace(host.profile, install_fails=False)
        return "mended"

    def look(region: Region, world: World, loaded: Loaded) -> str:
        left.append("Failure" in item(region, loaded, f"FAILED#{world.machines['a']}"))
        return "looked"

    def hand(region: Region, world: World, loaded: Loaded) -> str:
        return by_hand(region, world, loaded, "a")

    played = night(plan, scene({"a": "broken-patch", "b": "patches"}), start=nights(fire, look, mend, hand, look, fire))

    assert left == [True, False]
    assert [x.outputs["Report.Outcome"][0] for x in played.executions if x.instance == played.world.machines["a"]] == [
        "failed",
        "patched",
        "compliant",
    ]


def test_an_instance_of_an_auto_scaling_group_is_deferred(plan: Any) -> None:
    """It is recognised by its tag and left alone: its group would replace what is taken out."""
    tags = {"Fleet": "web", "aws:autoscaling:groupName": "web"}
    machines = {"a": machine(0, tags=tags), "b": machine(1)}
    played = night(plan, scene(dict.fromkeys("ab", "patches"), machines=machines, groups={"web": group()}))

    assert (played.of("a").status, said(played, "a")) == ("Success", "AUTO_SCALING_GROUP")
    assert touched(played) == {"b"}
