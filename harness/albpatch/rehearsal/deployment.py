"""What the rehearsal reads of a configuration: its deployment records, and the target groups it names."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from albpatch.rehearsal.world import Budget, World

RECORD_SCHEMA = "alb-patching/deployment/"
_TARGET_GROUP = re.compile(r"targetgroup/([A-Za-z0-9-]+)/[0-9a-f]+")


def retarget(plan: Mapping[str, Any], world: World) -> dict[str, Any]:
    """The plan with the ARNs of the target groups that exist in this region, found by name."""

    def here(found: re.Match[str]) -> str:
        arn = world.groups.get(found[1])
        return found[0] if arn is None else f"targetgroup/{arn.partition(':targetgroup/')[2]}"

    made: dict[str, Any] = json.loads(_TARGET_GROUP.sub(here, json.dumps(plan)))
    return made


def budgets(plan: Mapping[str, Any]) -> dict[str, Budget]:
    """The disruption budget of every target group, from the plan's deployment records."""
    found: dict[str, Budget] = {}
    for record in records(plan):
        for fleet in record["fleets"].values():
            given = fleet.get("disruption_budget") or {}
            for arn in fleet["target_group_arns"]:
                found[arn] = Budget(
                    given.get("min_healthy", 1), given.get("min_healthy_percent", 50), given.get("max_unavailable", 1)
                )
    return found


def records(value: Any) -> list[dict[str, Any]]:
    """Every deployment record inside a plan's planned values."""
    if isinstance(value, Mapping):
        if str(value.get("schema", "")).startswith(RECORD_SCHEMA):
            return [dict(value)]
        inner: Any = value.get("planned_values", value).values()
    elif isinstance(value, list):
        inner = value
    else:
        return []
    return [record for each in inner for record in records(each)]
