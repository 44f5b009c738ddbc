"""The least time that a roll can take, as plain data: every part of it is shown, so that it can be recomputed.

A machine takes the sum of its parts. A fleet takes its longest machine, or the sum of its machines divided by how many
go at a time, whichever is more. The roll takes its longest fleet; with more windows than may be open at a time (AWS: 5)
the sum of the windows' longest fleets divided by that number, if it is more.
"""

from __future__ import annotations

from dataclasses import dataclass

WINDOWS_AT_ONCE = 5  # concurrent executions of windows: https://docs.aws.amazon.com/general/latest/gr/ssm.html
FORMULA = (
    "machine = scan + wait + patch + reboot + after_reboot + looks; "
    "fleet = max(longest machine, sum of its machines / concurrency); "
    "roll = max(longest fleet, sum over windows of the longest fleet / windows_at_once)"
)


@dataclass(frozen=True)
class LeastMachine:
    """The least seconds of one machine.

    Attributes:
        scan: the patch command looks for patches.
        wait: from the deregistration until the load balancer has stopped sending, as the settings ask.
        patch: the installation.
        reboot: until the operating system is up again.
        after_reboot: until the application serves and the patch command, which goes on, is over.
        looks: the healthy looks after the first one, and the bake time, as the settings ask.
    """

    name: str
    scan: float = 0.0
    wait: float = 0.0
    patch: float = 0.0
    reboot: float = 0.0
    after_reboot: float = 0.0
    looks: float = 0.0

    @property
    def seconds(self) -> float:
        return self.scan + self.wait + self.patch + self.reboot + self.after_reboot + self.looks


@dataclass(frozen=True)
class LeastFleet:
    """One window task: its machines, `concurrency` at a time."""

    name: str
    concurrency: int
    machines: tuple[LeastMachine, ...]

    @property
    def seconds(self) -> float:
        each = [machine.seconds for machine in self.machines]
        return max(max(each, default=0.0), sum(each) / self.concurrency)


@dataclass(frozen=True)
class LeastWindow:
    """One maintenance window: its fleets go side by side."""

    name: str
    fleets: tuple[LeastFleet, ...]

    @property
    def seconds(self) -> float:
        return max((fleet.seconds for fleet in self.fleets), default=0.0)


@dataclass(frozen=True)
class Bound:
    """The windows of a roll, at most `windows_at_once` open at a time. `settings` say what the parts rest on."""

    windows: tuple[LeastWindow, ...]
    settings: dict[str, float]
    windows_at_once: int = WINDOWS_AT_ONCE

    @property
    def seconds(self) -> float:
        each = [window.seconds for window in self.windows]
        return max(max(each, default=0.0), sum(each) / self.windows_at_once)

    @property
    def longest(self) -> LeastFleet | None:
        """The fleet that takes longest."""
        return max((f for w in self.windows for f in w.fleets), key=lambda f: f.seconds, default=None)
