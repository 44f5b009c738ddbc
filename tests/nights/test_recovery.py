"""Nights after which nobody has to be there: events, sweeps and windows start what puts an instance back."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from albpatch.region.automation.service import Automation
from albpatch.region.core import Region
from albpatch.region.event_bus import EventBus
from albpatch.region.services.windows import Windows
from albpatch.rehearsal.from_plan import Loaded
from albpatch.rehearsal.history import until_quiet
from albpatch.rehearsal.nights import Night, fire, night
from albpatch.rehearsal.world import World
from albpatch.report.model import Held
from night_fleet import group, machine, scene

# The moment at which an execution dies -> the state of the record that it leaves.
DEATHS: dict[str, dict[str, Any]] = {
    "DETACHING": {"step": "Detach", "after": 5},
    "DRAINED": {"step": "Commit", "call": "dynamodb.TransactWriteItems"},
    "INSTALLING": {"step": "Install", "after": 5},
    "PATCHED": {"step": "VerifyPatches", "call": "ssm.DescribeInstancePatchStates"},
    "HEALING": {"step": "AwaitHealthy", "after": 5},
}
EVENT = "EC2 Automation Execution Status-change Notification"
UNHEARD = [{"lose": EVENT, "times": "for ever"}]
SWEEP_SECONDS = 6 * 3600


def dying(state: str, act: str = "kill", **more: Any) -> dict[str, Any]:
    return {"acts": [{"act": act, "machine": "a", "when": DEATHS[state]}], **more}


def records(region: Region, loaded: Loaded) -> dict[str, dict[str, str]]:
    """The open records, by instance."""
    (table,) = loaded.tables.values()
    items = region.backend("dynamodb", "Scan", {"TableName": table})["Items"]
    plain = [{name: next(iter(value.values())) for name, value in item.items()} for item in items]
    return {i["Id"].partition("#")[2]: i for i in plain if i["Id"].startswith("INSTANCE#")}


def restoring(region: Region) -> list[Any]:
    """The executions of the restore runbook that were started from outside: by a rule, a sweep, a person."""
    executions = region.part(Automation).executions.values()
    return [x for x in executions if x.document_name.endswith("-alb-restore") and x.parent_id is None]


def restore(region: Region, loaded: Loaded, **parameters: list[str]) -> Any:
    """Start the restore runbook as a person does, and wait for its end."""
    name = next(name for name in loaded.documents.values() if name.endswith("-alb-restore"))
    params = {"DocumentName": name, **({"Parameters": parameters} if parameters else {})}
    started = region.call(region.administrator, "ssm", "StartAutomationExecution", params)
    return region.part(Automation).wait(started["AutomationExecutionId"])


class Then:
    """A window, then something; keeps the records before and after it, and what the restore runbook did."""

    def __init__(self, act: Callable[[Region, World, Loaded], None] | None = None) -> None:
        self._act = act
        self.before: dict[str, Any] = {}
        self.after: dict[str, Any] = {}

    def __call__(self, region: Region, world: World, loaded: Loaded) -> str:
        status = fire(region, world, loaded)
        self.before = records(region, loaded)
        until_quiet(region)
        if self._act is not None:
            self._act(region, world, loaded)
            until_quiet(region)
        self.after, self.restored = records(region, loaded), restoring(region)
        return status


def back(played: Night, then: Then) -> None:
    """Everything is as before, nothing was lost, and nothing is left open."""
    assert then.after == {}
    assert [m for m in "ab" if played.evidence.missing(played.world.machines[m])] == []
    assert {played.promises[i].held for i in ("C2", "C3", "C4")} <= {Held.HELD, Held.NOT_EXERCISED}
    assert played.lost == 0


PAIR = dict.fromkeys("ab", "patches")


@pytest.mark.parametrize("spelling", ["Cancelled", "Canceled"])
@pytest.mark.parametrize("state", ["DETACHING", "DRAINED", "INSTALLING", "PATCHED"])
def test_a_death_is_undone_by_its_event(plan: Any, state: str, spelling: str) -> None:
    """Wherever the execution died, its event starts the restore runbook once, and all is as before."""

    def heard(region: Region, _world: World) -> None:
        region.part(EventBus).cancelled = spelling

    then = Then()
    groups = {"api": group(8080), "admin": group(9090)}
    machines = {name: machine(n, "many", ("api", ("api", 8081), "admin")) for n, name in enumerate("ab")}
    played = night(plan, scene(PAIR, groups=groups, machines=machines, faults=dying(state)), start=then, prepare=heard)

    back(played, then)
    assert {x.caller.role_name for x in then.restored} >= {"nights-events-us-east-1"}


@pytest.mark.parametrize("state", ["DETACHING", "INSTALLING"])
@pytest.mark.parametrize("spelling", ["Cancelled", "Canceled"])
def test_a_cancel_is_undone_by_its_event_alone(plan: Any, state: str, spelling: str) -> None:
    """Where OnCancel may not start the restore runbook, the event of the cancelled execution does."""

    def mute(region: Region, _world: World) -> None:
        region.part(EventBus).cancelled = spelling
        drop(region, "nights-runbook-us-east-1", "ssm:StartAutomationExecution")

    then = Then()
    played = night(plan, scene(PAIR, faults=dying(state, "cancel")), start=then, prepare=mute)

    back(played, then)


def drop(region: Region, role: str, action: str) -> None:
    """Take an action out of a role's policies."""
    for name in region.backend("iam", "ListRolePolicies", {"RoleName": role})["PolicyNames"]:
        which = {"RoleName": role, "PolicyName": name}
        document = region.backend("iam", "GetRolePolicy", which)["PolicyDocument"]
        document = json.loads(document) if isinstance(document, str) else document
        for statement in document["Statement"]:
            statement["Action"] = [a for a in statement["Action"] if a != action] or ["ec2:DescribeTags"]
        region.backend("iam", "PutRolePolicy", {**which, "PolicyDocument": json.dumps(document)})


