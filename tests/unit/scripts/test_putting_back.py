"""Restore, AwaitHealthy, Release and Quarantine: exactly as before, and serving."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from unit.scripts.world import EXECUTION, ME, START, World

A = "i-" + "a" * 17


def record(world: World, *groups: str) -> str:
    """What AcquireLease would have recorded."""
    entries = []
    for group in groups:
        own = [d for d in world.targets[group] if d["Target"]["Id"] == ME]
        good = [d["Target"] for d in own if d["TargetHealth"]["State"] == "healthy"]
        entries.append({"Arn": group, "Targets": [d["Target"] for d in own], "Healthy": good, "Floor": {}, "Zones": {}})
    world.table.open_record(ME, EXECUTION, "PATCHED", entries)
    return json.dumps(entries)


def test_restores_what_is_absent_or_draining(world: World, run: Any) -> None:
    """Exactly the recorded targets that are gone or draining are registered, with their ports, and no other."""
    web = world.group("web", (ME, 80, "healthy"), (ME, 81, "healthy"), (ME, 82, "healthy"), (A, 80, "healthy"))
    registrations = record(world, web)
    world.state(ME, 80, web, None)
    world.state(ME, 81, web, "draining")
    world.state(A, 80, web, "draining")

    found = run("restore", Registrations=registrations)

    assert world.made("RegisterTargets") == [
        {"TargetGroupArn": web, "Targets": [{"Id": ME, "Port": 80}, {"Id": ME, "Port": 81}]}
    ]
    assert int(found["RestoredAt"]) == world.clock.now


def test_restore_is_idempotent(world: World, run: Any) -> None:
    """A second run registers nothing."""
    web = world.group("web", (ME, 80, "healthy"))
    registrations = record(world, web)
    world.state(ME, 80, web, None)

    run("restore", Registrations=registrations)
    run("restore", Registrations=registrations)

    assert len(world.made("RegisterTargets")) == 1


@pytest.mark.parametrize("state", ["initial", "healthy", "unhealthy", "unused"])
def test_what_somebody_else_registered_is_left_alone(world: World, run: Any, state: str) -> None:
    """A recorded target that is registered already is not touched."""
    web = world.group("web", (ME, 80, "healthy"))
    registrations = record(world, web)
    world.state(ME, 80, web, state)

    run("restore", Registrations=registrations)

    assert world.made("RegisterTargets") == []


def test_one_refusal_does_not_keep_the_others_out(world: World, run: Any) -> None:
    """A group that refuses fails the step only after every other group has its targets back."""
    web, api = world.group("web", (ME, 80, "healthy")), world.group("api", (ME, 81, "healthy"))
    registrations = record(world, web, api)
    world.state(ME, 80, web, None)
    world.state(ME, 81, api, None)
    world.fail("elbv2.RegisterTargets", "TooManyTargets")

    with pytest.raises(RuntimeError, match=f"^RESTORE_FAILED: {web}: .*TooManyTargets"):
        run("restore", Registrations=registrations)

    assert (world.shown(web), world.shown(api)) == ({}, {81: "initial"})


def test_restore_tries_again(world: World, run: Any) -> None:
    """The step's next attempt registers what the first could not."""
    web, api = world.group("web", (ME, 80, "healthy")), world.group("api", (ME, 81, "healthy"))
    registrations = record(world, web, api)
    world.state(ME, 80, web, None)
    world.state(ME, 81, api, None)
    world.fail("elbv2.RegisterTargets", "Throttling", None)

    run("restore", 3, Registrations=registrations)

    assert (world.shown(web), world.shown(api)) == ({80: "initial"}, {81: "initial"})


@pytest.fixture
def await_healthy(run: Callable[..., Any]) -> Callable[..., None]:
    def runner(registrations: str, attempts: int = 6, looks: int = 3, interval: int = 15, timeout: int = 1800) -> None:
        event = {"ConsecutiveLooks": looks, "IntervalSeconds": interval, "TimeoutSeconds": timeout}
        run("await_healthy", attempts, Registrations=registrations, RestoredAt=str(int(START)), **event)

    return runner


