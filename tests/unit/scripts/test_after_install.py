"""AwaitHostIdle and VerifyPatches: the host cannot be rebooted any more, and this Install did its work."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from unit.scripts.world import EXECUTION, ME, START, World

COMMENT = "alb-patching Install 1"


@pytest.fixture
def await_idle(run: Callable[..., Any]) -> Callable[..., Any]:
    def runner(attempts: int = 6, limit: int = 1800) -> Any:
        event = {
            "InstallComment": COMMENT,
            "IdleComment": "alb-patching Idle 1",
            "CommittedAt": str(int(START)),
            "LimitSeconds": limit,
        }
        return run("await_host_idle", attempts, InstanceId=ME, ExecutionId=EXECUTION, **event)

    return runner


@pytest.mark.parametrize("status", ["Success", "Failed"])
def test_agents_own_answer_is_proof(world: World, await_idle: Any, status: str) -> None:
    """An end that the agent itself reported needs no newer ping: one comes only every five minutes."""
    world.step("Install", status, ended=200)
    world.command(COMMENT, status)

    assert await_idle() == {"InstallStatus": status}
    assert world.clock.now == START


@pytest.mark.parametrize("details", ["ExecutionTimedOut", "DeliveryTimedOut", "Cancelled", "Undeliverable"])
def test_after_a_time_out_a_scan_is_proof(world: World, await_idle: Any, details: str) -> None:
    """When the service gave up on the command, a scan that succeeds shows that no patch run holds the lock any more."""
    world.step("Install", "Failed", ended=10)
    world.command(COMMENT, "TimedOut", details)

    assert await_idle() == {"InstallStatus": "Failed"}
    assert len(world.made("SendCommand")) == 1 and world.clock.now - START <= 45


def test_installation_that_goes_on_after_its_time_out(world: World, await_idle: Any) -> None:
    """An installation that nobody could stop still holds the lock: the host is busy until a scan gets it."""
    world.step("Install", "Failed", ended=10)
    world.command(COMMENT, "TimedOut", "ExecutionTimedOut")
    world.scan_exit = lambda: 4 if world.clock.now < START + 900 else 0

    await_idle()

    assert 900 <= world.clock.now - START <= 1060
    assert len(world.made("SendCommand")) <= 9


def test_earlier_scan_is_no_proof(world: World, await_idle: Any) -> None:
    """The scan before the installation, or somebody else's, says nothing about the lock now."""
    world.command("alb-patching Scan 1", "Success")
    world.command("by hand", "Success", "Success")
    world.step("Install", "Failed", ended=10)
    world.command(COMMENT, "TimedOut", "ExecutionTimedOut")
    world.scan_exit = lambda: 4

    with pytest.raises(RuntimeError, match=r"^HOST_NOT_IDLE: "):
        await_idle()


@pytest.mark.parametrize("status", ["Pending", "InProgress", "Delayed", "Cancelling"])
def test_waits_while_a_patch_command_is_in_flight(world: World, await_idle: Any, status: str) -> None:
    """Any patch command for this host, ours or another's, may still reboot it: wait until it is over."""
    world.step("Install", "TimedOut", ended=1)
    world.command(COMMENT, "Success")
    world.command("by hand", status)
    world.clock.at(700, lambda: world.commands[1].update(Status="Success", StatusDetails="Success"))

    assert await_idle()["InstallStatus"] == "TimedOut"
    assert 700 <= world.clock.now - START <= 720


def test_other_commands_do_not_matter(world: World, await_idle: Any) -> None:
    """A command that patches nothing, or one for another instance, is not waited for."""
    world.step("Install")
    world.command(COMMENT, "Success")
    world.command("inventory", "InProgress", DocumentName="AWS-GatherSoftwareInventory")
    world.command("elsewhere", "InProgress", InstanceId="i-0fedcba9876543210")

    await_idle()

    assert world.clock.now == START


