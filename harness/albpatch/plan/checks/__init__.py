"""The checks: each module answers one question about a plan, with findings."""

from albpatch.plan.checks import (
    changed,
    commands,
    fleets,
    leases,
    recovery,
    roles,
    runbook,
    tasks,
    under_way,
    upstream,
    windows,
)

_MODULES = (runbook, commands, tasks, windows, fleets, leases, recovery, roles, changed, under_way, upstream)
ALL = tuple(module.check for module in _MODULES)
