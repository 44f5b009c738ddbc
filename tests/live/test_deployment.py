"""What was deployed is what is there: `pytest tests/live --deployment FILE` with your own credentials.

FILE is `terraform output -json`, or `terraform show -json`, of a root that calls the module. Reads only.
"""

from albpatch.live import checks


def test_targets_are_registered(account, deployment):
    """Every running instance of a fleet is registered in each of the fleet's target groups."""
    assert checks.targets_registered(account, deployment) == []


def test_targets_are_healthy(account, deployment):
    """Every registered target of the fleets' target groups is healthy."""
    assert checks.targets_healthy(account, deployment) == []


def test_floor_is_held(account, deployment):
    """Every target group has at least as many healthy targets as the fleet's disruption budget asks for."""
    assert checks.floor_held(account, deployment) == []


def test_document_is_the_recorded_one(account, deployment):
    """The version that the tasks pin exists, with the text and the parameters that were applied."""
    assert checks.document_as_recorded(account, deployment) == []


def test_document_is_not_shared(account, deployment):
    """No other account can read or run the document."""
    assert checks.document_not_shared(account, deployment) == []


def test_window_is_the_recorded_one(account, deployment):
    """The window exists with its schedule, time zone, duration and cutoff, and is enabled as recorded."""
    assert checks.window_as_recorded(account, deployment) == []


def test_window_targets_are_the_recorded_ones(account, deployment):
    """The window names each fleet's instances as recorded and nobody else's."""
    assert checks.window_targets_as_recorded(account, deployment) == []


def test_tasks_are_the_recorded_ones(account, deployment):
    """Each fleet has one task: one at a time, no error allowed, stopped at the cutoff, version and role as recorded."""
    assert checks.tasks_as_recorded(account, deployment) == []


def test_automation_role_is_the_recorded_one(account, deployment):
    """The runbook's role trusts this account's executions only and moves targets of these target groups only."""
    assert checks.automation_role_as_recorded(account, deployment) == []


def test_window_role_is_the_recorded_one(account, deployment):
    """The window's role starts this document only and hands over the runbook's role only."""
    assert checks.window_role_as_recorded(account, deployment) == []


def test_every_check_is_in_this_suite():
    """No check of the harness is left out of the suite."""
    from pathlib import Path

    suite = Path(__file__).read_text()
    assert [check.__name__ for check in checks.CHECKS if f"checks.{check.__name__}(" not in suite] == []
