"""Who is out, whether it may be put back, and putting it back, from the command line."""

from __future__ import annotations

import re
from typing import Any

import pytest

from albpatch.region.automation.service import Automation
from albpatch.report.model import Held
from night_fleet import scene
from operating import Operator, Said, fire, kept, turns, until

PAIR = {"a": "patches", "b": "patches"}
# the step of web's first instance at which its execution dies, and seconds -> the state of its record, whether it may
# be put back at once
DEATHS = {
    ("AwaitDelay", 5): ("DETACHING", True),
    ("Install", 5): ("INSTALLING", False),
    ("AwaitHealthy", 5): ("HEALING", True),
}


# Nobody hears of the death: what the event would start is the operator's to start.
UNHEARD = [{"lose": "EC2 Automation Execution Status-change Notification", "times": "for ever"}]


def dying(step: str, after: float = 5) -> Any:
    """A window's night in which the first execution dies, and its event is lost."""
    when = {"step": step, "after": after}
    return scene(PAIR, faults={"acts": [{"act": "kill", "machine": m, "when": when} for m in PAIR], "events": UNHEARD})


def die(o: Operator) -> str:
    """The window opens, and the first execution dies; its instance."""
    fire(o)
    automation = o.region.part(Automation)
    while not (dead := [x for x in automation.executions.values() if x.dead]):
        o.region.clock.sleep(1)
    return dead[0].given["InstanceId"][0]


def record(o: Operator) -> Any:
    """The only open record, by `status`."""
    said = o("status", "--format", "json")
    (one,) = said.json["open_records"]
    return {**one, "status": said.status}


def follow(o: Operator, said: Said) -> Said:
    """Watch the execution that a repair has started."""
    found = re.search(r"albpatch watch --execution (\S+)", said.out)
    assert found is not None, said
    return o("watch", "--execution", found[1])


@pytest.mark.parametrize(("step", "after"), DEATHS)
def test_an_execution_that_died_is_told_and_repaired(play, step, after):
    """status says who is out and whether it may come back; repair puts it back as it was; then nobody is out."""
    state, safe = DEATHS[step, after]

    def act(o):
        instance = die(o)
        one = record(o)
        assert (one["instance"], one["state"], one["owner_over"], one["status"]) == (instance, state, True, 1)
        assert (one["out"], one["safe_to_put_back"]) == (state != "HEALING", safe), one
        shown = o("status").text
        assert f"{instance} {state}" in shown and f"safe to put back {'yes' if safe else 'not now'}" in shown
        said = o("repair", instance, "--yes")
        assert (said.status, follow(o, said).status) == (0, 0)
        assert "Nobody is out: no open record." in o("status").text

    played = play(dying(step, after), act)

    assert (played.promises["C3"].held, played.lost) == (Held.HELD, 0)


def test_when_it_may_be_put_back(play):
    """While the command of a dead execution runs: no. While it reboots: no. When it answers after the end: yes."""
    reasons: list[str] = []

    def act(o):
        die(o)
        for _ in range(60):
            one = record(o)
            reasons.append(one["safe_because"])
            if one["safe_to_put_back"]:
                break
            o.region.clock.sleep(10)
        assert o("repair", "--all", "--yes").status == 0

    kept(play(dying("Install"), act))
    changes = [reason for n, reason in enumerate(reasons) if n == 0 or reasons[n - 1] != reason]

    assert re.fullmatch(r"patch command \S+ is (Pending|InProgress) and may reboot it", changes[0])
    assert changes[-1] == "no patch command runs, and its agent answers"
    assert len(reasons) < 60


def test_a_live_execution_is_left_alone(play):
    """As long as the owner runs, repair starts nothing, says why, and ends with 1; with --all that is no failure."""

    def act(o):
        fire(o)
        _, instance = until(o, "Install")
        assert record(o) | {"status": 0} == record(o)
        said = o("repair", instance, "--yes")
        assert (said.status, "will not its execution is alive" in said.text) == (1, True)
        assert o("repair", "--all", "--yes").status == 0
        assert ("ssm", "StartAutomationExecution") not in o.boto.made
        assert o("watch").status == 0

    kept(play(scene(PAIR), act))


def test_a_dry_run_starts_nothing(play):
    """--dry-run says what would happen and writes nothing; nobody has to be there to be asked."""

    def act(o):
        instance = die(o)
        before, executions = o.items(), len(o.region.part(Automation).executions)
        said = o("repair", "--all", "--dry-run")
        assert (said.status, "register what is missing of web:80" in said.text) == (0, True)
        assert (o.items(), len(o.region.part(Automation).executions)) == (before, executions)
        assert not {operation for _, operation in o.boto.made if operation.startswith(("Start", "Update", "Delete"))}
        other = next(i for i in o.world.machines.values() if i != instance)
        said = o("repair", other, "--dry-run")
        assert (said.status, "will not it has no open record" in said.text) == (0, True)
        assert o("repair", "--all", "--yes").status == 0

    kept(play(dying("AwaitDelay"), act))


def test_what_repair_refuses(play):
    """Nobody named, somebody who is no instance, both ways to leave it out at once: bad input, one line."""

    def act(o):
        for args, words in (
            ((), "which? name instances, or give --all"),
            (("i-0123456789abcdef0", "--all"), "which? name instances, or give --all"),
            (("web-1",), "'web-1' is no instance id"),
        ):
            said = o("repair", *args, "--yes")
            assert (said.status, said.err) == (2, f"albpatch: {words}\n")
        assert o("repair", "--all", "--keep-out", "--forget", "--yes").status == 2
        assert "there is nothing to repair" in o("repair", "--all", "--yes").text

    play(scene({"a": "compliant"}), act)


def test_the_records_of_others_are_theirs(play):
    """A table may serve several deployments: what belongs to another one is counted, and not repaired from here."""

    def act(o):
        instance = die(o)
        group = o.record["fleets"]["web"]["target_group_arns"][0]
        fleet = {**o.record["fleets"]["web"], "tags": {"Fleet": ["other"]}}
        o.write({**o.record, "fleets": {"web": {**fleet, "target_group_arns": [group.replace("/web/", "/api/")]}}})
        said = o("status", "--format", "json").json
        assert (said["open_records"], said["open_records_of_others"]) == ([], 1)
        refused = o("repair", instance, "--yes")
        assert (refused.status, "the record belongs to another deployment" in refused.err) == (2, True)
        o.write(o.record)
        assert o("repair", "--all", "--yes").status == 0

    kept(play(dying("AwaitDelay"), act))


def test_a_machine_that_never_came_back(play):
    """Its execution has failed and keeps the record; status says so, and that it may not be put back."""

    def act(o):
        fire(o)
        assert o("watch").status == 1
        one = record(o)
        assert (one["state"], one["out"], one["safe_to_put_back"], one["status"]) == ("INSTALLING", True, False, 1)
        assert "INSTALL_FAILED: Install ended as Failed" in one["why"]
        assert set(turns(o).values()) == {("web", "failed"), ("web", "not reached")}

    play(scene(dict.fromkeys("abc", "never-back"), faults={"events": UNHEARD}), act)
