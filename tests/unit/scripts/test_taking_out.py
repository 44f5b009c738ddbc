"""Detach, AwaitDelay and Commit: out of rotation, long enough, and still affordable."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from unit.scripts.world import EXECUTION, ME, START, World

ROLL = "99999999-8888-7777-6666-555555555555"

A, B = (f"i-{digit * 17}" for digit in "ab")


def record(world: World, *groups: str, **more: Any) -> str:
    """What AcquireLease would have recorded."""
    entries = []
    for group in groups:
        own = [d["Target"] for d in world.targets[group] if d["Target"]["Id"] == ME]
        entries.append({"Arn": group, "Targets": own, "Healthy": own, "Floor": {"*": 1}, "Zones": {}, **more})
    world.table.open_record(ME, EXECUTION, "DRAINED", entries)
    return json.dumps(entries)


@pytest.fixture
def commit(run: Callable[..., Any]) -> Callable[..., Any]:
    return lambda **event: run("commit", **{"Roll": ROLL, "CommitBefore": "0", **event})


def test_detach_takes_out_each_port_with_one_call_a_group(world: World, run: Any) -> None:
    """Exactly the recorded targets are deregistered, with their ports; others stay."""
    web = world.group("web", (ME, 80, "healthy"), (ME, 81, "healthy"), (A, 80, "healthy"))
    api = world.group("api", (ME, 9000, "healthy"))

    found = run("detach", Registrations=record(world, web, api))

    assert world.made("DeregisterTargets") == [
        {"TargetGroupArn": web, "Targets": [{"Id": ME, "Port": 80}, {"Id": ME, "Port": 81}]},
        {"TargetGroupArn": api, "Targets": [{"Id": ME, "Port": 9000}]},
    ]
    assert world.shown(web, A) == {80: "healthy"}
    assert int(found["DetachedAt"]) >= world.clock.now


def test_detach_of_nothing_calls_nothing(world: World, run: Any) -> None:
    """An instance that serves nowhere costs no ELB call; its record says DETACHING all the same."""
    run("detach", Registrations="[]")

    assert [name for name, _ in world.calls] == ["dynamodb.UpdateItem"]


def test_detach_passes_groups_without_it_by(world: World, run: Any) -> None:
    """A fleet's group that does not hold this instance is not written to."""
    web, api = world.group("web", (ME, 80, "healthy")), world.group("api", (A, 80, "healthy"))

    run("detach", Registrations=record(world, web, api))

    assert [call["TargetGroupArn"] for call in world.made("DeregisterTargets")] == [web]


@pytest.mark.parametrize("state", ["draining", None])
def test_detach_of_what_somebody_else_has_taken_out(world: World, run: Any, state: str | None) -> None:
    """In one group of two, on one port of two: nothing is written and nothing deregistered, so nothing is put back."""
    web, api = world.group("web", (ME, 80, "healthy")), world.group("api", (ME, 80, "healthy"), (ME, 81, "healthy"))
    recorded = record(world, web, api)
    world.state(ME, 81, api, state)

    with pytest.raises(RuntimeError, match=f"^CHANGED_BY_OTHER: .* {api}\\.$"):
        run("detach", Registrations=recorded)

    assert world.made("DeregisterTargets", "UpdateItem") == []


def test_partial_detach_fails_the_step(world: World, run: Any) -> None:
    """When the second group refuses, the step fails, so that Restore puts the first back."""
    web, api = world.group("web", (ME, 80, "healthy")), world.group("api", (ME, 80, "healthy"))
    world.fail("elbv2.DeregisterTargets", None, "AccessDenied")

    with pytest.raises(ClientError, match="AccessDenied"):
        run("detach", Registrations=record(world, web, api))

    assert (world.shown(web), world.shown(api)) == ({80: "draining"}, {80: "healthy"})


@pytest.fixture
def await_delay(run: Callable[..., Any]) -> Callable[..., Any]:
    def runner(registrations: str, wait: int, attempts: int = 9, look: str = "80 10.0.0.0/24 65 30") -> str:
        run("detach", Registrations=registrations)
        event = {"Registrations": registrations, "DetachedAt": str(int(START)), "WaitSeconds": str(wait)}
        return str(run("await_delay", attempts, **event, Look=look)["Drain"])

    return runner


