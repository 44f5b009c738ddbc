"""What is dear to make and the same for all: made by the first worker of a run that asks, read by the others."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from typing import Any

import pytest


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[], Any]) -> Any:
    """What `make` returns, which JSON can hold. Every caller gets a copy of its own.

    A worker that waits for another one's Terraform leaves it the processor. Where `make` fails, the next one tries.
    """
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    kept = shared / f"{name}.json"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            text = json.dumps(make())
            kept.write_text(text)
    return json.loads(kept.read_text())
