"""The checks: each module answers one question about a plan, with findings."""

from albpatch.plan.checks import changed, fleets, roles, runbook, tasks, windows

ALL = (runbook.check, tasks.check, windows.check, fleets.check, roles.check, changed.check)
