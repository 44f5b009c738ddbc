"""Nights of which somebody is told: once at the beginning, once at the end, and at once what a person must act on."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from albpatch.region.automation.service import Automation
from albpatch.region.core import Region
from albpatch.region.services.windows import Windows
from albpatch.rehearsal.from_plan import Loaded
from albpatch.rehearsal.history import until_quiet
from albpatch.rehearsal.nights import Night, fire, night
from albpatch.rehearsal.world import World
from night_fleet import machine, scene
from nights.test_gates import OPEN
from nights.test_recovery import drop, dying, swept
from operating import Operator, Tools

NEWS_ROLE = "nights-news-us-east-1"


def told(played: Night) -> list[tuple[str, str]]:
    """(subject, message) of everything that the topic was told, in order."""
    return [(e.detail["title"], e.detail["message"]) for e in played.region.journal.of("notification")]


def subjects(played: Night, about: str = "patching ") -> list[str]:
    return [subject for subject, _ in told(played) if about in subject]


def news(region: Region) -> list[Any]:
    """The executions of the news runbook."""
    executions = region.part(Automation).executions.values()
    return [x for x in executions if x.document_name.endswith("-alb-news")]


Playing = Callable[..., tuple[Night, dict[str, Any]]]


@pytest.fixture
def playing(gated_plan: Any, tmp_path: Any, monkeypatch: Any, capsys: Any) -> Playing:
    """Play a night with a topic, and have `albpatch status` say afterwards how it ended."""

    def played(profiles: dict[str, str], begin: Any = fire, **more: Any) -> tuple[Night, dict[str, Any]]:
        status: dict[str, Any] = {}
        prepare = more.pop("prepare", lambda _region, _world: None)

        def start(region: Region, world: World, loaded: Loaded) -> str:
            operator = Operator(gated_plan, region, world, loaded, Tools(tmp_path, monkeypatch, capsys))
            ended = str(begin(region, world, loaded))
            until_quiet(region)
            status.update(operator("status", "--format", "json").json)
            return ended

        exists = {**OPEN, **more.pop("exists", {})}
        return night(gated_plan, scene(profiles, exists=exists, **more), start=start, prepare=prepare), status

    return played


def agrees(played: Night, status: dict[str, Any]) -> str:
    """The end message has the outcome and the counts of `albpatch status`. Returns the outcome."""
    roll = status["roll"]
    counts = ", ".join(f"{number} {word}" for word, number in sorted(roll["counts"].items())) or "nobody had a turn"
    (subject, message) = [(s, m) for s, m in told(played) if "patching " in s][-1]

    assert subject == f"nights: patching {roll['outcome']}, {counts}"[:99]
    assert f"Roll {roll['id']}" in message
    return str(roll["outcome"])


def test_a_roll_that_goes_well_is_told_twice(playing: Playing) -> None:
    """One message at the beginning, before anybody is taken out, and one at the end, which asks for nothing."""
    played, status = playing({"a": "patches", "b": "compliant"})
    ((began, first), (_, last)) = told(played)
    times = [e.time for e in played.region.journal.of("notification")]

    assert agrees(played, status) == "done"
    assert began == "nights: patching began" and "Fleets: many, web." in first and "UTC" in first
    assert "PAUSED" not in first and "Nothing to do." in last
    assert times[0] < min(t for t, _, _ in played.evidence.took_out) < times[1]


@pytest.mark.parametrize(
    ("profiles", "more", "outcome", "says"),
    [
        ({"a": "compliant", "b": "compliant"}, {}, "nothing to do", ["2 compliant"]),
        ({"a": "patches", "b": "unmanaged"}, {}, "incomplete", ["skipped: NOT_MANAGED", "1 skipped"]),
        ({"a": "patches"}, {"exists": {"calendars": {"holidays": "CLOSED"}}}, "incomplete", ["deferred: FREEZE"]),
        (
            {"a": "broken-patch", "b": "patches"},
            {},
            "halted",
            ["failed: INSTALL_FAILED", "not reached", "The roll was halted: "],
        ),
    ],
    ids=["nothing to do", "somebody skipped", "all deferred", "halted"],
)
def test_the_end_says_what_status_says(
    playing: Playing, profiles: dict[str, str], more: dict[str, Any], outcome: str, says: list[str]
) -> None:
    """One message each at beginning and end, with the outcome of `albpatch status`, and who was left out by code."""
    played, status = playing(profiles, **more)

    assert agrees(played, status) == outcome
    assert len(subjects(played)) == 2
    assert [part for part in says if part not in told(played)[-1][1]] == []


def test_a_fleet_of_nobody_is_incomplete(playing: Playing) -> None:
    """A tag that names nobody any more is not a night that went well."""
    machines = {"a": machine(0, fleet="elsewhere")}
    played, status = playing({"a": "patches"}, machines=machines)

    assert agrees(played, status) == "incomplete"
    assert "nobody had a turn" in subjects(played)[-1]


def test_a_pause_is_told_at_the_beginning(playing: Playing) -> None:
    """Who hears that a roll began hears that it will do nothing, and why."""

    def paused(region: Region, world: World, loaded: Loaded) -> str:
        (table,) = loaded.tables.values()
        item = {"Id": {"S": "PAUSE"}, "Reason": {"S": "a sale"}}
        region.backend("dynamodb", "PutItem", {"TableName": table, "Item": item})
        return fire(region, world, loaded)

    played, status = playing({"a": "patches"}, paused)

    assert "ALL ROLLS ARE PAUSED: a sale." in told(played)[0][1]
    assert agrees(played, status) == "incomplete"


def test_a_cancelled_window_is_told(playing: Playing) -> None:
    """Who never got a turn is counted as not reached."""

    def cancelled(region: Region, _world: World, loaded: Loaded) -> str:
        windows, (window,) = region.part(Windows), loaded.window_ids
        opening = windows.fire(window)
        region.clock.sleep(60)
        windows.cancel(opening)
        return windows.wait(opening)

    played, status = playing(dict.fromkeys("abc", "patches"), cancelled)

    assert agrees(played, status) == "incomplete"
    assert "CANCELLED" in told(played)[-1][1] and "not reached" in told(played)[-1][1]


def test_an_opening_that_is_skipped_is_told(playing: Playing) -> None:
    """A window that is due while its last opening lasts does nothing, and says so once."""

    def twice(region: Region, _world: World, loaded: Loaded) -> str:
        windows, (window,) = region.part(Windows), loaded.window_ids
        opening = windows.fire(window)
        region.clock.sleep(60)
        windows.fire(window)
        return windows.wait(opening)

    played, _ = playing({"a": "patches", "b": "compliant"}, twice)

    assert sorted(subjects(played)) == [
        "nights: patching began",
        "nights: patching done, 1 compliant, 1 patched",
        "nights: patching skipped, nobody had a turn",
    ]


def test_who_is_still_at_work_is_named(playing: Playing) -> None:
    """Where the window is over and an execution is not, the end says so instead of an outcome."""

    def early(region: Region, _world: World, loaded: Loaded) -> str:
        windows, (window,) = region.part(Windows), loaded.window_ids
        opening = windows.fire(window)
        region.clock.sleep(90)
        given = {"About": ["TIMED_OUT"], "ExecutionId": [opening]}
        request = {"DocumentName": "nights-alb-news", "Parameters": given}
        region.call(region.administrator, "ssm", "StartAutomationExecution", request)
        return windows.wait(opening)

    played, _ = playing({"a": "patches"}, early)
    (_, (subject, message)) = told(played)

    assert subject == "nights: patching under way, 1 at work"
    assert played.world.machines["a"] in message and "at work: still at " in message


def test_an_event_that_comes_twice_is_told_once(playing: Playing) -> None:
    """EventBridge delivers at least once; a person reads it once."""

    def again(region: Region, world: World, loaded: Loaded) -> str:
        status = fire(region, world, loaded)
        until_quiet(region)
        (opening,) = region.part(Windows).executions
        for about in ("IN_PROGRESS", "SUCCESS"):
            request = {"DocumentName": "nights-alb-news", "Parameters": {"About": [about], "ExecutionId": [opening]}}
            region.call(region.administrator, "ssm", "StartAutomationExecution", request)
        until_quiet(region)
        return status

    played, _ = playing({"a": "patches"}, again)

    assert len(told(played)) == 2
    assert [x.status for x in news(played.region)] == ["Success"] * 4


def test_a_machine_that_stays_out_is_told_once_for_each_reason(playing: Playing) -> None:
    """The patching runbook tells that it left the machine out, the restoring after it that it gave up; the child of the
    one and every sweep after the other fail in the same way and tell nothing."""

    def then(region: Region, world: World, loaded: Loaded) -> str:
        status = fire(region, world, loaded)
        for _ in range(2):
            swept(region, world, loaded)
        return status

    played, status = playing({"a": "never-back", "b": "patches"}, then)
    acts = [subject for subject, _ in told(played) if "patching " not in subject]
    a = played.world.machines["a"]

    assert agrees(played, status) == "halted"
    assert acts == [f"{a}: INSTALL_FAILED", f"nights: {a} HOST_NOT_IDLE"]
    assert len([x for x in news(played.region) if x.given["About"] == ["RESTORE"]]) >= 3


def test_a_restoring_that_fails_by_itself_is_told(playing: Playing) -> None:
    """The execution died, and what its end started could not put the machine back: somebody is told, with the place."""
    profiles = {"a": "patches", "b": "patches"}
    extra = {"dies": {"missing_patches": 1, "scan_seconds": 10, "patch_seconds": 60, "comes_back": False}}
    played, _ = playing({**profiles, "a": "dies"}, extra=extra, faults=dying("INSTALLING"))
    ((subject, message),) = [(s, m) for s, m in told(played) if "patching " not in s]
    a = played.world.machines["a"]

    assert subject == f"nights: {a} HOST_NOT_IDLE"
    assert f"{a} was not put back" in message and "is OUT" in message and "state INSTALLING" in message
    assert re.search(r"It belongs to arn:aws:elasticloadbalancing:\S+/web/\w+, port 80\.", message)
    assert f"albpatch repair {a}" in message and "docs/operations.md, code HOST_NOT_IDLE" in message


def test_a_sweep_that_fails_is_told(playing: Playing) -> None:
    """A sweep that may start nothing leaves somebody out, and that somebody is named."""

    def mute(region: Region, _world: World) -> None:
        drop(region, "nights-restore-us-east-1", "ssm:StartAutomationExecution")

    def then(region: Region, world: World, loaded: Loaded) -> str:
        status = fire(region, world, loaded)
        swept(region, world, loaded)
        return status

    profiles = dict.fromkeys("ab", "patches")
    played, _ = playing(profiles, then, faults=dying("DRAINED"), prepare=_without_rules(mute))
    ((subject, message),) = [(s, m) for s, m in told(played) if "SWEEP_FAILED" in s]

    assert subject == "nights: the sweep SWEEP_FAILED"
    assert played.world.machines["a"] in message and "albpatch repair --all" in message


def _without_rules(then: Callable[[Region, World], None]) -> Callable[[Region, World], None]:
    """Nothing but the sweep may start the restore runbook: the rule that hears of a death is off."""

    def prepare(region: Region, world: World) -> None:
        region.backend("events", "DisableRule", {"Name": "nights-alb-recovery"})
        then(region, world)

    return prepare


@pytest.mark.parametrize("right", ["sns:Publish", "dynamodb:UpdateItem", "ssm:DescribeAutomationExecutions"])
def test_news_that_cannot_be_told_change_nothing(playing: Playing, right: str) -> None:
    """The roll goes on as without news; the news runbook fails with what it lacks."""

    def without(region: Region, _world: World) -> None:
        drop(region, NEWS_ROLE, right)

    played, status = playing({"a": "patches", "b": "compliant"}, prepare=without)
    failed = [x for x in news(played.region) if x.status == "Failed"]

    assert status["roll"]["outcome"] == "done" and played.status == "SUCCESS"
    assert failed and all("AccessDenied" in x.message or "AuthorizationError" in x.message for x in failed)
    assert all(right in x.message for x in failed)


def test_a_topic_that_is_gone_changes_nothing(playing: Playing) -> None:
    """Nobody hears of it, and the roll ends as it would."""
    played, status = playing({"a": "patches", "b": "compliant"}, exists={"topics": []})

    assert (told(played), status["roll"]["outcome"]) == ([], "done")


def test_without_a_topic_there_is_no_news(plan: Any) -> None:
    """No runbook, no role, no rule: nothing is made for news that nobody hears."""
    names = [r for r in resources(plan["planned_values"]["root_module"]) if ".module.news" in r]
    played = night(plan, scene({"a": "patches"}))

    assert names == [] and news(played.region) == [] and told(played) == []


def resources(module: dict[str, Any]) -> list[str]:
    deeper = [name for child in module.get("child_modules", []) for name in resources(child)]
    return [r["address"] for r in module.get("resources", [])] + deeper
