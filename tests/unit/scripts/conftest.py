"""The world that the scripts run in."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import pytest

from unit.scripts.table import TABLE
from unit.scripts.world import EXECUTION, ME, World

ATTEMPT_LIMIT = 600
OWNERS = ("detach", "await_delay", "commit", "await_host_idle", "restore", "release")  # they work on an open record


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr("boto3.client", made.client)
    return made


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs a script as Automation does: several attempts, none longer than a script may take."""

    def runner(script: str, attempts: int = 1, **event: Any) -> Any:
        event = {"InstanceId": ME, "ExecutionId": EXECUTION, "Table": TABLE, **event}
        if script in OWNERS and f"INSTANCE#{ME}" not in world.table.items:
            world.table.open_record(ME, EXECUTION)
        module = importlib.import_module(script)
        if hasattr(module, "time"):
            monkeypatch.setattr(module, "time", world.clock)
        while True:
            begun = world.clock.now
            attempts -= 1
            try:
                return module.handler(event, None)
            except Exception:
                if attempts <= 0:
                    raise
            finally:
                assert world.clock.now - begun <= ATTEMPT_LIMIT

    return runner