@pytest.mark.parametrize("wait", [30, 305, 540, 541, 905, 3605])
def test_delay_is_waited_for_to_the_second(world: World, await_delay: Any, wait: int) -> None:
    """Neither less nor noticeably more than the wait passes, over as many attempts as it takes."""
    web = world.group("web", (ME, 80, "healthy"))

    await_delay(record(world, web), wait)

    assert wait <= world.clock.now - START < wait + 1


PROBED = '{"mode": "probe", "done": true, "seconds": 0}\n'
QUIET = '{"mode": "await", "done": true, "seconds": 55}\n'


def test_quiet_ends_the_wait(world: World, await_delay: Any) -> None:
    """A host that saw the load balancer before and does not any more need not wait for the rest of the delay."""
    web = world.group("web", (ME, 80, "healthy"))
    world.step("AwaitQuiet", Output=QUIET)

    assert await_delay(record(world, web), 305).startswith("quiet, ")
    assert 30 <= world.clock.now - START < 31


def test_quiet_is_never_shorter_than_the_load_balancer_may_send(world: World, await_delay: Any) -> None:
    """The least time is waited for here, too: what the host says does not shorten it."""
    web = world.group("web", (ME, 80, "healthy"))
    world.step("AwaitQuiet", Output=QUIET)

    await_delay(record(world, web), 305, look="80 10.0.0.0/24 65 120")

    assert 120 <= world.clock.now - START < 121


SKIPPED = "Step execution skipped due to unsatisfied preconditions"


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(None, id="no look after Detach"),
        pytest.param(QUIET.replace("true", "false"), id="connections stayed"),
        pytest.param(SKIPPED, id="skipped on this platform"),
        pytest.param(PROBED, id="another look than the one asked for"),
        pytest.param("", id="nothing said"),
    ],
)
def test_anything_else_waits_for_the_whole_delay(world: World, await_delay: Any, said: str | None) -> None:
    """The look must have said so itself: a step that succeeded without a word proves nothing."""
    web = world.group("web", (ME, 80, "healthy"))
    if said is not None:
        world.step("AwaitQuiet", Output=said)

    assert await_delay(record(world, web), 305).startswith("the whole delay, ")
    assert world.clock.now - START >= 305


def test_a_look_that_saw_nobody_before_is_not_believed(world: World, await_delay: Any) -> None:
    """Without a look before Detach that saw the load balancer, quiet proves nothing, whatever was said since."""
    web = world.group("web", (ME, 80, "healthy"))
    world.step("AwaitQuiet", Output=QUIET)

    assert await_delay(record(world, web), 305, look="none").startswith("the whole delay, ")
    assert world.clock.now - START >= 305
    assert world.made("GetAutomationExecution") == []


def test_delay_without_attempts_left_fails(world: World, await_delay: Any) -> None:
    """An attempt that runs out of time says so by failing; Automation starts the next one."""
    web = world.group("web", (ME, 80, "healthy"))

    with pytest.raises(TimeoutError, match="to go"):
        await_delay(record(world, web), 905, attempts=1)


def test_end_of_draining_does_not_end_the_wait(world: World, await_delay: Any) -> None:
    """A target that disappears at once, as with a delay of 0, may still be sent requests."""
    web = world.group("web", (ME, 80, "healthy"))
    registrations = record(world, web)
    world.clock.at(1, lambda: world.state(ME, 80, web, None))

    await_delay(registrations, 30)

    assert world.clock.now - START >= 30


@pytest.mark.parametrize("state", ["initial", "healthy", "unused"])
def test_registered_again_by_somebody_else(world: World, await_delay: Any, state: str) -> None:
    """A target that somebody registers while it drains is noticed within one look, not after the delay."""
    web = world.group("web", (ME, 80, "healthy"), (ME, 81, "healthy"))
    world.clock.at(100, lambda: world.state(ME, 81, web, state))

    with pytest.raises(RuntimeError, match=r"^CHANGED_BY_OTHER: "):
        await_delay(record(world, web), 905)

    assert world.clock.now - START < 120