def test_variants_of_the_patch_document_matter(world: World, await_idle: Any) -> None:
    """AWS-RunPatchBaselineWithHooks reboots as well."""
    world.step("Install")
    world.command(COMMENT, "Success")
    world.command("hooks", "InProgress", DocumentName="AWS-RunPatchBaselineWithHooks")

    with pytest.raises(RuntimeError, match=r"^HOST_NOT_IDLE: .*command-1 is InProgress"):
        await_idle()


@pytest.mark.parametrize("state", ["stopping", "stopped", "pending"])
def test_waits_until_the_instance_runs(world: World, await_idle: Any, state: str) -> None:
    """Only a running instance can be registered."""
    world.step("Install")
    world.command(COMMENT, "Success")
    world.instances[ME]["State"]["Name"] = state
    world.clock.at(60, lambda: world.instances[ME]["State"].update(Name="running"))

    await_idle()

    assert 60 <= world.clock.now - START <= 75


def test_machine_that_does_not_come_back(world: World, await_idle: Any) -> None:
    """Over the limit, counted from the end of Install over all attempts, the step says what it still waits for."""
    world.step("Install", "TimedOut", ended=0)
    world.command(COMMENT, "TimedOut", "ExecutionTimedOut")
    world.agents[ME]["PingStatus"] = "ConnectionLost"

    with pytest.raises(RuntimeError, match=r"^HOST_NOT_IDLE: .*ConnectionLost"):
        await_idle()

    assert 1800 <= world.clock.now - START <= 1830


def test_terminated_instance_is_never_idle(world: World, await_idle: Any) -> None:
    """An instance that is gone cannot be put back."""
    world.step("Install", "Failed")
    world.command(COMMENT, "Failed")
    del world.instances[ME]

    with pytest.raises(RuntimeError, match=r"^HOST_NOT_IDLE: .*gone"):
        await_idle()


def test_command_that_was_never_sent(world: World, await_idle: Any) -> None:
    """When SendCommand was refused there is no trace; after ten minutes that is believed and the host is idle."""
    world.step("Install", "Failed", "AccessDenied")

    assert await_idle() == {"InstallStatus": "Failed"}
    assert 600 <= world.clock.now - START <= 620


def test_command_shown_late(world: World, await_idle: Any) -> None:
    """A command that the list shows late, still running, is waited for."""
    world.step("Install", "TimedOut", ended=1)
    world.clock.at(120, lambda: world.command(COMMENT, "InProgress"))
    world.clock.at(300, lambda: world.commands[0].update(Status="Success", StatusDetails="Success"))

    await_idle()

    assert 300 <= world.clock.now - START <= 320


def test_no_status_filter(world: World, await_idle: Any) -> None:
    """Commands are asked for by instance alone; AWS cannot combine that with the status Pending."""
    world.step("Install")
    world.command(COMMENT, "Success")

    await_idle()

    assert world.made("ListCommandInvocations") == [{"InstanceId": ME}]


@pytest.fixture
def verify(run: Callable[..., Any]) -> Callable[..., Any]:
    def runner(install: str = "Success", reboot: str = "RebootIfNeeded", registrations: str = "[]") -> dict[str, str]:
        event = {"InstallStatus": install, "CommittedAt": str(int(START)), "RebootOption": reboot}
        return run("verify_patches", InstanceId=ME, Registrations=registrations, **event)

    return runner


@pytest.mark.parametrize(
    ("counts", "reboot", "code"),
    [
        ({"InstalledCount": 7}, "RebootIfNeeded", "PATCHED"),
        ({"InstalledCount": 7, "MissingCount": 2}, "RebootIfNeeded", "PATCHED"),  # an Install report lists none
        ({}, "NoReboot", "PATCHED"),
        ({"InstalledPendingRebootCount": 2}, "NoReboot", "PATCHED_REBOOT_PENDING"),
    ],
)
def test_patched(world: World, verify: Any, counts: dict[str, int], reboot: str, code: str) -> None:
    """Nothing failed and nothing waits for a reboot, unless a reboot was not wanted."""
    world.patch_state("Install", 30, **counts)

    found = verify(reboot=reboot)

    assert (found["Outcome"], found["Sentence"].split(":")[0]) == ("patched", code)