def swept(region: Region, _world: World, _loaded: Loaded) -> None:
    """Time passes until the standing sweep has come."""
    region.clock.sleep(SWEEP_SECONDS)


def next_window(region: Region, _world: World, loaded: Loaded) -> None:
    windows = region.part(Windows)
    (window,) = loaded.window_ids
    windows.wait(windows.fire(window))


@pytest.mark.parametrize("comes", [swept, next_window])
@pytest.mark.parametrize("state", DEATHS)
def test_a_lost_event_is_made_up_for(plan: Any, state: str, comes: Callable[..., None]) -> None:
    """Where nobody heard of the death, the standing sweep or the head of the next window finds the record."""
    then = Then(comes)
    played = night(plan, scene(PAIR, faults=dying(state, events=UNHEARD)), start=then)

    assert [r["LeaseState"] for r in then.before.values()] == [state]
    back(played, then)


def test_sweeps_leave_the_living_alone(plan: Any) -> None:
    """A sweep in every minute of a night starts nothing, and the night ends as without it."""
    sentences: list[str] = []

    def start(region: Region, _world: World, loaded: Loaded) -> str:
        windows = region.part(Windows)
        (window,) = loaded.window_ids
        opening = windows.fire(window)
        while not windows.get(opening).over:
            execution = restore(region, loaded)
            sentences.extend(execution.outputs["Sweep.Sentence"])
            assert execution.status == "Success"
            region.clock.sleep(60)
        return windows.wait(opening)

    played = night(plan, scene(PAIR), start=start)

    assert [played.outcome(m) for m in "ab"] == ["patched", "patched"]
    assert any("and works on it" in sentence for sentence in sentences)
    assert not any("restores it" in sentence for sentence in sentences)
    assert {played.promises[i].held for i in ("C1", "C2", "C3", "C4")} <= {Held.HELD, Held.NOT_EXERCISED}


def test_two_sweeps_start_one_restoring(plan: Any) -> None:
    """Sweeps side by side find the same record and start the same execution."""

    def twice(region: Region, _world: World, loaded: Loaded) -> None:
        others = [region.clock.spawn(f"sweep {n}", restore, region, loaded) for n in range(3)]
        for other in others:
            other.finished.wait()

    then = Then(twice)
    played = night(plan, scene(PAIR, faults=dying("INSTALLING", events=UNHEARD)), start=then)

    back(played, then)
    assert len([x for x in then.restored if x.given.get("InstanceId")]) == 1


def test_a_dead_host_is_left_until_it_answers(plan: Any) -> None:
    """A machine that never comes back is not registered by rule or sweep; its record stays, and every try is told."""
    then = Then(swept)
    played = night(plan, scene({"a": "never-back", "b": "patches"}), start=then)

    assert [r["LeaseState"] for r in then.after.values()] == ["INSTALLING"]
    assert played.evidence.missing(played.world.machines["a"]) != []
    told = [
        e.detail["detail"]
        for e in played.evidence.night
        if e.detail.get("detail_type") == "ALB Patching Restore Outcome"
    ]
    assert told and {t["Outcome"] for t in told} == {"failed"}


