"""Scenarios for the tested nights: small fleets, as the scenario format says them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from albpatch.rehearsal.scenario import Scenario, parse

ZONES = ["us-east-1a", "us-east-1c"]
CHECK = {"interval": 10, "timeout": 5, "healthy_threshold": 2, "unhealthy_threshold": 2}
PROFILES: Mapping[str, Mapping[str, Any]] = {
    "patches": {"missing_patches": 2, "scan_seconds": 10, "patch_seconds": 60, "reboot_seconds": 30},
    "compliant": {"scan_seconds": 10},
    "slow-start": {"missing_patches": 1, "scan_seconds": 10, "patch_seconds": 60, "start_seconds": 300},
    "never-back": {"missing_patches": 1, "scan_seconds": 10, "patch_seconds": 60, "comes_back": False},
    "never-up": {"missing_patches": 1, "scan_seconds": 10, "patch_seconds": 60, "application_starts": False},
    "broken-patch": {"missing_patches": 1, "scan_seconds": 10, "patch_seconds": 60, "install_fails": True},
    "unmanaged": {"missing_patches": 1, "managed": False},
}


def group(port: int = 80, delay: int = 30, **more: Any) -> dict[str, Any]:
    """A target group with short health checks; `delay` is its deregistration delay in seconds."""
    attributes = {"deregistration_delay.timeout_seconds": delay, **more.pop("attributes", {})}
    return {"port": port, "health_check": CHECK, "attributes": attributes, **more}


def machine(number: int, fleet: str = "web", groups: tuple[Any, ...] = ("web",), **more: Any) -> dict[str, Any]:
    """An instance of a fleet; machines stand in the two zones in turn. A group is a name, or (name, port)."""
    named = [{"target_group": g} if isinstance(g, str) else {"target_group": g[0], "port": g[1]} for g in groups]
    tags = {"Fleet": fleet} if fleet else {}
    return {"zone": ZONES[number % 2], "tags": tags, "registrations": named, **more}


def scene(
    profiles: Mapping[str, str],
    *,
    groups: Mapping[str, Any] | None = None,
    machines: Mapping[str, Any] | None = None,
    faults: Mapping[str, Any] | None = None,
    traffic: Mapping[str, Any] | None = None,
    extra: Mapping[str, Mapping[str, Any]] | None = None,
    exists: Mapping[str, Any] | None = None,
) -> Scenario:
    """A scenario of these machines (name -> profile). What is not given is a fleet `web` behind one group `web`.

    Two requests a second, a tenth of them slow (8 s).
    """
    made = {name: machine(number) for number, name in enumerate(profiles)} | dict(machines or {})
    return parse(
        {
            "exists": {
                "zones": ZONES,
                "target_groups": dict(groups or {"web": group()}),
                "instances": made,
                **(exists or {}),
            },
            "profiles": {**PROFILES, **(extra or {})},
            "assign": dict(profiles),
            "traffic": {"requests_per_second": 2, "slow_share": 0.1, "slow_seconds": 8, **(traffic or {})},
            "faults": dict(faults or {}),
        }
    )
