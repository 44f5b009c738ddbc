"""The checks: each module answers one question about a plan, with findings."""

from albpatch.plan.checks import changed, fleets, leases, roles, runbook, tasks, windows

ALL = (runbook.check, tasks.check, windows.check, fleets.check, leases.check, roles.check, changed.check)
