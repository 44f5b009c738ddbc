"""Every check, in the order of a person who looks: what is there, whether it serves, what works on it, what is left."""

from albpatch.live.checks import (
    after_window,
    balancing,
    before_destroy,
    companions,
    coverage,
    document,
    leases,
    leftovers,
    machines,
    named,
    recovery,
    roles,
    window,
)
from albpatch.live.verdicts import Check

NOW: tuple[Check, ...] = (
    *machines.CHECKS,
    *balancing.CHECKS,
    *coverage.CHECKS,
    *document.CHECKS,
    *companions.CHECKS,
    *window.CHECKS,
    *roles.CHECKS,
    *recovery.CHECKS,
    *named.CHECKS,
    *leftovers.CHECKS,
    *leases.CHECKS,
)
AFTER_WINDOW: tuple[Check, ...] = after_window.CHECKS
BEFORE_DESTROY: tuple[Check, ...] = before_destroy.CHECKS
