"""Nights in which several want to take instances out at once, and nights in which an execution leaves one behind."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from albpatch.region.automation.interpreter import Reading
from albpatch.region.automation.service import Automation
from albpatch.region.core import Region
from albpatch.region.services.windows import Windows
from albpatch.rehearsal.from_plan import Loaded
from albpatch.rehearsal.history import until_quiet
from albpatch.rehearsal.nights import Night, fire, night
from albpatch.rehearsal.world import World
from albpatch.report.model import Held
from night_fleet import group, machine, scene

BEFORE_COMMIT = ("Detach", "AwaitDelay", "Commit")
AFTER_COMMIT = ("Install", "AwaitHostIdle", "VerifyPatches", "Restore")
OF_THE_CHILD = ("Claim", "AwaitIdle", "AwaitHealthy", "Release", "Tell")
Start = Callable[[Region, World, Loaded], str]


def document(loaded: Loaded, kind: str) -> str:
    return next(name for name in loaded.documents.values() if name.endswith(f"-alb-{kind}"))


def execute(region: Region, name: str, **parameters: list[str]) -> Any:
    """Start a document as a person with every right does, and wait for its end."""
    params = {"DocumentName": name, "Parameters": parameters}
    started = region.call(region.administrator, "ssm", "StartAutomationExecution", params)
    return region.part(Automation).wait(started["AutomationExecutionId"])


def items(region: Region, loaded: Loaded) -> dict[str, dict[str, Any]]:
    """What stands in the lease table, by key, but for groups without a holder and what is remembered of failures."""
    (table,) = loaded.tables.values()
    found = region.backend("dynamodb", "Scan", {"TableName": table})["Items"]
    plain = [{name: next(iter(value.values())) for name, value in item.items()} for item in found]
    return {item["Id"]: item for item in plain if len(item) > 1 and not item["Id"].startswith("FAILED#")}


def changed(plan: Any, change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """The plan with every window task changed."""
    made: dict[str, Any] = json.loads(json.dumps(plan))

    def walk(module: dict[str, Any]) -> None:
        for resource in module.get("resources", []):
            if resource["type"] == "aws_ssm_maintenance_window_task":
                change(resource["values"])
        for child in module.get("child_modules", []):
            walk(child)

    walk(made["planned_values"]["root_module"])
    return made


def rate(concurrency: str, unavailable: str) -> Callable[[dict[str, Any]], None]:
    def change(values: dict[str, Any]) -> None:
        values["max_concurrency"] = concurrency
        for parameter in values["task_invocation_parameters"][0]["automation_parameters"][0]["parameter"]:
            if parameter["name"] == "MaxUnavailable":
                parameter["values"] = [unavailable]

    return change


def out_at_once(played: Night) -> int:
    """The most instances that were out of a target group at the same time."""
    out: dict[str, set[str]] = {}
    most = 0
    for entry in played.evidence.night:
        if entry.kind == "registration":
            arn, instance, _ = entry.subject.rsplit("|", 2)
            mine = out.setdefault(arn, set())
            (mine.add if entry.detail["action"] == "deregister" else mine.discard)(instance)
            most = max(most, len(mine))
    return most


@pytest.mark.parametrize(("unavailable", "most"), [("1", 1), ("2", 2), ("9", 2)])
def test_concurrency_never_breaks_the_floor(plan: Any, unavailable: str, most: int) -> None:
    """Four at a time, half of five must stay: never more out than leases and floor allow; who gets none waits."""
    played = night(changed(plan, rate("4", unavailable)), scene(dict.fromkeys("abcde", "patches")))

    assert out_at_once(played) == most
    assert played.promises["C2"].held is Held.HELD and played.promises["C3"].held is Held.HELD
    assert {x.status for x in played.executions} == {"Success"}
    assert {played.outcome(m) for m in "abcde"} <= {"patched", "deferred"}
    assert played.lost == 0


def test_two_windows_at_the_same_time(plan: Any) -> None:
    """Both windows open on one fleet: one instance out at a time, and no instance is worked on twice."""

    def both(region: Region, _world: World, loaded: Loaded) -> str:
        windows = region.part(Windows)
        (window,) = loaded.window_ids
        openings = [windows.fire(window)]
        params = {"DocumentName": document(loaded, "patching"), "TargetParameterName": "InstanceId"}
        targets = [{"Key": "tag:Fleet", "Values": ["web"]}]
        more = {"Targets": targets, "MaxConcurrency": "1", "MaxErrors": "0"}
        started = region.call(region.administrator, "ssm", "StartAutomationExecution", {**params, **more})
        region.part(Automation).wait(started["AutomationExecutionId"])
        return windows.wait(openings[0])

    played = night(plan, scene(dict.fromkeys("abc", "patches")), start=both)
    installs = [e.detail["instance"] for e in played.evidence.night if installing(e)]

    assert out_at_once(played) == 1
    assert len(installs) == len(set(installs))
    assert played.promises["C2"].held is Held.HELD and played.promises["C3"].held is Held.HELD


def installing(entry: Any) -> bool:
    is_install = entry.kind == "command" and entry.detail.get("operation") == "Install"
    return is_install and entry.detail["status"] == "InProgress"


def test_hand_start_during_a_window(plan: Any) -> None:
    """A person starts the instance that the window has out: deferred, because its record is open."""
    outcomes = []

    def start(region: Region, world: World, loaded: Loaded) -> str:
        windows = region.part(Windows)
        (window,) = loaded.window_ids
        opening = windows.fire(window)
        region.clock.sleep(30)
        execution = execute(region, document(loaded, "patching"), InstanceId=[world.machines["a"]])
        outcomes.append((execution.status, execution.outputs["Report.Code"]))
        return windows.wait(opening)

    played = night(plan, scene({"a": "patches", "b": "compliant"}), start=start)

    assert outcomes == [("Success", ["OPEN_RECORD"])]
    assert played.promises["C3"].held is Held.HELD


def test_a_failure_halts_the_roll_for_all(plan: Any) -> None:
    """Three at a time, one may be out: after the first broken patch nobody else leaves, although executions wait."""
    played = night(changed(plan, rate("3", "1")), scene(dict.fromkeys("abcd", "broken-patch")))

    assert len({i for _, _, i in played.evidence.took_out}) == 1
    assert played.promises["C5"].held is Held.HELD


def test_a_death_before_anything_was_touched_halts_the_roll(plan: Any) -> None:
    """Two at a time: who dies in its scan has no record and says nothing, and the other is not taken out any more."""
    faults = {"acts": [{"act": "kill", "machine": "a", "when": {"step": "Assess", "after": 12}}]}
    played = night(changed(plan, rate("2", "9")), scene(dict.fromkeys("abc", "patches"), faults=faults))

    said = {x.outputs.get("Report.Code", ("died",))[0] for x in played.executions if x.status == "Success"}
    assert played.evidence.took_out == []
    assert said == {"ROLL_HALTED"}


def test_nothing_is_left_in_the_table(plan: Any) -> None:
    """After a night that went well no record, no lease and no halted roll is left."""
    left: list[dict[str, Any]] = []

    def start(region: Region, world: World, loaded: Loaded) -> str:
        status = fire(region, world, loaded)
        left.append(items(region, loaded))
        return status

    played = night(plan, scene(dict.fromkeys("abc", "patches")), start=start)

    assert left == [{}] and played.status == "SUCCESS"


def recovered(then: list[Any]) -> Start:
    """A window, then the restore runbook by hand for every record; what it found and left goes to `then`."""

    def start(region: Region, world: World, loaded: Loaded) -> str:
        status = fire(region, world, loaded)
        until_quiet(region)  # a child outlives its parent
        before = items(region, loaded)
        records = [key.partition("#")[2] for key in before if key.startswith("INSTANCE#")]
        restored = [execute(region, document(loaded, "restore"), InstanceId=[i]).status for i in records]
        after = [key for key, item in items(region, loaded).items() if "Halted" not in item]
        then.append((len(records), restored, after))
        return status

    return start


def struck(act: str, step: str, after: float) -> dict[str, Any]:
    when = {"step": step, "after": after}
    return {"acts": [{"act": act, "machine": m, "when": when} for m in "abc"]}


@pytest.mark.parametrize("after", [0, 1, 20])
@pytest.mark.parametrize("step", ["AcquireLease", *BEFORE_COMMIT, *AFTER_COMMIT, *OF_THE_CHILD])
def test_death_at_every_step_is_undone(plan: Any, step: str, after: float) -> None:
    """However an execution dies, the restore runbook leaves every target registered as before and no record."""
    then: list[Any] = []
    groups = {"api": group(8080), "admin": group(9090)}
    machines = {name: machine(n, "many", ("api", ("api", 8081), "admin")) for n, name in enumerate("abc")}
    faults = struck("kill", step, after)
    played = night(
        plan,
        scene(dict.fromkeys("abc", "patches"), groups=groups, machines=machines, faults=faults),
        start=recovered(then),
    )
    [(records, restored, left)] = then

    assert restored == ["Success"] * records and left == []
    assert [m for m in "abc" if played.evidence.missing(played.world.machines[m])] == []
    assert played.promises["C3"].held in (Held.HELD, Held.NOT_EXERCISED)
    assert played.promises["C2"].held in (Held.HELD, Held.NOT_EXERCISED)
    assert played.lost == 0


@pytest.mark.parametrize("step", ["Assess", "Preflight", "Scan", "AcquireLease", *BEFORE_COMMIT, *AFTER_COMMIT])
def test_cancel_at_every_step_is_undone(plan: Any, step: str) -> None:
    """However a person cancels, everything is registered as before in the end, without any other hand."""
    then: list[Any] = []
    played = night(plan, scene(dict.fromkeys("abc", "patches"), faults=struck("cancel", step, 1)), start=waited(then))

    assert then == [[]]
    assert [m for m in "abc" if played.evidence.missing(played.world.machines[m])] == []
    assert played.promises["C3"].held in (Held.HELD, Held.NOT_EXERCISED)
    assert played.promises["C5"].held in (Held.HELD, Held.NOT_EXERCISED)
    assert played.lost == 0


@pytest.mark.parametrize("stops", [False, True])
@pytest.mark.parametrize("after", [0, 1, 20, 35])
def test_cancel_while_the_child_works(plan: Any, after: float, stops: bool) -> None:
    """Whether AWS stops the child with its parent or lets it go on is not known: the instance is back either way."""
    then: list[Any] = []
    reading = Reading(child_stops_with_its_step=stops)
    faults = struck("cancel", "Restore", after)
    played = night(plan, scene(dict.fromkeys("abc", "patches"), faults=faults), start=waited(then, reading))

    assert then == [[]]
    assert [m for m in "abc" if played.evidence.missing(played.world.machines[m])] == []
    assert played.promises["C3"].held in (Held.HELD, Held.NOT_EXERCISED)
    assert played.promises["C5"].held in (Held.HELD, Held.NOT_EXERCISED)
    assert played.lost == 0


@pytest.mark.parametrize("step", ["Detach", "AwaitDelay"])
def test_cancelled_before_commit_it_is_back_in_seconds(plan: Any, step: str) -> None:
    """Nobody waits for the end of the cancellation: the record was given up."""
    played = night(plan, scene({"a": "patches", "b": "compliant"}, faults=one_struck("cancel", step, 5)))
    found = [e for e in played.evidence.night if e.kind == "registration"]
    cancelled = [e for e in played.evidence.night if e.kind == "execution" and e.detail["status"] == "Cancelled"]

    assert [e.detail["action"] for e in found] == ["deregister", "register"]
    assert found[1].time - cancelled[0].time <= 5
    assert played.outcome("a") == "restored"


def one_struck(act: str, step: str, after: float) -> dict[str, Any]:
    return {"acts": [{"act": act, "machine": "a", "when": {"step": step, "after": after}}]}


def waited(then: list[Any], reading: Reading | None = None) -> Start:
    """A window, then whatever it set going; the records and leases that are left after that go to `then`."""

    def start(region: Region, world: World, loaded: Loaded) -> str:
        region.part(Automation).reading = reading or Reading()
        status = fire(region, world, loaded)
        until_quiet(region)
        then.append([key for key, item in items(region, loaded).items() if "Halted" not in item])
        return status

    return start


@pytest.mark.parametrize("step", ["AwaitDelay", "Install", "AwaitHealthy"])
def test_nobody_is_taken_over_while_alive(plan: Any, step: str) -> None:
    """The restore runbook, started at any moment of a night, does nothing: the night ends as without it."""
    found = []

    def start(region: Region, world: World, loaded: Loaded) -> str:
        windows = region.part(Windows)
        (window,) = loaded.window_ids
        opening = windows.fire(window)
        while not any(e.kind == "step" and e.detail["step"] == step for e in region.journal.entries):
            region.clock.sleep(1)
        execution = execute(region, document(loaded, "restore"), InstanceId=[world.machines["a"]])
        found.append((execution.status, execution.outputs["Claim.Sentence"][0].split(":")[0]))
        return windows.wait(opening)

    played = night(plan, scene({"a": "patches", "b": "compliant"}), start=start)

    assert found == [("Success", "OWNER_ALIVE")]
    assert len(played.evidence.writes) == 2
    assert played.outcome("a") == "patched" or {x.status for x in played.executions} == {"Success"}
