"""AssessPatches: is there anything to install, by a state that is fresh."""

from collections.abc import Callable
from typing import Any

import pytest

from unit.scripts.world import ME, START, World

COMMENT = "alb-patching Scan 1"


@pytest.fixture
def assess(run: Callable[..., Any]) -> Callable[..., dict[str, str]]:
    def runner(scan: str = "run", reboot: str = "RebootIfNeeded", not_before: float = 0) -> dict[str, str]:
        event = {"Scan": scan, "ScanComment": COMMENT, "ScanNotBefore": str(int(START + not_before))}
        return run("assess_patches", InstanceId=ME, RebootOption=reboot, **event)

    return runner


@pytest.mark.parametrize(
    ("counts", "reboot", "outcome"),
    [
        ({}, "RebootIfNeeded", "compliant"),
        ({"MissingCount": 3}, "RebootIfNeeded", "continue"),
        ({"FailedCount": 1}, "RebootIfNeeded", "continue"),
        ({"InstalledPendingRebootCount": 1}, "RebootIfNeeded", "continue"),
        ({"InstalledPendingRebootCount": 1}, "NoReboot", "compliant"),
        ({"InstalledPendingRebootCount": 1, "MissingCount": 1}, "NoReboot", "continue"),
        ({"InstalledCount": 40, "InstalledOtherCount": 9, "NotApplicableCount": 200}, "RebootIfNeeded", "compliant"),
    ],
)
def test_what_counts_as_work(world: World, assess: Any, counts: dict[str, int], reboot: str, outcome: str) -> None:
    """Missing, failed and pending patches are work; pending ones are not where nobody wants a reboot."""
    world.command(COMMENT, "Success")
    world.patch_state("Scan", 5, **counts)

    assert assess(reboot=reboot)["Outcome"] == outcome


def test_waits_for_the_report_of_this_scan(world: World, assess: Any) -> None:
    """A state from before the scan is not believed, however reassuring: the new one is awaited."""
    world.command(COMMENT, "Success")
    world.patch_state("Scan", -86400)
    world.clock.at(120, lambda: world.patch_state("Scan", 5, MissingCount=2))

    assert assess()["Outcome"] == "continue"
    assert 120 <= world.clock.now - START < 140


@pytest.mark.parametrize("operation", ["Scan", "Install", None])
def test_stale_state_is_a_failure(world: World, assess: Any, operation: str | None) -> None:
    """After five minutes without a fresh report of the scan the execution fails; it neither guesses nor drains."""
    world.command(COMMENT, "Success")
    if operation:
        world.patch_state(operation, -100 if operation == "Scan" else 5)

    with pytest.raises(RuntimeError, match=r"^STATE_STALE: "):
        assess()

    assert world.clock.now - START == 300


def test_held_patch_lock_is_skipped(world: World, assess: Any) -> None:
    """Exit code 4 of one plugin, whatever the others say, means that another patch run is at work: skipped."""
    world.command(COMMENT, "Failed", code=4)

    assert assess()["Sentence"].startswith("PATCH_LOCK_HELD: ")


def test_newest_attempt_counts(world: World, assess: Any) -> None:
    """Of two attempts of the scan the later one decides, in whatever order they are listed."""
    world.command(COMMENT, "Success", sent=200)
    world.command(COMMENT, "Failed", sent=10, code=4)
    world.patch_state("Scan", 205)

    assert assess()["Outcome"] == "compliant"


@pytest.mark.parametrize(
    ("status", "details", "code"),
    [("Failed", "Failed", 1), ("TimedOut", "DeliveryTimedOut", -1), ("TimedOut", "ExecutionTimedOut", -1)],
)
def test_failed_scan_is_a_failure(world: World, assess: Any, status: str, details: str, code: int) -> None:
    """A scan that failed for another reason says nothing about the patches: a failure that says how it ended."""
    world.command(COMMENT, status, details, code=code)
    world.patch_state("Scan", 5)

    with pytest.raises(RuntimeError, match=f"^SCAN_FAILED: .*{details}"):
        assess()


def test_scan_that_was_never_accepted_is_a_failure(world: World, assess: Any) -> None:
    """Commands of other executions do not stand in for a scan that left no trace."""
    world.command("alb-patching Scan 2", "Success")

    with pytest.raises(RuntimeError, match=r"^SCAN_FAILED: Run Command did not accept"):
        assess()


def test_reused_scan_needs_no_command(world: World, assess: Any) -> None:
    """With a scan young enough no command is looked for."""
    world.patch_state("Scan", -1800, MissingCount=1)

    assert assess(scan="reuse", not_before=-3600)["Outcome"] == "continue"
    assert world.made("ListCommandInvocations") == []
