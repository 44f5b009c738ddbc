"""Time in the local region: one interface, a virtual and a scaled implementation.

Every activity (an execution, a host, a window) is a thread that waits only through its clock. In virtual time exactly
one activity runs and time jumps to the next wake-up; the order of wake-ups is (time, sequence number), so a run repeats
exactly. In scaled time the same activities run side by side and every wait is divided by a factor.
"""

from albpatch.region.clock.interface import (
    DEFAULT_START,
    Activity,
    Clock,
    ClockEvent,
    Deadline,
    Expired,
    Killed,
    NoProgress,
    current_activity,
)
from albpatch.region.clock.scaled import ScaledClock
from albpatch.region.clock.virtual import VirtualClock

__all__ = [
    "DEFAULT_START",
    "Activity",
    "Clock",
    "ClockEvent",
    "Deadline",
    "Expired",
    "Killed",
    "NoProgress",
    "ScaledClock",
    "VirtualClock",
    "current_activity",
]
