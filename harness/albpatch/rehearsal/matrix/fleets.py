"""The fleets that the fault matrix plays, and one configuration that patches them all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from albpatch.rehearsal.scenario import Scenario, parse

ZONES = ("us-east-1a", "us-east-1c")
STRUCK = "a"  # the machine whose execution is struck; it has its turn first
OTHER = "b"  # the machine that turns sick meanwhile
ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/{name}/0000000000000000"
CHECK = {"interval": 10, "timeout": 5, "healthy_threshold": 2, "unhealthy_threshold": 2}
ATTRIBUTES = {"deregistration_delay.timeout_seconds": 30}
PROFILES: Mapping[str, Mapping[str, Any]] = {
    "patches": {"missing_patches": 2, "scan_seconds": 10, "patch_seconds": 60, "reboot_seconds": 30},
    "compliant": {"scan_seconds": 10},
}
GROUPS: Mapping[str, tuple[str, ...]] = {"one": ("one",), "many": ("api", "admin"), "side": ("side",)}
PORTS: Mapping[str, int] = {"one": 80, "api": 8080, "admin": 9090, "side": 80}
REGISTRATIONS: Mapping[str, tuple[tuple[str, int | None], ...]] = {
    "one": (("one", None),),
    "many": (("api", None), ("api", 8081), ("admin", None)),
    "side": (("side", None),),
}
MACHINES: Mapping[str, str] = {"one": "abc", "many": "abc", "side": "abcde"}
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "side": {"disruption_budget": {"max_unavailable": 2}, "rate_control": {"concurrency": "2"}}
}


def scenario(
    fleet: str,
    faults: Mapping[str, Any] | None = None,
    patches: Mapping[str, Any] | None = None,
    attributes: Mapping[str, Any] | None = None,
) -> Scenario:
    """A fleet by its name: one target group; two of them and several ports; two machines at the same time.

    Every machine but the last has patches, and behaves as `patches` says; `attributes` are those of the target groups.
    """
    names = MACHINES[fleet]
    registrations = [{"target_group": g, **({} if p is None else {"port": p})} for g, p in REGISTRATIONS[fleet]]
    machines = {
        name: {"zone": ZONES[number % 2], "tags": {"Fleet": fleet}, "registrations": registrations}
        for number, name in enumerate(names)
    }
    groups = {
        g: {"port": PORTS[g], "health_check": CHECK, "attributes": {**ATTRIBUTES, **(attributes or {})}}
        for g in GROUPS[fleet]
    }
    return parse(
        {
            "exists": {"zones": list(ZONES), "target_groups": groups, "instances": machines},
            "profiles": {**PROFILES, "patches": {**PROFILES["patches"], **(patches or {})}},
            "assign": {name: "compliant" if name == names[-1] else "patches" for name in names},
            "traffic": {"requests_per_second": 2, "slow_share": 0.1, "slow_seconds": 8},
            "faults": dict(faults or {}),
        },
        "fault",
    )


@contextmanager
def configuration(module: Path) -> Iterator[Path]:
    """A folder with a configuration that calls the module at `module` once, with every fleet of the matrix."""
    with TemporaryDirectory(prefix="albpatch-faults-") as folder:
        root = Path(folder).resolve()
        fleets = {
            name: {
                "tags": {"Fleet": [name]},
                "target_group_arns": [ARN.format(name=group) for group in groups],
                **SETTINGS.get(name, {}),
            }
            for name, groups in GROUPS.items()
        }
        call = {
            "source": os.path.relpath(module.resolve(), root),
            "name": "faults",
            "schedule": {"expression": "cron(0 3 ? * SUN *)", "duration_hours": 12},
            "fleets": fleets,
        }
        content = {"provider": {"aws": {}}, "module": {"alb_patching": call}}
        (root / "main.tf.json").write_text(json.dumps(content, indent=2), encoding="utf-8")
        yield root