@pytest.mark.parametrize(("looks", "interval", "seconds"), [(3, 15, 30), (1, 15, 0), (10, 30, 270), (2, 240, 240)])
def test_several_healthy_looks(world: World, await_healthy: Any, looks: int, interval: int, seconds: int) -> None:
    """Healthy counts when it was seen several times in a row, the interval apart."""
    web = world.group("web", (ME, 80, "healthy"))

    await_healthy(record(world, web), looks=looks, interval=interval)

    assert world.clock.now - START == seconds


def test_relapse_starts_the_count_anew(world: World, await_healthy: Any) -> None:
    """The load balancer calls a target healthy after its first passed check; a relapse starts the series again."""
    web = world.group("web", (ME, 80, "healthy"))
    registrations = record(world, web)
    world.clock.at(25, lambda: world.state(ME, 80, web, "unhealthy"))
    world.clock.at(55, lambda: world.state(ME, 80, web, "healthy"))

    await_healthy(registrations)

    assert world.clock.now - START == 60 + 30


def test_every_group_and_port_counts(world: World, await_healthy: Any) -> None:
    """All targets that were healthy before must be healthy together."""
    web, api = world.group("web", (ME, 80, "healthy"), (ME, 81, "healthy")), world.group("api", (ME, 82, "healthy"))
    registrations = record(world, web, api)
    world.state(ME, 81, web, "initial")
    world.state(ME, 82, api, "unhealthy")
    world.clock.at(45, lambda: world.state(ME, 81, web, "healthy"))
    world.clock.at(90, lambda: world.state(ME, 82, api, "healthy"))

    await_healthy(registrations)

    assert world.clock.now - START == 120


def test_only_what_was_healthy_before_is_awaited(world: World, await_healthy: Any) -> None:
    """A target that was unhealthy, or in a group that is not in use, is put back but not waited for."""
    web = world.group("web", (ME, 80, "healthy"), (ME, 81, "unhealthy"))
    spare = world.group("spare", (ME, 82, "unused"))

    await_healthy(record(world, web, spare))

    assert world.clock.now - START == 30


def test_nothing_was_healthy_before(world: World, await_healthy: Any) -> None:
    """Without a target that was healthy before there is nothing to wait for."""
    web = world.group("web", (ME, 80, "unhealthy"))

    await_healthy(record(world, web))

    assert world.clock.now == START


@pytest.mark.parametrize("after", [500, 535, 560, 1700])
def test_slow_start_over_several_attempts(world: World, await_healthy: Any, after: int) -> None:
    """An application that starts slowly is waited for over several attempts, none longer than a script may run."""
    web = world.group("web", (ME, 80, "healthy"))
    registrations = record(world, web)
    world.state(ME, 80, web, "initial")
    world.clock.at(after, lambda: world.state(ME, 80, web, "healthy"))

    await_healthy(registrations)

    assert after + 30 <= world.clock.now - START <= after + 80


def test_never_healthy(world: World, await_healthy: Any) -> None:
    """Over the limit, counted from the registration over all attempts, the step fails and says what it saw."""
    web = world.group("web", (ME, 80, "healthy"))
    registrations = record(world, web)
    world.state(ME, 80, web, "unhealthy")

    with pytest.raises(RuntimeError, match=r"^NOT_HEALTHY: .*unhealthy"):
        await_healthy(registrations)

    assert 1800 <= world.clock.now - START <= 1815


@pytest.mark.parametrize("state", [None, "draining"])
def test_deregistered_by_somebody_else(world: World, await_healthy: Any, state: str | None) -> None:
    """Who deregisters the instance while it heals is noticed within a minute or so, not at the limit."""
    web = world.group("web", (ME, 80, "healthy"))
    registrations = record(world, web)
    world.state(ME, 80, web, state)

    with pytest.raises(RuntimeError, match=r"^CHANGED_BY_OTHER: "):
        await_healthy(registrations)

    assert 60 <= world.clock.now - START <= 75


def test_registration_shown_late(world: World, await_healthy: Any) -> None:
    """A registration that takes some seconds to be shown is no change by somebody else."""
    web = world.group("web", (ME, 80, "healthy"))
    registrations = record(world, web)
    world.state(ME, 80, web, "draining")
    world.clock.at(30, lambda: world.state(ME, 80, web, "healthy"))

    await_healthy(registrations)

    assert world.clock.now - START == 60


