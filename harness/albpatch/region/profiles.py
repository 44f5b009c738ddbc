"""How machines behave."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Profile:
    """How a machine behaves. Times in seconds of the region's time.

    Attributes:
        missing_patches: patches that a Scan finds missing.
        pending_reboot: patches installed before, waiting for a reboot.
        installed_patches: patches that are installed already.
        scan_seconds: how long AWS-RunPatchBaseline looks for patches.
        patch_seconds: how long an Install with missing patches takes before it asks for the reboot.
        reboot_seconds: from the reboot's start until the operating system is up again.
        start_seconds: from then until the application serves.
        agent_seconds: from then until the SSM Agent is back.
        answer_seconds: how long the application takes to answer a health check.
        report_seconds: from a command's end until Patch Manager shows its result.
        install_fails: every patch fails to install.
        comes_back: False: the machine never comes up after a reboot.
        application_starts: False: the application never serves after a reboot.
        stops_serving_while_patching: the application is down while packages are being installed.
        patch_lock_held: another patch run holds the lock: the command ends with exit status 4.
        cancel_stops_process: a cancelled or timed out command ends its process. AWS gives no guarantee for it.
        managed: the SSM Agent is registered.
        platform: "Linux", "Windows" or "MacOS".
        python3: a Python 3 is installed.
        container_nat: the application runs in a container behind address translation: the host itself has no socket.
        conntrack: the kernel shows its connection tracking in /proc.
        long_connections_seconds: how long connections last that clients keep open (WebSocket); 0: there are none.
        scraper: who else is always connected to the application: "none", "outside" or "inside" of the load balancer's
            subnets.
    """

    missing_patches: int = 0
    pending_reboot: int = 0
    installed_patches: int = 100
    scan_seconds: float = 20.0
    patch_seconds: float = 120.0
    reboot_seconds: float = 60.0
    start_seconds: float = 15.0
    agent_seconds: float = 10.0
    answer_seconds: float = 0.05
    report_seconds: float = 5.0
    install_fails: bool = False
    comes_back: bool = True
    application_starts: bool = True
    stops_serving_while_patching: bool = False
    patch_lock_held: bool = False
    cancel_stops_process: bool = False
    managed: bool = True
    platform: str = "Linux"
    python3: bool = True
    container_nat: bool = False
    conntrack: bool = False
    long_connections_seconds: float = 0.0
    scraper: str = "none"

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any], where: str = "profile") -> Profile:
        """Make a profile of plain values. Raises ValueError with one line that names the place and the mistake."""
        known = {f.name: type(f.default) for f in fields(cls)}
        values: dict[str, Any] = {}
        for key, value in mapping.items():
            if key not in known:
                raise ValueError(f"{where}: unknown key {key!r} (known: {', '.join(sorted(known))})")
            values[key] = _checked(value, known[key], f"{where}.{key}")
        return cls(**values)


WORDS = {"platform": ("Linux", "Windows", "MacOS"), "scraper": ("none", "outside", "inside")}


def _checked(value: Any, kind: type, where: str) -> Any:
    if kind is bool:
        if not isinstance(value, bool):
            raise ValueError(f"{where}: {value!r} is not true or false")
        return value
    if kind is str:
        words = WORDS[where.rpartition(".")[2]]
        if value not in words:
            raise ValueError(f"{where}: {value!r} is not one of {', '.join(words)}")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ValueError(f"{where}: {value!r} is not a number of at least 0")
    if kind is int and value != int(value):
        raise ValueError(f"{where}: {value!r} is not a whole number")
    return kind(value)