def test_deregistration_that_did_nothing_is_noticed(world: World, await_delay: Any) -> None:
    """DeregisterTargets answers success even when it does nothing: the targets are looked at."""
    web = world.group("web", (ME, 80, "healthy"))
    world.deaf.add(web)

    with pytest.raises(RuntimeError, match=r"^CHANGED_BY_OTHER: "):
        await_delay(record(world, web), 305)


def test_late_view_is_forgiven(world: World, await_delay: Any) -> None:
    """A deregistration that is shown some seconds late is no change by somebody else."""
    web = world.group("web", (ME, 80, "healthy"))
    world.deaf.add(web)
    world.clock.at(10, lambda: world.state(ME, 80, web, "draining"))

    await_delay(record(world, web), 60)

    assert world.clock.now - START >= 60


def test_real_error_does_not_multiply_the_wait(world: World, await_delay: Any) -> None:
    """A call that is refused again and again ends the step within seconds, not after nine times nine minutes."""
    web = world.group("web", (ME, 80, "healthy"))
    registrations = record(world, web)
    world.fail("elbv2.DescribeTargetHealth", *["AccessDenied"] * 9)

    with pytest.raises(ClientError, match="AccessDenied"):
        await_delay(registrations, 905)

    assert world.clock.now == START


def test_nothing_to_wait_for(world: World, await_delay: Any) -> None:
    """An instance that serves nowhere waits for nothing."""
    await_delay("[]", 0)

    assert world.clock.now == START


@pytest.mark.parametrize("own", ["draining", None])
def test_commit_goes_on(world: World, commit: Any, own: str | None) -> None:
    """Out of rotation, whether still shown as draining or not any more, and the floor holds: go on."""
    web = world.group("web", (ME, 80, "healthy"), (A, 80, "healthy"))
    registrations = record(world, web)
    world.state(ME, 80, web, own)

    found = commit(Registrations=registrations)

    assert (found["Outcome"], found["CommittedAt"]) == ("continue", str(int(START)))


def test_commit_refuses_when_others_fell_ill(world: World, commit: Any) -> None:
    """A floor that broke while this instance drained puts it back: deferred, nothing was installed."""
    web = world.group("web", (ME, 80, "draining"), (A, 80, "healthy"), (B, 80, "unhealthy"))

    found = commit(Registrations=record(world, web, Floor={"*": 2}))

    assert (found["Outcome"], found["Sentence"].split(":")[0]) == ("deferred", "FLOOR")


@pytest.mark.parametrize(("zone", "outcome"), [("eu-west-1a", "continue"), ("eu-west-1b", "deferred")])
def test_commit_keeps_every_zone(world: World, commit: Any, zone: str, outcome: str) -> None:
    """The zones recorded with the lease decide who helps which zone; an unknown target helps none."""
    web = world.group("web", (ME, 80, "draining"), (A, 80, "healthy"), (B, 80, "healthy"))
    floor = {"*": 1, "eu-west-1a": 1}

    found = commit(Registrations=record(world, web, Floor=floor, Zones={A: zone}))

    assert found["Outcome"] == outcome


def test_commit_ignores_targets_under_a_zonal_shift(world: World, commit: Any) -> None:
    """What an operator moved away in the meantime is no capacity."""
    web = world.group("web", (ME, 80, "draining"), (A, 80, "healthy"))
    world.targets[web][1]["AdministrativeOverride"] = {"State": "zonal_shift_active"}

    assert commit(Registrations=record(world, web))["Outcome"] == "deferred"


@pytest.mark.parametrize(("port", "state"), [(80, "healthy"), (80, "initial"), (9999, "healthy")])
def test_commit_refuses_an_instance_in_rotation(world: World, commit: Any, port: int, state: str) -> None:
    """An instance that takes traffic again, on whichever port, is not rebooted."""
    web = world.group("web", (ME, 80, "draining"), (A, 80, "healthy"))
    registrations = record(world, web)
    world.state(ME, port, web, state)

    with pytest.raises(RuntimeError, match=r"^CHANGED_BY_OTHER: "):
        commit(Registrations=registrations)