def test_real_error_ends_the_step_at_once(world: World, await_healthy: Any) -> None:
    """A refused call is not waited on for the whole limit."""
    web = world.group("web", (ME, 80, "healthy"))
    registrations = record(world, web)
    world.fail("elbv2.DescribeTargetHealth", *["AccessDenied"] * 6)

    with pytest.raises(ClientError, match="AccessDenied"):
        await_healthy(registrations)

    assert world.clock.now == START


def test_release_as_before(world: World, run: Any) -> None:
    """Registered on the same ports, healthy where it was: done."""
    web = world.group("web", (ME, 81, "healthy"), (ME, 80, "unhealthy"), (A, 80, "healthy"))
    registrations = record(world, web)
    world.state(ME, 81, web, "healthy")

    assert run("release", InstanceId=ME, Registrations=registrations) is None
    assert (world.table.get(f"INSTANCE#{ME}"), world.table.leases) == ({}, {})


@pytest.mark.parametrize(
    ("port", "state", "code"),
    [
        (80, None, "CHANGED_BY_OTHER"),
        (80, "draining", "CHANGED_BY_OTHER"),
        (9999, "healthy", "CHANGED_BY_OTHER"),
        (80, "unhealthy", "NOT_HEALTHY"),
    ],
)
def test_release_tells_what_is_different(world: World, run: Any, port: int, state: str | None, code: str) -> None:
    """A port too few, one too many, or a target that fell ill again under traffic is not as before."""
    web = world.group("web", (ME, 80, "healthy"))
    registrations = record(world, web)
    world.state(ME, port, web, state)

    with pytest.raises(RuntimeError, match=f"^{code}: .*{web}"):
        run("release", InstanceId=ME, Registrations=registrations)

    assert world.table.leases == {web: [f"{ME} 1"]}


def test_release_keeps_the_leases_of_others(world: World, run: Any) -> None:
    """Only this instance's lease is given back."""
    web = world.group("web", (ME, 80, "healthy"), (A, 80, "healthy"))
    registrations = record(world, web)
    world.table.put(f"TG#{web}", Holders=[f"{A} 1", f"{ME} 1"])

    run("release", Registrations=registrations)

    assert world.table.leases == {web: [f"{A} 1"]}


def test_release_that_meets_another_transaction(world: World, run: Any) -> None:
    """Who takes a lease of the same group at this moment does not make a failure of a healthy return."""
    web = world.group("web", (ME, 80, "healthy"), (A, 80, "healthy"))
    registrations = record(world, web)
    world.table.conflicts = 2

    run("release", Registrations=registrations)

    assert world.table.get(f"INSTANCE#{ME}") == {} and world.table.leases == {}


def test_release_of_an_overtaken_execution(world: World, run: Any) -> None:
    """A record that was taken over is not deleted, nor are its leases."""
    web = world.group("web", (ME, 80, "healthy"))
    registrations = record(world, web)
    world.table.items[f"INSTANCE#{ME}"]["LeaseOwner"] = {"S": "another"}

    with pytest.raises(ClientError, match="TransactionCanceled"):
        run("release", Registrations=registrations)

    assert world.table.leases == {web: [f"{ME} 1"]}


def test_restore_writes_what_it_does(world: World, run: Any) -> None:
    """RESTORING before the first registration, HEALING after the last: a refusal leaves RESTORING."""
    web = world.group("web", (ME, 80, "healthy"))
    registrations = record(world, web)
    world.state(ME, 80, web, None)
    world.fail("elbv2.RegisterTargets", "AccessDenied")

    with pytest.raises(RuntimeError, match="RESTORE_FAILED"):
        run("restore", Registrations=registrations)
    assert world.table.get(f"INSTANCE#{ME}")["LeaseState"] == "RESTORING"

    run("restore", Registrations=registrations)
    assert world.table.get(f"INSTANCE#{ME}")["LeaseState"] == "HEALING"


def test_restore_of_an_overtaken_execution(world: World, run: Any) -> None:
    """An execution whose record was taken over registers nothing: a patch command may be at work."""
    web = world.group("web", (ME, 80, "healthy"))
    registrations = record(world, web)
    world.state(ME, 80, web, None)
    world.table.open_record(ME, "another", "INSTALLING")

    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        run("restore", Registrations=registrations)

    assert world.shown(web) == {}