@pytest.mark.parametrize("right", ["ssm:StartAutomationExecution", "iam:PassRole"])
def test_what_could_not_be_started_rings(plan: Any, right: str) -> None:
    """A role without a right: the event lies in the queue, two alarms ring, and the sweep's own event as well."""

    def without(region: Region, _world: World) -> None:
        drop(region, "nights-events-us-east-1", right)

    then = Then(swept)
    played = night(plan, scene(PAIR, faults=dying("INSTALLING")), start=then, prepare=without)
    alarms = {e.subject for e in played.evidence.night if e.kind == "alarm" and e.detail["state"] == "ALARM"}

    assert len(then.after) == 1
    assert [x for x in then.restored if x.caller.role_name == "nights-events-us-east-1"] == []
    assert alarms == {
        "nights-alb-recovery-not-started",
        "nights-alb-sweep-not-started",
        "nights-alb-recovery-dead-letters",
    }


def test_kept_out_on_purpose(plan: Any) -> None:
    """keep-out: no rule, no sweep and no next window registers it; asked for by name it goes back."""
    seen: list[Any] = []

    def act(region: Region, world: World, loaded: Loaded) -> None:
        a = world.machines["a"]
        seen.append(restore(region, loaded, InstanceId=[a], Action=["keep-out"]).outputs["Tell.Code"])
        swept(region, world, loaded)
        next_window(region, world, loaded)
        owner = records(region, loaded)[a]["PatchedBy"]
        for given in (
            {"ExecutionId": [owner]},
            {"ExecutionId": [records(region, loaded)[a]["LeaseOwner"]], "InstanceId": [a]},
        ):
            restore(region, loaded, **given)
        seen.append(records(region, loaded)[a].get("KeptOut"))
        seen.append(restore(region, loaded, InstanceId=[a]).outputs["Tell.Code"])

    then = Then(act)
    played = night(plan, scene(PAIR, faults=dying("DRAINED", events=UNHEARD)), start=then)

    assert seen == [["KEPT_OUT"], "true", ["RESTORED"]]
    back(played, then)


def test_forgotten_on_purpose(plan: Any) -> None:
    """forget: record and leases go, no ELB write is made, and the instance stays where it was."""
    seen: list[Any] = []

    def act(region: Region, world: World, loaded: Loaded) -> None:
        writes = sum(c.operation == "RegisterTargets" for c in region.calls)
        seen.append(restore(region, loaded, InstanceId=[world.machines["a"]], Action=["forget"]).outputs["Tell.Code"])
        seen.append(sum(c.operation == "RegisterTargets" for c in region.calls) - writes)
        (table,) = loaded.tables.values()
        seen.append([i for i in region.backend("dynamodb", "Scan", {"TableName": table})["Items"] if "Holders" in i])

    then = Then(act)
    played = night(plan, scene(PAIR, faults=dying("DRAINED", events=UNHEARD)), start=then)

    assert seen == [["FORGOTTEN"], 0, []]
    assert then.after == {}
    assert played.evidence.missing(played.world.machines["a"]) != []


@pytest.mark.parametrize("action", ["keep-out", "forget"])
def test_nothing_is_set_aside_under_a_living_owner(plan: Any, action: str) -> None:
    """While the execution that owns the record runs, keep-out and forget do nothing."""
    seen: list[Any] = []

    def start(region: Region, world: World, loaded: Loaded) -> str:
        windows = region.part(Windows)
        (window,) = loaded.window_ids
        opening = windows.fire(window)
        region.clock.sleep(60)
        execution = restore(region, loaded, InstanceId=[world.machines["a"]], Action=[action])
        seen.append(execution.outputs["Claim.Sentence"][0].split(":")[0])
        return windows.wait(opening)

    played = night(plan, scene(PAIR), start=start)

    assert seen == ["OWNER_ALIVE"]
    assert [x.status for x in played.executions] == ["Success"] * 3
    assert (played.promises["C3"].held, played.lost) == (Held.HELD, 0)


def test_the_runbook_alone_is_no_target(plan: Any) -> None:
    """keep-out or forget without an instance is refused: it would mean everybody."""
    seen: list[Any] = []

    def start(region: Region, _world: World, loaded: Loaded) -> str:
        seen.append(restore(region, loaded, Action=["forget"]))
        return "SUCCESS"

    night(plan, scene({"a": "compliant"}), start=start)

    assert seen[0].status == "Failed" and "NO_TARGET" in seen[0].message