def test_commit_notices_a_first_registration(world: World, commit: Any) -> None:
    """An instance that served nowhere, and that somebody registered meanwhile, is not rebooted under traffic."""
    web = world.group("web", (A, 80, "healthy"))
    registrations = record(world, web)
    world.state(ME, 80, web, "initial")

    with pytest.raises(RuntimeError, match=r"^CHANGED_BY_OTHER: "):
        commit(Registrations=registrations)


def test_commit_of_an_instance_that_serves_nowhere(commit: Any) -> None:
    """Without a registration nothing can stand in the way."""
    assert commit(Registrations="[]")["Outcome"] == "continue"


def test_states_are_written_before_the_act(world: World, run: Any) -> None:
    """DETACHING stands in the record before the first deregistration: LEASED means that nothing was touched."""
    web = world.group("web", (ME, 80, "healthy"))
    registrations = record(world, web)
    world.fail("elbv2.DeregisterTargets", "AccessDenied")

    with pytest.raises(ClientError, match="AccessDenied"):
        run("detach", Registrations=registrations)

    assert world.table.get(f"INSTANCE#{ME}")["LeaseState"] == "DETACHING"


def test_detach_of_an_overtaken_execution(world: World, run: Any) -> None:
    """An execution whose record was taken over deregisters nothing."""
    web = world.group("web", (ME, 80, "healthy"))
    registrations = record(world, web)
    world.table.open_record(ME, "another", "LEASED")

    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        run("detach", Registrations=registrations)

    assert world.shown(web) == {80: "healthy"}


@pytest.mark.parametrize(
    ("script", "event"),
    [
        ("detach", {"Registrations": "[]"}),
        ("await_delay", {"Registrations": "[]", "DetachedAt": "0", "WaitSeconds": "0", "Look": "none"}),
        ("commit", {"Registrations": "[]", "Roll": ROLL, "CommitBefore": "0"}),
    ],
)
def test_cancelled_execution_goes_no_further(world: World, run: Any, script: str, event: dict[str, str]) -> None:
    """Once OnCancel gave the record up, a script that still runs writes no state and commits nothing."""
    world.table.open_record(ME, EXECUTION, "DRAINED")
    world.table.items[f"INSTANCE#{ME}"]["Abandoned"] = {"S": EXECUTION}

    with pytest.raises((ClientError, RuntimeError), match=r"ConditionalCheckFailed|LEASE_LOST"):
        run(script, **event)

    assert world.table.get(f"INSTANCE#{ME}")["LeaseState"] == "DRAINED" and world.made("DeregisterTargets") == []


def test_drained_is_written_after_the_wait(world: World, await_delay: Any) -> None:
    """DRAINED says that nothing is sent to it any more."""
    web = world.group("web", (ME, 80, "healthy"))
    await_delay(record(world, web), 60)

    assert world.table.get(f"INSTANCE#{ME}")["LeaseState"] == "DRAINED"
    assert world.clock.now - START >= 60


def test_commit_is_written_before_the_command(world: World, commit: Any) -> None:
    """INSTALLING and its time stand in the record when Commit says go on."""
    commit(Registrations="[]")

    found = world.table.get(f"INSTANCE#{ME}")
    assert (found["LeaseState"], found["CommittedAt"]) == ("INSTALLING", str(int(START)))


@pytest.mark.parametrize(("owner", "state"), [("another", "DRAINED"), (EXECUTION, "HEALING"), (EXECUTION, "DETACHING")])
def test_zombie_is_fenced_at_commit(world: World, commit: Any, owner: str, state: str) -> None:
    """Whoever was overtaken, or is not where it believes to be, installs nothing."""
    world.table.open_record(ME, owner, state)

    with pytest.raises(RuntimeError, match=r"^LEASE_LOST: "):
        commit(Registrations="[]")

    assert world.table.get(f"INSTANCE#{ME}")["LeaseState"] == state


