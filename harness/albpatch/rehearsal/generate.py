"""Generated fleets: a scenario of many machines, and a configuration that patches them, from three numbers."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from albpatch.errors import InputError
from albpatch.rehearsal.scenario import Scenario, parse

ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
FLEETS_OF_A_WINDOW = 19
MOST_INSTANCES, MOST_FLEETS, MOST_AT_A_TIME = 5_000, 500, 100
_ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/{name}/0000000000000000"


@dataclass(frozen=True)
class Size:
    """How many instances, in how many fleets of one target group each, and what the drawing starts from.

    `concurrency` is how many instances of a fleet go at a time, and may be out of its target group.
    """

    instances: int
    fleets: int
    seed: int = 1
    concurrency: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.fleets <= MOST_FLEETS:
            raise InputError(f"--fleets: must be from 1 to {MOST_FLEETS}, not {self.fleets}")
        if not 2 * self.fleets <= self.instances <= MOST_INSTANCES:
            raise InputError(
                f"--instances: must be from {2 * self.fleets} (two a fleet) to {MOST_INSTANCES}, not {self.instances}"
            )
        if not 1 <= self.concurrency <= MOST_AT_A_TIME:
            raise InputError(f"--concurrency: must be from 1 to {MOST_AT_A_TIME}, not {self.concurrency}")

    @property
    def windows(self) -> list[list[str]]:
        """The fleets' names, split as a window can hold them."""
        names = [f"fleet-{number:03}" for number in range(1, self.fleets + 1)]
        return [names[at : at + FLEETS_OF_A_WINDOW] for at in range(0, len(names), FLEETS_OF_A_WINDOW)]


def scenario(size: Size) -> Scenario:
    """The same scenario for the same size. Nine of ten machines have patches; times differ from machine to machine."""
    draw = random.Random(size.seed)
    names = [name for window in size.windows for name in window]
    check = {"interval": 10, "timeout": 5, "healthy_threshold": 2, "unhealthy_threshold": 2}
    delay = {"deregistration_delay.timeout_seconds": 300}
    profiles = {f"profile-{number}": _profile(draw) for number in range(10)}
    profiles["compliant"] = {"scan_seconds": draw.randint(10, 40)}
    machines, assign = {}, {}
    for number in range(size.instances):
        fleet, name = names[number % size.fleets], f"i-{number:04}"
        zone = ZONES[number // size.fleets % len(ZONES)]
        machines[name] = {"zone": zone, "tags": {"Fleet": fleet}, "registrations": [{"target_group": fleet}]}
        assign[name] = "compliant" if draw.random() < 0.1 else f"profile-{draw.randrange(10)}"
    groups = {name: {"port": 80, "health_check": check, "attributes": delay} for name in names}
    return parse(
        {
            "exists": {"zones": list(ZONES), "target_groups": groups, "instances": machines},
            "profiles": profiles,
            "assign": assign,
            "traffic": {"requests_per_second": 2, "slow_share": 0.1, "slow_seconds": 8},
        },
        "generated",
    )


def _profile(draw: random.Random) -> dict[str, int]:
    return {
        "missing_patches": draw.randint(1, 20),
        "scan_seconds": draw.randint(10, 40),
        "patch_seconds": draw.randint(60, 240),
        "reboot_seconds": draw.randint(30, 120),
        "start_seconds": draw.randint(5, 60),
    }


@contextmanager
def configuration(size: Size, module: Path) -> Iterator[Path]:
    """A folder with a configuration that calls the module at `module` once for every window of the size."""
    with TemporaryDirectory(prefix="albpatch-fleets-") as folder:
        root = Path(folder).resolve()
        source = os.path.relpath(module.resolve(), root)
        content: dict[str, Any] = {"provider": {"aws": {}}, "module": {}}
        for number, fleets in enumerate(size.windows, start=1):
            content["module"][f"window_{number}"] = {"source": source, **_call(number, fleets, size.concurrency)}
        (root / "main.tf.json").write_text(json.dumps(content, indent=2), encoding="utf-8")
        yield root


def _call(number: int, fleets: list[str], concurrency: int) -> dict[str, Any]:
    each = {
        "rate_control": {"concurrency": str(concurrency)},
        "disruption_budget": {"max_unavailable": concurrency},
    }
    return {
        "name": f"fleets-{number}",
        "schedule": {"expression": "cron(0 3 ? * SUN *)", "duration_hours": 24, "cutoff_hours": 1},
        "fleets": {
            name: {"tags": {"Fleet": [name]}, "target_group_arns": [_ARN.format(name=name)], **each} for name in fleets
        },
    }
