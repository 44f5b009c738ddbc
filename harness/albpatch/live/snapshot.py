"""Who was registered where, kept in a file, to be compared with after a window."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from albpatch.errors import InputError
from albpatch.live.account import Account

SCHEMA = "alb-patching/snapshot/1"
Registered = tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Snapshot:
    """Target group -> the structures with which its targets are registered."""

    taken: str
    groups: dict[str, list[Registered]]


def registered(account: Account, arn: str) -> list[Registered] | None:
    """What is registered now; a draining target is not. Raises Unanswered."""
    found = account.balancing.targets(arn)
    return None if found is None else sorted(t.target for t in found if t.state != "draining")


def take(account: Account, arns: Iterable[str], now: datetime) -> dict[str, Any]:
    """A snapshot as JSON values, without the target groups that do not exist. Raises Unanswered."""
    found = {arn: registered(account, arn) for arn in sorted(set(arns))}
    groups = {arn: [dict(target) for target in targets] for arn, targets in found.items() if targets is not None}
    return {"schema": SCHEMA, "taken": now.isoformat(timespec="seconds"), "target_groups": groups}


def read(path: Path) -> Snapshot:
    """Raises InputError: the file cannot be read, or is no snapshot."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"{path} is not JSON: {error}") from None
    return parse(content, str(path))


def parse(content: Any, source: str) -> Snapshot:
    """A snapshot out of what `take` made. source: what errors call it. Raises InputError."""
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise InputError(f"{source} is no snapshot ({SCHEMA}): `albpatch check --snapshot FILE` takes one")
    try:
        groups = {
            arn: sorted(tuple(sorted(target.items())) for target in targets)
            for arn, targets in content["target_groups"].items()
        }
        return Snapshot(str(content["taken"]), groups)
    except (KeyError, AttributeError, TypeError):
        raise InputError(f"{source} is no whole snapshot: take it again") from None