@pytest.mark.parametrize(
    ("counts", "reboot", "code"),
    [
        ({"FailedCount": 1}, "RebootIfNeeded", "PATCHES_FAILED"),
        ({"FailedCount": 1}, "NoReboot", "PATCHES_FAILED"),
        ({"InstalledPendingRebootCount": 1}, "RebootIfNeeded", "REBOOT_STILL_PENDING"),
    ],
)
def test_not_patched(world: World, verify: Any, counts: dict[str, int], reboot: str, code: str) -> None:
    """A failed patch, or one that still waits for the reboot that was wanted, is a failure."""
    world.patch_state("Install", 30, **counts)

    with pytest.raises(RuntimeError, match=f"^{code}: "):
        verify(reboot=reboot)


@pytest.mark.parametrize("status", ["Failed", "TimedOut", "Cancelled"])
def test_failed_install_is_a_failure(world: World, verify: Any, status: str) -> None:
    """However good the patch state looks, an Install that did not succeed is a failure."""
    world.patch_state("Install", 30)

    with pytest.raises(RuntimeError, match=f"^INSTALL_FAILED: Install ended as {status}"):
        verify(install=status)


@pytest.mark.parametrize(("operation", "start"), [("Install", -61), ("Scan", 30)])
def test_other_reports_prove_nothing(world: World, verify: Any, operation: str, start: float) -> None:
    """The report of an earlier Install, or of a scan, is not this Install's: after five minutes the step fails."""
    world.patch_state(operation, start)

    with pytest.raises(RuntimeError, match=r"^STATE_STALE: "):
        verify()

    assert world.clock.now - START == 300


def test_waits_for_the_report_of_this_install(world: World, verify: Any) -> None:
    """A report that appears late is awaited."""
    world.patch_state("Install", -86400, FailedCount=3)
    world.clock.at(200, lambda: world.patch_state("Install", 30))

    assert verify()["Outcome"] == "patched"


def test_registered_during_the_installation(world: World, verify: Any) -> None:
    """Who registered the instance while it was being patched sent it requests: reported as a failure."""
    web = world.group("web", (ME, 80, "healthy"))
    world.patch_state("Install", 30)

    with pytest.raises(RuntimeError, match=r"^CHANGED_BY_OTHER: "):
        verify(registrations=json.dumps([{"Arn": web, "Targets": [{"Id": ME, "Port": 80}]}]))


def test_still_draining_is_out_of_rotation(world: World, verify: Any) -> None:
    """A deregistration delay longer than the wait is no change by somebody else."""
    web = world.group("web", (ME, 80, "draining"))
    world.patch_state("Install", 30)

    assert verify(registrations=json.dumps([{"Arn": web, "Targets": [{"Id": ME, "Port": 80}]}]))["Outcome"] == "patched"


def test_proof_stands_in_the_record(world: World, await_idle: Any) -> None:
    """PATCHED once the host is idle, however the command ended: whoever comes next need not prove it again."""
    world.table.open_record(ME, EXECUTION, "INSTALLING")
    world.step("Install", "Failed", ended=10)
    world.command(COMMENT, "InProgress")
    with pytest.raises(RuntimeError, match="HOST_NOT_IDLE"):
        await_idle()
    assert world.table.get(f"INSTANCE#{ME}")["LeaseState"] == "INSTALLING"

    world.commands[0].update(Status="Failed", StatusDetails="Failed")
    await_idle()
    assert world.table.get(f"INSTANCE#{ME}")["LeaseState"] == "PATCHED"
