"""The JSON result of a rehearsal: stable keys, one schema name."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from albpatch.report.bound import FORMULA, Bound
from albpatch.report.model import Comparison, Group, Machine, Night, Report, Row

SCHEMA = "alb-patching/rehearsal/1"


def result(report: Report) -> dict[str, Any]:
    """The report as JSON values. Times are seconds from the start of a night, in the region's time."""
    made = {
        "schema": SCHEMA,
        "title": report.title,
        "words": report.words,
        "contract_held": report.held,
        "coarse": report.coarse,
        "facts": dict(report.facts),
        "nights": [_night(night) for night in report.nights],
    }
    if report.scenario is not None:
        made["scenario"] = _plain(report.scenario)
    return made if report.comparison is None else {**made, "comparison": _comparison(report.comparison)}


def text(report: Report) -> str:
    """The result as a JSON text that ends in a newline."""
    return json.dumps(result(report), indent=2, ensure_ascii=False) + "\n"


def _comparison(comparison: Comparison) -> dict[str, Any]:
    promises = [{"promise": name, **_by_night(comparison, held)} for name, held in comparison.contract]
    rows = [_row(comparison, row) for row in comparison.rows]
    made = {"nights": list(comparison.columns), "rows": rows, "contract": promises, "notes": list(comparison.notes)}
    made["ratios"] = [{**_plain(ratio), "reached": ratio.reached} for ratio in comparison.ratios]
    return made if comparison.bound is None else {**made, "bound": _bound(comparison.bound)}


def _bound(bound: Bound) -> dict[str, Any]:
    """The least time with all its parts, and how they make it up."""
    windows = [
        {
            "name": window.name,
            "seconds": _number(window.seconds),
            "fleets": [{**_plain(fleet), "seconds": _number(fleet.seconds)} for fleet in window.fleets],
        }
        for window in bound.windows
    ]
    return {
        "seconds": _number(bound.seconds),
        "formula": FORMULA,
        "windows_at_once": bound.windows_at_once,
        "settings": bound.settings,
        "windows": windows,
    }


def _row(comparison: Comparison, row: Row) -> dict[str, Any]:
    return {"name": row.name, "best": list(row.best), **_by_night(comparison, [_plain(cell) for cell in row.cells])}


def _by_night(comparison: Comparison, values: Sequence[Any]) -> dict[str, Any]:
    return {"by_night": dict(zip(comparison.columns, values, strict=True))}


def _night(night: Night) -> dict[str, Any]:
    return {
        "title": night.title,
        "words": night.words,
        "status": night.status,
        "seconds": _number(night.seconds),
        "requests": {"sent": _number(night.sent), "lost": _number(night.lost)},
        "machines": [_machine(machine) for machine in night.machines],
        "target_groups": [_group(group) for group in night.groups],
        "contract": [_plain(promise) for promise in night.promises],
        "acts": [{"at": _number(at), "what": what} for at, what in night.acts],
        "notes": list(night.notes),
    }


def _machine(machine: Machine) -> dict[str, Any]:
    return {**_plain(machine), "out_seconds": _number(machine.out_seconds)}


def _group(group: Group) -> dict[str, Any]:
    made = {**_plain(group), "lowest": group.lowest}
    made["capacity"] = [{"at": _number(at), "healthy": healthy} for at, healthy in group.capacity]
    made["routing"] = [{"at": _number(at), "targets": n, "not_serving": down} for at, n, down in group.routing]
    return made


def _plain(value: Any) -> Any:
    """Dataclasses, enums and tuples as JSON values, numbers rounded to milliseconds."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    if isinstance(value, Mapping):
        return {key: _plain(v) for key, v in value.items()}
    return _number(value) if isinstance(value, float) else value


def _number(value: float) -> float:
    return round(value, 3)
