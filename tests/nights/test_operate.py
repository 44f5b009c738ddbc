"""Rolls that an operator starts by hand, from the command line: what is started, and what is refused."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from albpatch.operate import start
from albpatch.region.automation.service import Automation
from night_fleet import group, machine, scene
from operating import GUID, kept, started, turns, until

FOUR = {"a": "patches", "b": "compliant", "c": "patches", "d": "patches"}


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


def by_tag(_o: Any) -> None:
    """The fleet as it is."""


def by_group(o: Any) -> None:
    """The fleet becomes a resource group of the same instances."""
    query = {
        "ResourceTypeFilters": ["AWS::AllSupported"],
        "TagFilters": [{"Key": "Fleet", "Values": ["web"]}],
    }
    resource_query = {"Type": "TAG_FILTERS_1_0", "Query": json.dumps(query)}
    o.region.backend("resource-groups", "CreateGroup", {"Name": "all-web", "ResourceQuery": resource_query})
    o.record["fleets"]["web"] |= {"tags": {}, "resource_group": "all-web"}
    o.write(o.record)


@pytest.mark.parametrize(
    ("way", "target"),
    [(by_tag, {"Key": "tag:Fleet", "Values": ["web"]}), (by_group, {"Key": "ResourceGroup", "Values": ["all-web"]})],
)
def test_more_than_can_be_named(play, monkeypatch, way, target):
    """They are started as the window targets them, with its rate, and all of them have their turn."""
    monkeypatch.setattr(start, "AT_MOST", 3)

    def act(o):
        way(o)
        said = o("start", "--yes")
        roll = started(said)
        (parent,) = [x for x in o.region.part(Automation).executions.values() if x.targets]
        seen.update(said=said.text, targets=parent.targets, rate=parent.max_concurrency)
        seen.update(watched=o("watch", "--roll", roll))

    seen: dict[str, Any] = {}
    played = play(scene(FOUR), act)

    assert (seen["targets"], seen["rate"]) == ([target], "1")
    assert f"takes all that it finds by {target['Key']} {target['Values'][0]}" in seen["said"]
    assert seen["watched"].out.splitlines()[-1] == "done: 1 compliant, 3 patched"
    kept(played)


def test_more_instances_than_a_hand_start_takes(play):
    """Systems Manager takes 50 values, one tag or one group: others are refused before anything starts."""

    def act(o):
        everybody = list(o.world.machines.values())
        said = o("start", "--yes", *(word for i in everybody for word in ("--instance", i)))
        assert (said.status, "51 instances" in said.err, "whole fleets only" in said.err) == (2, True, True)
        for way in ({"tags": {"Fleet": ["web", "shop"]}}, {"tags": {}, "instance_ids": everybody}):
            o.record["fleets"]["web"] |= way
            o.write(o.record)
            said = o("start", "--yes")
            assert (said.status, "one tag with one value" in said.err) == (2, True)
        assert o("start", "--yes", "--instance", o.instance("m7")).status == 0

    played = play(scene({f"m{number}": "compliant" for number in range(51)}), act)

    assert [played.world.machine_name(x.instance) for x in played.executions] == ["m7"]


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
