"""CheckAlarms: which states of which alarms let an instance through."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from unit.scripts.world import World

STRICT, LENIENT = ["OK"], ["OK", "INSUFFICIENT_DATA"]


@pytest.mark.parametrize(
    ("states", "passes", "outcome"),
    [
        (("OK", "OK"), STRICT, "continue"),
        (("OK", "ALARM"), STRICT, "deferred"),
        (("ALARM", "OK"), LENIENT, "deferred"),
        (("INSUFFICIENT_DATA", "OK"), STRICT, "deferred"),
        (("INSUFFICIENT_DATA", "OK"), LENIENT, "continue"),
    ],
)
def test_one_alarm_suffices(world: World, run: Any, states: tuple[str, str], passes: list[str], outcome: str) -> None:
    """Metric and composite alarms count alike; one that speaks against it defers and is named with its state."""
    world.alarms = {"errors": ("MetricAlarm", states[0]), "service": ("CompositeAlarm", states[1])}

    found = run("check_alarms", Alarms=["errors", "service"], Pass=passes)

    assert found["Outcome"] == outcome
    against = [f"{name} is {state}" for name, state in zip(world.alarms, states, strict=True) if state not in passes]
    assert found["Sentence"] == (f"ALARM: {', '.join(against)}." if against else "2 alarms, none speaks against it.")


@pytest.mark.parametrize("there", [{}, {"errors": ("MetricAlarm", "OK")}, {"errors": ("MetricAlarm", "ALARM")}])
def test_a_missing_alarm_is_a_failure(world: World, run: Any, there: dict[str, tuple[str, str]]) -> None:
    """An alarm that is not there can never speak: that is found out at once, whatever the others say."""
    world.alarms = there

    with pytest.raises(RuntimeError, match=r"^ALARM_MISSING: .*service"):
        run("check_alarms", Alarms=["errors", "service"], Pass=LENIENT)


def test_alarms_that_cannot_be_read_are_a_failure(world: World, run: Any) -> None:
    """A refused call is not a quiet alarm."""
    world.fail("cloudwatch.DescribeAlarms", "AccessDenied")

    with pytest.raises(ClientError, match="AccessDenied"):
        run("check_alarms", Alarms=["errors"], Pass=STRICT)