def test_halted_roll_does_not_commit(world: World, commit: Any) -> None:
    """A failure elsewhere in the roll puts a drained instance back: deferred, nothing was installed."""
    world.table.put(f"ROLL#{ROLL}", Halted="i-0")

    found = commit(Registrations="[]")

    assert (found["Outcome"], found["Sentence"]) == ("deferred", "ROLL_HALTED: This roll was stopped: i-0.")
    assert world.table.get(f"INSTANCE#{ME}")["LeaseState"] == "DRAINED"


def test_roll_halted_at_the_moment_of_the_commit(world: World, commit: Any) -> None:
    """The transaction itself checks the roll: a failure after the last look is not overlooked."""
    world.table.faster = lambda: world.table.put(f"ROLL#{ROLL}", Halted="i-0")

    assert commit(Registrations="[]")["Sentence"].split(":")[0] == "ROLL_HALTED"
    assert world.table.get(f"INSTANCE#{ME}")["LeaseState"] == "DRAINED"


def test_pause_at_the_moment_of_the_commit(world: World, commit: Any) -> None:
    """The transaction itself checks the pause: one that came after the last look keeps from installing, too."""
    world.table.faster = lambda: world.table.put("PAUSE")

    assert commit(Registrations="[]")["Sentence"].split(":")[0] == "PAUSED"
    assert world.table.get(f"INSTANCE#{ME}")["LeaseState"] == "DRAINED"


def test_conflict_with_another_transaction(world: World, commit: Any) -> None:
    """All rolls check the same items, so two commits may meet: who was refused for that alone tries again."""
    world.table.conflicts = 2

    assert commit(Registrations="[]")["Outcome"] == "continue"
    assert (world.clock.now - START, world.table.get(f"INSTANCE#{ME}")["LeaseState"]) == (2, "INSTALLING")


def test_floor_of_one_group_does_not_hide_another(world: World, commit: Any) -> None:
    """Somebody else's registration is reported, whatever the floor of an earlier group says."""
    web, api = world.group("web", (ME, 80, "draining")), world.group("api", (ME, 80, "draining"), (A, 80, "healthy"))
    registrations = record(world, web, api)
    world.state(ME, 80, api, "healthy")

    with pytest.raises(RuntimeError, match=r"^CHANGED_BY_OTHER: "):
        commit(Registrations=registrations)


def test_commit_counts_no_other_holder(world: World, commit: Any) -> None:
    """Another instance that holds a lease may leave at any moment, however healthy it still looks."""
    web = world.group("web", (ME, 80, "draining"), (A, 80, "healthy"), (B, 80, "unhealthy"))
    registrations = record(world, web)
    world.table.put(f"TG#{web}", Holders=[f"{A} 1", f"{ME} 1"])

    assert commit(Registrations=registrations)["Sentence"].startswith("FLOOR: ")


@pytest.mark.parametrize(("left", "outcome"), [(0, "continue"), (-1, "deferred")])
def test_commit_asks_for_the_time_once_more(world: World, commit: Any, left: int, outcome: str) -> None:
    """A drain that took too long ends in WINDOW_CLOSING: the state stays DRAINED, nothing may be installed."""
    web = world.group("web", (A, 80, "healthy"), (ME, 80, "draining"))
    world.table.open_record(ME, EXECUTION, "DRAINED")

    answer = commit(Registrations=record(world, web), CommitBefore=str(int(START) + left))

    assert answer["Outcome"] == outcome
    assert answer["Sentence"].startswith("WINDOW_CLOSING: ") is (outcome == "deferred")
    assert (world.table.get(f"INSTANCE#{ME}")["LeaseState"] == "INSTALLING") is (outcome == "continue")


def test_commit_asks_for_a_pause_once_more(world: World, commit: Any) -> None:
    """A pause that came during the drain keeps from installing."""
    web = world.group("web", (A, 80, "healthy"), (ME, 80, "draining"))
    world.table.open_record(ME, EXECUTION, "DRAINED")
    world.table.put("PAUSE")

    answer = commit(Registrations=record(world, web))

    assert (answer["Outcome"], answer["Sentence"].split(":")[0]) == ("deferred", "PAUSED")
    assert world.table.get(f"INSTANCE#{ME}")["LeaseState"] == "DRAINED"
