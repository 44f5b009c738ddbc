"""`albpatch check --after-window`, judged on nights that were played: what it says is what happened."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from albpatch import settings
from albpatch.live import check, snapshot
from albpatch.region.hosts import Hosts
from albpatch.region.transport import in_process
from albpatch.rehearsal.deployment import records, retarget
from albpatch.rehearsal.nights import fire, night
from night_fleet import machine, scene


class Session:
    """A boto3 session whose clients end in a region of this process."""

    def __init__(self, region: Any) -> None:
        self._region = region

    def client(self, service: str, region_name: str, config: Any) -> Any:
        assert region_name == self._region.name
        return in_process.client(self._region, self._region.administrator, service, config)


def deployment(plan: Any, world: Any, loaded: Any) -> settings.Deployment:
    """What the module would have recorded, with the fleet `web` only."""
    record = deepcopy(records(retarget(plan, world))[0])
    (record["window"]["id"],) = loaded.window_ids
    record["document"]["version"] = "1"
    record["fleets"] = {"web": record["fleets"]["web"]}
    for member, found in (("target_id", loaded.targets), ("task_id", loaded.tasks)):
        (record["fleets"]["web"][member],) = [i for address, i in found.items() if '["web"]' in address]
    return settings.parse(record)


def judged(plan, scenario, *, later=600.0, meanwhile=lambda _region, _world: None):
    """The verdicts by check, on the night and on the registrations before it."""
    verdicts: dict[str, Any] = {}

    def start(region, world, loaded):
        def now():
            return datetime.fromtimestamp(region.clock.time(), UTC)

        deployed = [deployment(plan, world, loaded)]
        asked = check.Session(deployed, now, after_window=True, boto=Session(region))
        asked.before = snapshot.parse(check.take(asked), "the snapshot")
        status = fire(region, world, loaded)
        region.clock.sleep(later)
        meanwhile(region, world)
        ((_, found),) = check.look(asked)
        verdicts.update({verdict.check.id: verdict for verdict in found})
        return status

    night(plan, scenario, start=start)
    return verdicts


def said(verdict):
    return [(item.rule, f"{item.subject}: {item.found}") for item in verdict.wrong]


AFTER = ("roll-done", "instances-done", "patches-seen", "nobody-left-out", "registered-as-before")


def test_a_night_that_went_well_is_fine(plan):
    """Patched and compliant instances, all back as they were: every verdict says what was seen, nothing is wrong."""
    verdicts = judged(plan, scene({"a": "patches", "b": "compliant", "c": "patches"}))

    assert {id: said(verdicts[id]) for id in AFTER} == {id: [] for id in AFTER}
    assert all(verdicts[id].state == "as it should be" for id in AFTER)
    (roll,) = verdicts["roll-done"].items
    assert roll.found.endswith("1 compliant, 2 patched")
    assert roll.found.startswith("done, the roll of 2026-01-04")
    assert verdicts["window-opened"].state == "as it should be"
    assert verdicts["patch-compliance"].state == "as it should be"


def test_a_night_with_nothing_to_do_is_fine(plan):
    """A compliant fleet was looked at and left alone."""
    (roll,) = judged(plan, scene({"a": "compliant", "b": "compliant"}))["roll-done"].items

    assert (roll.rule, roll.found.split(",")[0]) == ("", "nothing to do")


def test_a_halted_roll_says_who_failed_and_why(plan):
    """The first instance fails; the roll is halted, the others were not reached, the reason is the runbook's own."""
    verdicts = judged(plan, scene(dict.fromkeys("abc", "broken-patch")))

    ((rule, what),) = said(verdicts["roll-done"])
    assert rule == "roll-halted"
    assert "1 failed, 2 not reached" in what
    rules = dict.fromkeys(rule for rule, _ in said(verdicts["instances-done"]))
    assert set(rules) == {"instance-failed", "instance-not-reached"}
    assert any("PATCHES_FAILED" in what or "INSTALL_FAILED" in what for _, what in said(verdicts["instances-done"]))
    assert [rule for rule, _ in said(verdicts["no-execution-left-over"])] == ["execution-not-successful"]
    assert [rule for rule, _ in said(verdicts["window-opened"])] == ["last-roll-unsuccessful"]
    assert said(verdicts["registered-as-before"]) == []


def test_a_machine_that_never_came_back_is_missed(plan):
    """It is left out, not registered as before, not managed, and its execution failed."""
    verdicts = judged(plan, scene(dict.fromkeys("ab", "never-back")))

    assert [rule for rule, _ in said(verdicts["nobody-left-out"])] == ["instance-left-out"]
    ((rule, what),) = said(verdicts["registered-as-before"])
    assert (rule, "is not registered any more" in what) == ("registration-changed", True)


def test_deferred_and_skipped_instances_make_the_roll_incomplete(plan):
    """Weeks of `all deferred` are never green: each is named with its reason, and the roll is not done."""
    machines = {"s": machine(0, groups=(), state="stopped"), "u": machine(1)}
    verdicts = judged(
        plan, scene({"a": "patches", "b": "patches", "s": "patches", "u": "unmanaged"}, machines=machines)
    )

    ((rule, what),) = said(verdicts["roll-done"])
    assert (rule, what.endswith("2 patched, 2 skipped")) == ("roll-incomplete", True)
    skipped = said(verdicts["instances-done"])
    assert [rule for rule, _ in skipped] == ["instance-skipped"] * 2
    assert {what.split(": ")[3] for _, what in skipped} == {"INSTANCE_NOT_RUNNING", "NOT_MANAGED"}


def test_a_fleet_that_cannot_spare_anybody_is_deferred(plan):
    """One instance alone stays at its floor, and that is said."""
    verdicts = judged(plan, scene({"a": "patches"}))

    assert [rule for rule, _ in said(verdicts["roll-done"])] == ["roll-incomplete"]
    ((rule, what),) = said(verdicts["instances-done"])
    assert (rule, "deferred: FLOOR: " in what) == ("instance-deferred", True)


def test_who_says_patched_and_is_not_is_found(plan):
    """A patch state that somebody else's scan left behind contradicts the report."""

    def unpatch(region, world):
        host = region.part(Hosts)[world.machines["a"]]
        host.missing += 2
        params = {
            "DocumentName": "AWS-RunPatchBaseline",
            "InstanceIds": [host.id],
            "Parameters": {"Operation": ["Scan"]},
        }
        region.call(region.administrator, "ssm", "SendCommand", params)
        region.clock.sleep(300.0)

    verdicts = judged(plan, scene({"a": "patches", "b": "compliant"}), meanwhile=unpatch)

    ((rule, what),) = said(verdicts["patches-seen"])
    assert (rule, "MissingCount is 2" in what) == ("not-patched", True)


@pytest.mark.parametrize("operation", ["DeregisterTargets", "RegisterTargets"])
def test_what_somebody_changed_meanwhile_is_found(plan, operation):
    """A target that is gone and one that is new are both no longer as before."""
    machines = {"x": machine(0, fleet="", groups=("web",) if operation == "DeregisterTargets" else ())}

    def change(region, world):
        params = {"TargetGroupArn": world.groups["web"], "Targets": [{"Id": world.machines["x"]}]}
        region.call(region.administrator, "elbv2", operation, params)

    scenario = scene({"a": "compliant", "b": "compliant", "x": "compliant"}, machines=machines)
    verdicts = judged(plan, scenario, meanwhile=change)

    ((rule, what),) = said(verdicts["registered-as-before"])
    words = "is not registered any more" if operation == "DeregisterTargets" else "is registered since"
    assert (rule, words in what) == ("registration-changed", True)


def test_the_clone_says_less(clone_plan):
    """AWS's runbook reports no outcome: what its steps need is not known here, and that is said, never guessed."""
    verdicts = judged(clone_plan, scene({"a": "compliant", "b": "compliant"}))

    assert "permissions-not-known" in {rule for rule, _ in said(verdicts["role-suffices"])}
